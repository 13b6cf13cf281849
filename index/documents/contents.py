"""Recognise contents lists: lines that only name other places, such as a table of contents.

Such a list has the words of every section and the content of none, so it ranks high for many
questions and answers none of them.
"""

from collections.abc import Sequence

import regex

from index.types import Document, Span, heading_key

_LEAST_ENTRIES = 4
_MOSTLY = 0.8
_BULLET = regex.compile(r"[\s>*+•–-]*(?:\(?(?:\d+(?:\.\d+)*|[A-Za-z])[.)]?\s+)?")
_PAGE = regex.compile(
    r"\S.*?(?:\s*(?:[.·…_]\s?){3,}|\s*…\s*|\t+|\s{3,})(?:\d{1,4}|[ivxlcIVXLC]{1,7})\s*$"
)
_LINK = regex.compile(
    r"[*_`]*\[[^\[\]]+\](?:\([^()\s]*(?:\s+\"[^\"]*\")?\)|\[[^\[\]]*\])[*_`.,;]*\s*$"
)
_ROMAN = frozenset("ivxlcIVXLC")
_TITLE = regex.compile(r"\W*(?:table of )?contents\W*$|\W*on this page\W*$", regex.I)


def is_contents_list(document: Document, lines: Sequence[Span]) -> bool:
    """Return whether nearly all lines are links, or titles with a page number, or whether all are
    headings of the document.

    lines: of the document's text
    """
    if len(lines) < _LEAST_ENTRIES:
        return False
    texts = [line.of(document.text) for line in lines]
    others = [text for text in texts if not _names_place(text)]
    if len(others) > 2 + (1 - _MOSTLY) * len(texts) and not (
        _TITLE.match(others[-1]) or _is_heading(document, others[-1])
    ):
        return False  # prose, as most passages
    entries = [text for text in texts if not _TITLE.match(text)]
    others = [text for text in others if not _TITLE.match(text)]
    if len(entries) - len(others) >= _MOSTLY * len(entries):
        return True
    return all(_is_heading(document, text) for text in others)


def _names_place(line: str) -> bool:
    end = line.rstrip()[-1:]
    if "](" not in line and "][" not in line and not end.isdigit() and end not in _ROMAN:
        return False  # what the patterns need; a search asks this of a hundred lines
    bullet = _BULLET.match(line)
    text = line[bullet.end() :] if bullet else line
    return _LINK.match(text) is not None or ("\n" not in text and _PAGE.match(text) is not None)


def _is_heading(document: Document, line: str) -> bool:
    return heading_key(line) in document.heading_keys
