"""The encoding of bytes that nothing tells: a guess.

It is chardet's, with what is odd in a reading to decide between those that it holds for alike.
It is sure only if the encoding is a usual one and no other reading comes near; `python -m
eval.studies.encodings` measures how often a guess is right, and how often it is wrong and taken for
sure.
"""

from dataclasses import dataclass, replace

import regex

from index.errors import UnreadableDocument

_SAMPLE = 256 * 1024
"""Bytes that a guess is made from."""

_USUAL = """
    cp1252 cp1250 cp1251 cp1253 cp1254 cp1255 cp1256 cp1257 cp1258 iso8859-1 iso8859-15 iso8859-2
    iso8859-5 iso8859-6 iso8859-7 iso8859-8 iso8859-9 iso8859-13 iso8859-16 koi8-r koi8-u cp866
    cp850 cp852 cp437 mac-roman mac-cyrillic tis-620 cp874 cp932 euc_jis_2004
    iso2022_jp_2 iso2022_jp_ext gb18030 big5hkscs euc_kr cp949
""".split()
"""Encodings that text files are found in; of readings that fit alike, the first one is taken."""

_NEAR = 0.995
"""Among the readings with this share of the best one's confidence, the least odd is taken."""

_DOUBT = 0.98
"""A reading whose confidence is this share of the best one's leaves it unsure which is right."""

_NOT_FAR = 0.8
"""And so does one of this share in which less is odd."""

_ASCII = bytes(range(0x80))

_LEAST_CONFIDENCE = 0.12
"""Below it a guess outside Western Europe is not sure; English with a few signs is far below."""

_LEAST_HIGH, _LEAST_KINDS, _PER_ODD = 6, 2, 50
"""Bytes over 127, different ones among them (three times as many outside Western Europe), and bytes
for each thing that is odd, without which no guess is sure."""

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
"""What a wrong reading shows: controls, a symbol or a capital within a word, mixed scripts."""


@dataclass(frozen=True, slots=True)
class _Reading:
    """What a sample reads as in an encoding, and how many things in that are odd."""

    encoding: str
    confidence: float
    text: str
    n_odd: int

    @property
    def rank(self) -> int:
        return _USUAL.index(self.encoding) if self.encoding in _USUAL else len(_USUAL)

    def may_be(self, other: "_Reading") -> bool:
        """Whether the other, a different text, may be the right one instead of this."""
        if self.text == other.text:
            return False
        if other.n_odd < self.n_odd:
            return other.confidence >= _NOT_FAR * self.confidence
        return other.confidence >= _DOUBT * self.confidence and other.n_odd < self.n_odd + 2


def guess(content: bytes) -> tuple[str, bool]:
    """Python's name of the encoding that fits bytes best, and whether it is sure.

    Raises UnreadableDocument if none fits.
    """
    sample = _sample(content)
    readings = _readings(sample)
    if not readings:
        raise UnreadableDocument(
            "binary, or in an encoding that could not be determined; name it with --encoding",
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
    """Whether there are enough bytes over 127, and of several kinds, to be sure of a reading."""
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
    """Whether all that is not ASCII is one sign of Western Europe's, as a pound."""
    kinds = _kinds(sample)
    return len(kinds) == 1 and not bytes(kinds).decode("cp1252", "replace").isalpha()


def _kinds(sample: bytes) -> set[int]:
    """The different bytes over 127."""
    return set(sample) - set(_ASCII)


def _plainest(readings: list[_Reading], best: _Reading) -> _Reading:
    """With too little to see, Western Europe's encoding where it reads as well as any."""
    western = [each for each in readings if each.encoding == "cp1252"]
    return western[0] if western and western[0].n_odd <= best.n_odd else best


def _readings(sample: bytes) -> list[_Reading]:
    """What the sample may be, the likeliest first."""
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
    """chardet's confidence in each encoding, the likeliest first."""
    from chardet import EncodingEra, detect_all

    guesses = detect_all(
        b"\n" + sample,  # which hides a beginning that looks like a picture's, as `BM` does
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
    """chardet's confidence in the same text without capitals, if they are all that it has: it
    knows languages by their small letters, and Cyrillic capitals of one encoding are small letters
    of another."""
    if encoding not in _USUAL or not text.isupper():
        return 0.0
    try:
        return _confidences(text.lower().encode(encoding)).get(encoding, 0.0)
    except UnicodeEncodeError:
        return 0.0


def _unlikely(encoding: str, language: str | None) -> bool:
    """ISO-8859-16 was made for Romanian; Shift JIS 2004 is hardly found, and is near to cp932."""
    return encoding == "shift_jis_2004" or (encoding == "iso8859-16" and language != "ro")


def _sample(content: bytes) -> bytes:
    """The first lines that show the encoding: ASCII says nothing, and half a character misleads."""
    lines = b"\n".join(line for line in content.splitlines() if not line.isascii())
    end = lines.rfind(b"\n", 0, _SAMPLE) if len(lines) > _SAMPLE else len(lines)
    return lines[: end if end > 0 else _SAMPLE]
