"""A fake format with pages: it has everything that binary formats have, without a library.

A file is `PAGED`, a line end, and UTF-8 text with a form feed between two pages. A line that begins
with `= ` is a heading, without that mark; a blank line ends a paragraph.
"""

from itertools import accumulate

import regex

from index.documents.blocks import Blocks
from index.documents.formats import Format
from index.documents.loader import Content, LoadOptions
from index.errors import UnreadableDocument
from index.types import Document, Heading, Span

PAGED = Format("paged text", "text/x-paged", (".paged",), "paged_format:PagedLoader")

_MAGIC = b"PAGED\n"
_GAP = "\n\n"


class PagedLoader:
    """It counts the files that it loaded, and the calls of `blocks`."""

    n_loaded = 0
    n_asked_for_blocks = 0

    def load(self, content: bytes, options: LoadOptions) -> Content:
        PagedLoader.n_loaded += 1
        if not content.strip():
            raise UnreadableDocument("empty", "empty")
        try:
            raw = content.removeprefix(_MAGIC).decode(options.encoding or "utf-8")
        except UnicodeDecodeError:
            raise UnreadableDocument("not UTF-8", "encoding") from None
        if not content.startswith(_MAGIC) or "\0" in raw:
            raise UnreadableDocument("not paged text", "binary")
        return _content([_lines_joined(page) for page in raw.split("\f")])

    def blocks(self, document: Document) -> Blocks:
        PagedLoader.n_asked_for_blocks += 1
        return _blocks(document.text, document.headings)


def _lines_joined(page: str) -> str:
    page = page.replace("\r\n", "\n").replace("\r", "\n").replace("\ufeff", "")
    return _GAP.join(" ".join(part.split()) for part in page.split(_GAP))


def _content(marked: list[str]) -> Content:
    pages = [regex.sub(r"(?m)^= ?", "", page) for page in marked]
    starts = [0, *accumulate(len(page) + len(_GAP) for page in pages[:-1])]
    text = _GAP.join(pages)
    if not text.strip():
        raise UnreadableDocument("empty", "empty")
    headings = []
    for start, page in zip(starts, marked, strict=True):
        n_marks = 0
        for match in regex.finditer(r"(?m)^(= ?)(.*)$", page):
            n_marks += len(match.group(1))
            if match.group(2).strip():
                first = start + match.start(2) - n_marks
                span = Span(first, first + len(match.group(2)))
                headings.append(Heading(span, 1, span.of(text)))
    blocks = _blocks(text, tuple(headings))
    title = headings[0].text if headings else None
    return Content(
        text, blocks, tuple(headings), title, tuple(starts), metadata={"format": "paged"}
    )


def _blocks(text: str, headings: tuple[Heading, ...]) -> Blocks:
    starts = {heading.span.start for heading in headings}
    blocks = Blocks(text)
    for match in regex.finditer(r"\S.*", text):
        if match.start() in starts:
            blocks.add(match.start(), match.end(), "heading", 1)
        else:
            blocks.add(match.start(), match.end(), "paragraph")
    return blocks
