"""Quotations in mails: what an earlier message said, which is no answer.

The earlier message is often in the index too, with its own sender and date, and its reply may
correct it.
"""

import regex

from index.documents.formats import MAIL, MAILBOX
from index.types import Document, Span

_QUOTED_LINE = regex.compile(r"^ *> ", regex.MULTILINE)
"""The mark that index.documents.markup_text writes; own lines with `>` have a backslash before."""


def is_quoted(document: Document, offset: int) -> bool:
    """Return whether the line at an offset is in a quotation of a mail."""
    if document.media_type not in (MAIL, MAILBOX):
        return False
    line = document.text.rfind("\n", 0, offset) + 1
    return _QUOTED_LINE.match(document.text, line) is not None


def before_quotation(document: Document, span: Span) -> Span | None:
    """Return the part of a span before the first quotation of a mail; None if it begins in one."""
    if document.media_type not in (MAIL, MAILBOX):
        return span
    if is_quoted(document, span.start):
        return None
    quoted = _QUOTED_LINE.search(document.text, span.start, span.end)
    if quoted is None:
        return span
    return Span(span.start, span.start + len(document.text[span.start : quoted.start()].rstrip()))
