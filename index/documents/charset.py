"""Bytes to text: UTF-8 where the bytes are that in the main; else the encoding that a mark, the
NULs or the user tell; else a guess, which index.documents.guess_encoding makes."""

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
"""Bytes in which the NULs are counted."""

_PER_BAD_BYTE = 4
"""Text is UTF-8 with errors if it has this many characters of several bytes for a bad byte."""

_MOST_BAD = 0.01
"""Share of bad bytes up to which a file is read in an encoding that a user or a mark names."""

_LEAST_WIDE, _FULL, _ASCII_NULS = 3, 0.9, 0.4
"""Characters without which UTF-16 is not sure; the share of NULs in a byte that is always one, up
to a few emoji; and the least share in ASCII as UTF-16."""

_NOT_TEXT = regex.compile(r"[\p{Cc}\p{Cn}\p{Co}--[\t\n\r\f\v\x1b]]", regex.VERSION1)


@dataclass(frozen=True, slots=True)
class Decoded:
    """A text with its encoding by Python's name.

    sure:   False for a guess that another encoding might have been instead
    n_bad:  bytes that are not valid in the encoding and became U+FFFD, the first in `bad_line`
    """

    text: str
    encoding: str
    sure: bool = True
    n_bad: int = 0
    bad_line: int = 0

    @property
    def warning(self) -> str | None:
        """What a person should look at, or None."""
        name = display_name(self.encoding)
        if self.n_bad:
            what = "byte is" if self.n_bad == 1 else "bytes are"
            return (
                f"read as {name}, but {self.n_bad:,} {what} not valid in it, "
                f"first in line {self.bad_line:,}; shown as \ufffd"
            )
        return (
            None
            if self.sure
            else f"read as {name}, not sure; if it is another, name it with --encoding"
        )


def display_name(encoding: str) -> str:
    """An encoding as people write it: `iso-8859-7`, not `iso8859-7`."""
    return encoding.replace("iso8859", "iso-8859").replace("utf-8-sig", "utf-8")


def known_encoding(name: str) -> str:
    """Python's name of a text encoding. Raises BadInput for any other name."""
    try:
        codec = codecs.lookup(name)
        "a".encode(codec.name)  # a LookupError for what is not text, as base64
        return codec.name
    except (LookupError, UnicodeError, ValueError):
        raise BadInput(
            f"no text encoding is named {name!r}; name one as utf-8, cp1252, iso-8859-7, shift_jis"
        ) from None


def decoded(content: bytes, encoding: str | None = None, fallback: str | None = None) -> Decoded:
    """The text of these bytes, without a byte-order mark, line ends as they are.

    encoding: the one to use whatever the bytes say
    fallback: the one to use instead of a guess

    Raises UnreadableDocument if they are not text, or no encoding fits.
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
    """Whether bytes are UTF-8 in the main, or all of it but for a character cut at either end."""
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
    """The line that follows these bytes, counted from 1."""
    return len((before + b".").splitlines())


# Encodings that are named, or show themselves


def _named(content: bytes, encoding: str) -> Decoded:
    """The text in this encoding, which the file's mark or the user names."""
    try:
        return Decoded(content.decode(encoding), encoding)
    except UnicodeDecodeError as error:
        line = _line_of(content[: error.start].decode(encoding, "replace").encode())
    text = content.decode(encoding, "replace")
    n_bad = text.count("\ufffd")
    if n_bad > max(1, len(text) * _MOST_BAD) or len(text) < 3:
        name = display_name(encoding)
        raise UnreadableDocument(
            f"binary, or not {name}: line {line:,} is not valid in it", "encoding"
        )
    return Decoded(text, encoding, n_bad=n_bad, bad_line=line)


def _wide(content: bytes) -> Decoded:
    """Bytes with NULs: UTF-16 or UTF-32 without a mark, if the NULs lie as they do there."""
    for encoding in _wide_encodings(content[:_SAMPLE]):
        try:
            found = _named(content, encoding)
        except UnreadableDocument:
            continue
        if not _NOT_TEXT.search(found.text):
            return replace(found, sure=len(found.text) > _LEAST_WIDE)
    raise UnreadableDocument("binary, not text", "binary")


def _wide_encodings(sample: bytes) -> Iterator[str]:
    """By where most NULs are: in the first or the second byte of two, or in the first or the last
    two of four."""
    at = [sample[i::4].count(0) / max(1, len(sample) // 4) for i in range(4)]
    if min(at[0], at[1]) > _FULL or min(at[2], at[3]) > _FULL:
        yield "utf-32-be" if at[0] > at[3] else "utf-32-le"
    if sum(at) / 4 < _ASCII_NULS and _is_plain_utf8(sample.replace(b"\0", b"")):
        return  # text with a few NULs in it: were it UTF-16, half of ASCII's bytes would be NULs
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
    """Text in ISO-2022: ASCII with sequences that switch to another set and back."""
    for mark, encoding in ((b"\x1b$)C", "iso2022_kr"), (b"\x1b$", "iso2022_jp_2")):
        if mark in content:
            try:
                text = content.decode(encoding)
            except UnicodeDecodeError:
                continue
            return None if text.isascii() else Decoded(text, encoding)
    return None
