"""Split a mailbox into its messages."""

import re

from index.errors import UnreadableDocument

_SEPARATOR = re.compile(rb"^From (?=[^\n]{0,200}?\d:\d\d)[^\n]*\n(?=[!-9;-~]+:)", re.MULTILINE)
"""A line with a sender and a time, before a header. Other lines that begin with `From ` are text:
not every program writes `>` before them."""

_ESCAPED = re.compile(rb"^>(?=>*From )", re.MULTILINE)


def messages_in(content: bytes) -> list[bytes]:
    """Return the bytes of each message, in order, without `>` before its lines with `From `.

    Raises UnreadableDocument (`damaged`) if the mailbox does not begin with such a line.
    """
    content = content.removeprefix(b"\xef\xbb\xbf").lstrip()
    content = content.replace(b"\r\n", b"\n")
    starts = list(_SEPARATOR.finditer(content))
    if not starts or starts[0].start():
        raise UnreadableDocument("not a mailbox: no line `From …` before a message", "damaged")
    ends = [each.start() for each in starts[1:]] + [len(content)]
    return [
        _ESCAPED.sub(b"", content[start.end() : end])
        for start, end in zip(starts, ends, strict=True)
    ]
