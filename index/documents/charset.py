"""Decode bytes to text.

The encoding is the user's, else that of a byte-order mark, else UTF-16 or UTF-32 if the positions
of NULs show it, else UTF-8 if at most a few bytes are not valid in it, else the user's fallback,
else a guess by index.documents.guess_encoding.
"""

import codecs
from collections.abc import Iterator
from dataclasses import dataclass, replace

import regex

from index.documents.guess_encoding import guess
from index.errors import BadInput, UnreadableDocument

_BYTE_ORDER_MARKS = (
    (b"\xef\xbb\xbf", "utf-8-sig"),
    (b"\xff\xfe\x00\x00", "utf-32"),
    (b"\x00\x00\xfe\xff", "utf-32"),
    (b"\xff\xfe", "utf-16"),
    (b"\xfe\xff", "utf-16"),
)
_SAMPLE = 256 * 1024
"""NULs are counted in the first so many bytes."""

_PER_BAD_BYTE = 4
"""Text with errors counts as UTF-8 if it has this many multi-byte characters per bad byte."""

_MOST_BAD = 0.01
"""Largest share of bad bytes for reading a file in the encoding that a user or a mark names."""

_LEAST_WIDE, _FULL, _ASCII_NULS = 3, 0.9, 0.4
"""UTF-16 without a mark is sure only with more than _LEAST_WIDE characters. _FULL: least share of
NULs at a byte position that is NUL except for a few emoji. _ASCII_NULS: least share of NULs in
ASCII text as UTF-16."""

_NOT_TEXT = regex.compile(r"[\p{Cc}\p{Cn}\p{Co}--[\t\n\r\f\v\x1b]]", regex.VERSION1)


@dataclass(frozen=True, slots=True)
class Decoded:
    """A text and Python's name of its encoding.

    sure:     False for a guess, if another encoding is also likely
    n_bad:    number of bytes that are not valid in the encoding and became U+FFFD
    bad_line: line of the first of them, counted from 1; 0 if there is none
    """

    text: str
    encoding: str
    sure: bool = True
    n_bad: int = 0
    bad_line: int = 0

    @property
    def warning(self) -> str | None:
        """Return what a user should check, or None."""
        name = display_name(self.encoding)
        if self.n_bad:
            what = "byte is" if self.n_bad == 1 else "bytes are"
            return (
                f"read as {name}, but {self.n_bad:,} {what} invalid and replaced by \ufffd; "
                f"the first is in line {self.bad_line:,}"
            )
        return (
            None
            if self.sure
            else f"read as {name}, but this is uncertain; if it is wrong, set --encoding"
        )


def display_name(encoding: str) -> str:
    """Return the common spelling of an encoding: `iso-8859-7`, not `iso8859-7`."""
    return encoding.replace("iso8859", "iso-8859").replace("utf-8-sig", "utf-8")


def known_encoding(name: str) -> str:
    """Return Python's name of a text encoding. Raises BadInput for any other name."""
    try:
        codec = codecs.lookup(name)
        "a".encode(codec.name)  # LookupError if it is no text encoding (base64)
        return codec.name
    except (LookupError, UnicodeError, ValueError):
        raise BadInput(
            f"unknown text encoding {name!r}; choose one such as utf-8, cp1252 or shift_jis"
        ) from None


def decoded(content: bytes, encoding: str | None = None, fallback: str | None = None) -> Decoded:
    """Return the text of these bytes, without a byte-order mark. Line ends stay unchanged.

    encoding: overrides every other sign of the encoding
    fallback: replaces the guess

    Raises UnreadableDocument if the bytes are not text, or no encoding fits.
    """
    if encoding is not None:
        return _named(content, encoding)
    for mark, name in _BYTE_ORDER_MARKS:
        if content.startswith(mark):
            return _utf8(content[3:]) if name == "utf-8-sig" else _named(content, name)
    if content.isascii() and b"\0" not in content:
        return _escaped(content) or Decoded(content.decode("ascii"), "utf-8")
    if b"\0" in content:
        return _wide(content)
    utf8 = _utf8(content)
    if _is_utf8(utf8, content):
        return utf8
    if fallback:
        return _named(content, fallback)
    name, sure = guess(content)
    try:
        return Decoded(content.decode(name), name, sure)
    except UnicodeDecodeError:  # the guess was made from a sample
        return replace(_named(content, name), sure=False)


# UTF-8, with or without a few bad bytes


def _utf8(content: bytes) -> Decoded:
    try:
        return Decoded(content.decode("utf-8"), "utf-8")
    except UnicodeDecodeError as error:
        line = _line_of(content[: error.start])
    n_bad = len(regex.findall(r"[\udc80-\udcff]", content.decode("utf-8", "surrogateescape")))
    return Decoded(content.decode("utf-8", "replace"), "utf-8", n_bad=n_bad, bad_line=line)


def _is_utf8(utf8: Decoded, content: bytes) -> bool:
    """Return whether bytes are UTF-8, except for a few bad bytes or a character cut at an end."""
    n_replaced = utf8.text.count("\ufffd")
    n_wide = sum(not character.isascii() for character in utf8.text) - n_replaced
    if n_wide >= _PER_BAD_BYTE * utf8.n_bad:
        return True
    decoder = codecs.getincrementaldecoder("utf-8")()
    try:
        decoder.decode(content.lstrip(bytes(range(0x80, 0xC0))))
    except UnicodeDecodeError:
        return False
    return n_wide > 0 or len(decoder.getstate()[0]) > 1


def _line_of(before: bytes) -> int:
    """Return the number of the line that follows these bytes, counted from 1."""
    return len((before + b".").splitlines())


# Encodings named by a mark or the user, and encodings visible in the bytes


def _named(content: bytes, encoding: str) -> Decoded:
    """Decode the bytes in an encoding that the file's mark or the user names.

    Raises UnreadableDocument if more than one character and more than _MOST_BAD are not valid.
    """
    try:
        return Decoded(content.decode(encoding), encoding)
    except UnicodeDecodeError as error:
        line = _line_of(content[: error.start].decode(encoding, "replace").encode())
    text = content.decode(encoding, "replace")
    n_bad = text.count("\ufffd")
    if n_bad > max(1, len(text) * _MOST_BAD) or len(text) < 3:
        name = display_name(encoding)
        raise UnreadableDocument(f"binary, or not {name}: line {line:,} is invalid", "encoding")
    return Decoded(text, encoding, n_bad=n_bad, bad_line=line)


def _wide(content: bytes) -> Decoded:
    """Decode bytes with NULs as UTF-16 or UTF-32 without a mark, if the positions of the NULs fit.

    Raises UnreadableDocument otherwise: the file is binary.
    """
    for encoding in _wide_encodings(content[:_SAMPLE]):
        try:
            found = _named(content, encoding)
        except UnreadableDocument:
            continue
        if not _NOT_TEXT.search(found.text):
            return replace(found, sure=len(found.text) > _LEAST_WIDE)
    raise UnreadableDocument("binary, not text", "binary")


def _wide_encodings(sample: bytes) -> Iterator[str]:
    """Yield the encodings that fit the positions of most NULs.

    UTF-16 has them in the first or the second byte of two, UTF-32 in the first or the last two
    bytes of four.
    """
    at = [sample[i::4].count(0) / max(1, len(sample) // 4) for i in range(4)]
    if min(at[0], at[1]) > _FULL or min(at[2], at[3]) > _FULL:
        yield "utf-32-be" if at[0] > at[3] else "utf-32-le"
    if sum(at) / 4 < _ASCII_NULS and _is_plain_utf8(sample.replace(b"\0", b"")):
        return  # UTF-8 text with a few NULs; ASCII as UTF-16 has 50 % NULs
    first, second = at[0] + at[2], at[1] + at[3]
    if max(first, second) > 8 * min(first, second):
        yield "utf-16-be" if first > second else "utf-16-le"


def _is_plain_utf8(sample: bytes) -> bool:
    try:
        text = codecs.getincrementaldecoder("utf-8")().decode(sample)
    except UnicodeDecodeError:
        return False
    return not _NOT_TEXT.search(text)


def _escaped(content: bytes) -> Decoded | None:
    """Decode ISO-2022 (ASCII with sequences that switch the character set); None if it is not."""
    for mark, encoding in ((b"\x1b$)C", "iso2022_kr"), (b"\x1b$", "iso2022_jp_2")):
        if mark in content:
            try:
                text = content.decode(encoding)
            except UnicodeDecodeError:
                continue
            return None if text.isascii() else Decoded(text, encoding)
    return None
