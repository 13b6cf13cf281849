"""The structure of a PDF's lines: running heads, headings, paragraphs, list items.

The order of the lines is the file's, in which programs write columns one after the other.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from statistics import median
from typing import Literal

import regex

from index.documents.pdf_lines import Line, OutlineEntry, Page, PdfFile

_EDGE_LINES = 3
"""Running heads and page numbers are among so many first and last lines of a page."""
_LEAST_REPEATS = 3
_LONGEST_HEADING = 120
_LARGER = 1.12
"""A heading's font size, as a multiple of that of the body."""
_GAP = 1.4
"""A larger distance between two lines, as a multiple of the usual one, begins a paragraph."""
_SHORT = 0.88
"""A line that ends before this part of the width, with a full stop, ends its paragraph."""

_BULLET = regex.compile(r"(?:[•◦▪‣●○■□–—*]|[-](?=\s))\s*(?=\S)")
_NUMBERED = regex.compile(r"(?:\(?(?:\d{1,3}|[a-z]|[ivx]{1,5})[.)])\s+(?=\S)")
_SENTENCE_END = regex.compile(r"[.!?:;…][\"'”’)\]]*$")
_DIGITS = regex.compile(r"\d+|\b[ivxlc]+\b", regex.IGNORECASE)
_WORD = regex.compile(r"[\p{L}\p{M}-]+")

PartKind = Literal["heading", "paragraph", "item"]


@dataclass(slots=True)
class Part:
    """A heading, a paragraph or a list item.

    pieces: (page, text) of each page that it is on, pages from 0
    level:  of a heading, from 1
    """

    kind: PartKind
    pieces: list[tuple[int, str]]
    level: int = 0


def parts_of(file: PdfFile) -> list[Part]:
    """Return the parts of a PDF in reading order, without running heads and page numbers."""
    pages = [
        _body(page, running) for running in [_running_heads(file.pages)] for page in file.pages
    ]
    body = _body_size(pages)
    outline = _outline_levels(file.outline)
    sizes = _heading_sizes(pages, body) if not outline else []
    words = Counter(
        word.lower() for lines in pages for line in lines for word in _WORD.findall(line.text)
    )
    parts: list[Part] = []
    for number, lines in enumerate(pages):
        for kind, level, group in _groups(number, lines, body, sizes, outline):
            text = _joined([line.text for line in group], words)
            if kind == "paragraph" and parts and not _starts_part(parts[-1], number, text):
                parts[-1].pieces.append((number, text))
            else:
                parts.append(Part(kind, [(number, text)], level))
    return parts


# Running heads


def _running_heads(pages: Sequence[Page]) -> frozenset[str]:
    """Return the edge lines that repeat over pages, with `#` for numbers."""
    seen = Counter(
        key for page in pages for key in {_key(line.text) for line in _edges(page.lines)}
    )
    least = max(_LEAST_REPEATS, len(pages) // 5)
    return frozenset(key for key, n in seen.items() if n >= least or key == "#")


def _edges(lines: Sequence[Line]) -> list[Line]:
    by_height = sorted(lines, key=lambda line: -line.bottom)
    return by_height[:_EDGE_LINES] + by_height[_EDGE_LINES:][-_EDGE_LINES:]


def _key(text: str) -> str:
    return _DIGITS.sub("#", text).strip()


def _body(page: Page, running: frozenset[str]) -> list[Line]:
    """Return the lines without running heads: edge lines, from the edge inwards, that repeat."""
    left_out: set[int] = set()
    by_height = sorted(page.lines, key=lambda line: -line.bottom)
    for ordered in (by_height[:_EDGE_LINES], by_height[::-1][:_EDGE_LINES]):
        for line in ordered:
            if _key(line.text) not in running:
                break
            left_out.add(line.first)
    return [line for line in page.lines if line.first not in left_out]


# Headings


def _body_size(pages: Sequence[Sequence[Line]]) -> float:
    sizes = Counter[float]()
    for line in (line for lines in pages for line in lines):
        sizes[line.size] += len(line.text)
    return sizes.most_common(1)[0][0] if sizes else 0.0


def _heading_sizes(pages: Sequence[Sequence[Line]], body: float) -> list[float]:
    """Return the font sizes of headings, largest first."""
    sizes = Counter(line.size for lines in pages for line in lines if line.size > body * _LARGER)
    return sorted(sizes, reverse=True)


def _outline_levels(outline: Sequence[OutlineEntry]) -> dict[tuple[int, str], int]:
    return {(entry.page, _letters(entry.title)): entry.level for entry in outline}


def _letters(text: str) -> str:
    return "".join(c for c in text.casefold() if c.isalnum())


def _level(
    number: int,
    line: Line,
    body: float,
    sizes: Sequence[float],
    outline: dict[tuple[int, str], int],
) -> int:
    """Return the level of a line that is a heading, from 1; 0 if it is none."""
    if len(line.text) > _LONGEST_HEADING or not any(c.isalpha() for c in line.text):
        return 0
    if outline:
        return outline.get((number, _letters(line.text)), 0)
    if line.size > body * _LARGER and not line.text.endswith((".", ",", ";")):
        return min(sizes.index(line.size) + 1, 6)
    return 0


# Paragraphs


def _groups(
    number: int,
    lines: Sequence[Line],
    body: float,
    sizes: Sequence[float],
    outline: dict[tuple[int, str], int],
) -> Iterator[tuple[PartKind, int, list[Line]]]:
    usual = _usual_distance(lines)
    group: list[Line] = []
    level, width = 0, max((line.right for line in lines), default=0.0)
    for line in lines:
        line_level = _level(number, line, body, sizes, outline)
        begins = (
            not group
            or line_level != level
            or _is_item(line)
            or (not level and _begins_paragraph(group, line, usual, width))
        )
        if begins:
            if group:
                yield _kind(group, level), level, group
            group, level = [], line_level
        group.append(line)
    if group:
        yield _kind(group, level), level, group


def _kind(group: Sequence[Line], level: int) -> PartKind:
    if level:
        return "heading"
    return "item" if _is_item(group[0]) else "paragraph"


def _is_item(line: Line) -> bool:
    return _BULLET.match(line.text) is not None or _NUMBERED.match(line.text) is not None


def _usual_distance(lines: Sequence[Line]) -> float:
    down = [a.bottom - b.bottom for a, b in pairwise(lines) if 0 < a.bottom - b.bottom < 60]
    return median(down) if down else 12.0


def _begins_paragraph(group: Sequence[Line], line: Line, usual: float, width: float) -> bool:
    before = group[-1]
    distance = before.bottom - line.bottom
    ended = _SENTENCE_END.search(before.text) is not None
    if distance < -usual:  # the next column
        return ended
    if distance > _GAP * usual:
        return True
    column = max(each.right for each in group)
    if ended and before.right < _SHORT * max(column, width if len(group) == 1 else 0.0):
        return True
    indented = line.left - min(each.left for each in group[-3:])
    return ended and 4 < indented < 60 and not _is_item(group[0])


def _starts_part(before: Part, number: int, text: str) -> bool:
    """Return whether a paragraph does not continue the one that the previous page ended with."""
    page, end = before.pieces[-1]
    if before.kind == "heading" or page + 1 != number:
        return True
    return _SENTENCE_END.search(end) is not None or not text[:1].islower()


def _joined(lines: Sequence[str], words: Counter[str]) -> str:
    """Join lines with spaces. A hyphen at a line's end goes if the word is known without it.

    >>> _joined(["the index-", "ing of a well-", "known text"], Counter({"well-known": 1}))
    'the indexing of a well-known text'
    """
    text = lines[0]
    for line in lines[1:]:
        if text.endswith("-") and line[:1].islower() and len(text) > 1 and text[-2].isalpha():
            first, second = _last_word(text[:-1]), _first_word(line)
            keep = words[f"{first}-{second}".lower()] > words[f"{first}{second}".lower()]
            text = text + line if keep else text[:-1] + line
        else:
            text = f"{text} {line}"
    return text


def _last_word(text: str) -> str:
    found = regex.search(r"[\p{L}\p{M}]+$", text)
    return found.group() if found else ""


def _first_word(text: str) -> str:
    found = regex.match(r"[\p{L}\p{M}]+", text)
    return found.group() if found else ""


def bullet_removed(text: str) -> str:
    """Return an item's text without its bullet. A number stays.

    >>> bullet_removed("• one"), bullet_removed("2. two")
    ('one', '2. two')
    """
    return _BULLET.sub("", text, count=1) if _BULLET.match(text) else text
