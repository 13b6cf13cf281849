"""Prepare the content of one file to be a section of another's canonical text."""

from bisect import bisect_right
from itertools import accumulate

import regex

from index.documents.loader import Content
from index.documents.markdown import markdown_blocks
from index.documents.markup_text import MAX_HEADING_LEVEL, MarkupText, one_line
from index.places import Place
from index.types import Heading


def append(text: MarkupText, content: Content, *, below: int, within: str) -> None:
    """Append a content with Markdown's marks of blocks, and its places.

    below:  the level of the heading that the content's headings are below
    within: the label of the part that the content is; goes before the labels of its own parts

    Its pages become places of kind `page-label`. A Markdown text that ends within a block, such as
    code, is written as code: its end would otherwise be searched for in what follows.
    """
    lowered, shifts = _lowered(content, below)
    if not _is_closed(lowered):
        text.code(content.text)
        return
    places = [
        Place(shifts.moved(each.start), each.kind, _label(each, within), each.counts_lines)
        for each in [*_page_places(content), *content.places]
    ]
    text.append(lowered.rstrip(), places)
    for kind in sorted({place.kind for place in places} - {"part"}):
        text.end_places(kind)


def _label(place: Place, within: str) -> str:
    if place.kind != "part":
        return place.label
    return " / ".join(filter(None, [within, place.label]))


def _page_places(content: Content) -> list[Place]:
    labelled = {place.start for place in content.places if place.kind == "page-label"}
    return [
        Place(start, "page-label", str(number))
        for number, start in enumerate(content.pages, 1)
        if start not in labelled and start < len(content.text)
    ]


class _Shifts:
    """The offsets at which a text changed, and by how much."""

    def __init__(self, changes: list[tuple[int, int]]) -> None:
        self._ends = [end for end, _ in changes]
        self._sums = [0, *accumulate(added for _, added in changes)]

    def moved(self, offset: int) -> int:
        return offset + self._sums[bisect_right(self._ends, offset)]


def _lowered(content: Content, below: int) -> tuple[str, _Shifts]:
    """Return the text with its headings at lower levels, and how its offsets changed."""
    pieces, changes, end = [], [], 0
    for heading in content.headings:
        raw = heading.span.of(content.text)
        lower = _lower(heading, raw, below)
        pieces += [content.text[end : heading.span.start], lower]
        end = heading.span.end
        changes.append((end, len(lower) - len(raw)))
    return "".join([*pieces, content.text[end:]]), _Shifts(changes)


def _lower(heading: Heading, raw: str, below: int) -> str:
    level = min(heading.level + below, MAX_HEADING_LEVEL)
    if raw.startswith("#"):
        return "#" * level + raw.lstrip("#")
    title, newline, _ = raw.rpartition("\n")
    if not newline or raw.startswith((">", "-", "*", "+")):
        return raw
    return f"{'#' * level} {one_line(title)}"


_OPENS = regex.compile(
    r"^(?:[ \t>*+-]|\d+[.)])*(?:`{3}|~{3}|<(?:script|pre|style|textarea|!|\?))",
    regex.MULTILINE | regex.IGNORECASE,
)
"""The beginning of a block that a blank line does not end."""


def _is_closed(text: str) -> bool:
    if not _OPENS.search(text):
        return True
    blocks = markdown_blocks(f"{text}\n\n# End")
    return len(blocks) > 0 and blocks[-1].kind == "heading"
