"""The headers of a mail as text.

The headers are decoded here and not by `email.policy.default`, whose parser of addresses raises
errors of many types and takes long for long headers.
"""

from datetime import datetime
from email.errors import HeaderParseError
from email.header import decode_header
from email.message import Message
from email.utils import parseaddr, parsedate_to_datetime

from index.documents.markup_text import one_line

MAX_HEADER = 1 << 16
"""In characters. The rest of a longer header is left out."""

_UNSAFE = frozenset({"idna", "punycode", "unicode_escape", "raw_unicode_escape", "undefined"})

_KNOWN = ("from", "to", "cc", "subject", "date", "message-id", "received", "mime-version")


def is_mail(message: Message) -> bool:
    """Return whether a parsed message has one of the headers that mails have."""
    return any(name in message for name in _KNOWN)


def header(message: Message, name: str) -> str:
    """Return a header's text, decoded, on one line; "" if there is none."""
    return decoded_header(_raw(message, name))


def sender(message: Message) -> str:
    """Return the name of the author, or else the address; "" if there is none."""
    try:
        name, address = parseaddr(_raw(message, "from"))
    except (ValueError, IndexError, RecursionError):
        return ""
    return decoded_header(name) or decoded_header(address)


def date(message: Message) -> str:
    """Return the date in ISO 8601; "" if there is none that is valid."""
    try:
        found: datetime = parsedate_to_datetime(_raw(message, "date"))
        return found.isoformat()
    except (ValueError, TypeError, IndexError, OverflowError):
        return ""


def message_id(message: Message) -> str:
    return header(message, "message-id").strip("<> ")


def filename(part: Message) -> str:
    """Return the file name of a part, without folders; "" if it has none."""
    try:
        name = decoded_header(_readable(part.get_filename("")))
    except (ValueError, TypeError, LookupError):
        return ""
    return name.replace("\\", "/").rpartition("/")[2]


def decoded_header(raw: str) -> str:
    """Return a header's text with its encoded words decoded, on one line."""
    try:
        words = decode_header(raw)
    except (HeaderParseError, ValueError):
        return one_line(raw)
    return one_line("".join(_decoded_word(word, charset) for word, charset in words))


def _decoded_word(word: bytes | str, charset: str | None) -> str:
    if isinstance(word, str):
        return word
    if charset is None:  # decode_header encodes text between encoded words so
        return word.decode("raw-unicode-escape", "replace")
    return decoded_as(word, charset) or word.decode("utf-8", "replace")


def decoded_as(content: bytes, charset: str | None) -> str | None:
    """Return the text of bytes in a charset; None if they or the charset are not valid."""
    if charset is None or charset.lower().replace("-", "_") in _UNSAFE:
        return None
    try:
        return content.decode(charset)
    except (LookupError, ValueError):
        return None


def _raw(message: Message, name: str) -> str:
    values = (value for key, value in message.raw_items() if key.lower() == name)
    return _readable(next(values, ""))


def _readable(value: object) -> str:
    """Return a header with its bytes outside ASCII decoded; the parser keeps them as surrogates."""
    content = str(value)[:MAX_HEADER].encode("utf-8", "surrogateescape")
    return decoded_as(content, "utf-8") or content.decode("cp1252", "replace")
