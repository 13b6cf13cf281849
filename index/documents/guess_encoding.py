"""Guess the encoding of bytes.

chardet gives a confidence for each encoding. A reading is the text of the bytes in one encoding.
Among readings of about equal confidence, the one with the fewest odd characters wins. A guess is
sure only if the encoding is a common one and no other reading is close. `python -m
eval.studies.encodings` measures how often a guess is right, and how often a sure guess is wrong.
"""

from dataclasses import dataclass, replace

import regex

from index.errors import UnreadableDocument

_SAMPLE = 256 * 1024
"""A guess uses at most this many bytes."""

_USUAL = """
    cp1252 cp1250 cp1251 cp1253 cp1254 cp1255 cp1256 cp1257 cp1258 iso8859-1 iso8859-15 iso8859-2
    iso8859-5 iso8859-6 iso8859-7 iso8859-8 iso8859-9 iso8859-13 iso8859-16 koi8-r koi8-u cp866
    cp850 cp852 cp437 mac-roman mac-cyrillic tis-620 cp874 cp932 euc_jis_2004
    iso2022_jp_2 iso2022_jp_ext gb18030 big5hkscs euc_kr cp949
""".split()
"""Common encodings of text files. Among readings that fit equally well, the first one wins."""

_NEAR = 0.995
"""Readings with this share of the best confidence compete: the fewest odd characters win."""

_DOUBT = 0.98
"""A guess is not sure if another reading has this share of its confidence,"""

_NOT_FAR = 0.8
"""or this share of its confidence and fewer odd characters."""

_ASCII = bytes(range(0x80))

_LEAST_CONFIDENCE = 0.12
"""Below it, a guess of a non-Western encoding is not sure; English with few signs is far below."""

_LEAST_HIGH, _LEAST_KINDS, _PER_ODD = 6, 2, 50
"""A sure guess needs at least so many bytes over 127, so many different ones (three times as many
for a non-Western encoding), and so many bytes over 127 per odd character."""

_WESTERN = ("cp1252", "iso8859-1", "iso8859-15")

_LETTER = r"[\p{L}--[\p{Han}\p{Hiragana}\p{Katakana}\p{Hangul}]]"
_ALPHABET = r"[\p{Cyrillic}\p{Greek}\p{Hebrew}\p{Arabic}]"
_ODD = regex.compile(
    r"[\p{Cc}\p{Cn}\p{Co}--[\t\n\r\f\v]]"
    rf"|(?<={_LETTER}\p{{M}}*)[[\p{{S}}\p{{No}}\p{{P}}--[\x00-\x7f’‘‑–—·…]]](?={_LETTER})"
    rf"|[[\p{{S}}¶µ--[\x00-\x7f°©®™]]](?={_LETTER})|(?<=\p{{L}})[¶µ]"
    r"|(?<=\p{Ll}\p{M}*)[[\p{Lu}--[A-Z]]]"
    rf"|(?<=[a-zA-Z]){_ALPHABET}|{_ALPHABET}(?=[a-zA-Z])",
    regex.VERSION1,
)
"""Signs of a wrong reading: controls, a symbol or a capital within a word, mixed scripts."""


@dataclass(frozen=True, slots=True)
class _Reading:
    """The text of a sample in one encoding, and the number of odd characters in it."""

    encoding: str
    confidence: float
    text: str
    n_odd: int

    @property
    def rank(self) -> int:
        return _USUAL.index(self.encoding) if self.encoding in _USUAL else len(_USUAL)

    def may_be(self, other: "_Reading") -> bool:
        """Return whether the other reading has a different text and is also likely."""
        if self.text == other.text:
            return False
        if other.n_odd < self.n_odd:
            return other.confidence >= _NOT_FAR * self.confidence
        return other.confidence >= _DOUBT * self.confidence and other.n_odd < self.n_odd + 2


def guess(content: bytes) -> tuple[str, bool]:
    """Return Python's name of the encoding that fits the bytes best, and whether it is sure.

    Raises UnreadableDocument if none fits.
    """
    sample = _sample(content)
    readings = _readings(sample)
    if not readings:
        raise UnreadableDocument(
            "binary, or in an unknown encoding; if it is text, set --encoding",
            "encoding",
        )
    near = [each for each in readings if each.confidence >= _NEAR * readings[0].confidence]
    best = min(near, key=lambda each: (each.n_odd, each.rank))
    if best.rank == len(_USUAL) or _is_one_sign(sample):
        best = _plainest(readings, best)
    same = min((each for each in readings if each.text == best.text), key=lambda each: each.rank)
    best = replace(best, encoding=same.encoding)
    sure = _shows_enough(sample, best) and not any(best.may_be(each) for each in readings)
    return best.encoding, sure


def _shows_enough(sample: bytes, best: _Reading) -> bool:
    """Return whether the sample has enough different bytes over 127 to be sure of a reading."""
    high = sample.translate(None, _ASCII)
    western = best.encoding in _WESTERN
    least_kinds = _LEAST_KINDS if western else 3 * _LEAST_KINDS
    return (
        best.rank < len(_USUAL)
        and (western or best.confidence >= _LEAST_CONFIDENCE)
        and len(high) >= max(_LEAST_HIGH, _PER_ODD * best.n_odd)
        and len(_kinds(sample)) >= least_kinds
    )


def _is_one_sign(sample: bytes) -> bool:
    """Return whether all non-ASCII bytes are the same Western sign, such as a pound sign."""
    kinds = _kinds(sample)
    return len(kinds) == 1 and not bytes(kinds).decode("cp1252", "replace").isalpha()


def _kinds(sample: bytes) -> set[int]:
    """Return the distinct bytes over 127."""
    return set(sample) - set(_ASCII)


def _plainest(readings: list[_Reading], best: _Reading) -> _Reading:
    """Return the cp1252 reading if it has no more odd characters than the best, else the best."""
    western = [each for each in readings if each.encoding == "cp1252"]
    return western[0] if western and western[0].n_odd <= best.n_odd else best


def _readings(sample: bytes) -> list[_Reading]:
    """Return the possible readings of the sample, the likeliest first."""
    readings = []
    for name, confidence in _confidences(sample).items():
        try:
            text = sample.decode(name)
        except (UnicodeDecodeError, LookupError):
            continue
        confidence = max(confidence, _confidence_in_small_letters(name, text))
        readings.append(_Reading(name, confidence, text, len(_ODD.findall(text))))
    return sorted(readings, key=lambda reading: -reading.confidence)


def _confidences(sample: bytes) -> dict[str, float]:
    """Return chardet's confidence in each encoding, the likeliest first."""
    from chardet import EncodingEra, detect_all

    guesses = detect_all(
        b"\n" + sample,  # without it, text that begins with `BM` looks like a picture
        ignore_threshold=True,
        encoding_era=EncodingEra.ALL & ~EncodingEra.MAINFRAME,
        compat_names=False,
        max_bytes=_SAMPLE,
    )
    return {
        guess["encoding"]: guess["confidence"]
        for guess in guesses
        if guess["encoding"]
        and not guess["encoding"].startswith("utf")
        and not _unlikely(guess["encoding"], guess["language"])
    }


def _confidence_in_small_letters(encoding: str, text: str) -> float:
    """Return chardet's confidence in the text in lower case if it is all capitals, else 0.

    chardet recognises languages by their small letters, and the Cyrillic capitals of one encoding
    are the small letters of another.
    """
    if encoding not in _USUAL or not text.isupper():
        return 0.0
    try:
        return _confidences(text.lower().encode(encoding)).get(encoding, 0.0)
    except UnicodeEncodeError:
        return 0.0


def _unlikely(encoding: str, language: str | None) -> bool:
    """Return whether an encoding is rare: Shift JIS 2004, or ISO-8859-16 if not in Romanian.

    Shift JIS 2004 is close to cp932. ISO-8859-16 is an encoding for Romanian.
    """
    return encoding == "shift_jis_2004" or (encoding == "iso8859-16" and language != "ro")


def _sample(content: bytes) -> bytes:
    """Return the first lines that are not ASCII: ASCII lines do not show the encoding.

    End at a line end, because half a character misleads chardet.
    """
    lines = b"\n".join(line for line in content.splitlines() if not line.isascii())
    end = lines.rfind(b"\n", 0, _SAMPLE) if len(lines) > _SAMPLE else len(lines)
    return lines[: end if end > 0 else _SAMPLE]
