"""The structure of a PDF's lines: running heads, headings, paragraphs, list items.

The order of the lines is the file's, in which programs write columns one after the other.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from statistics import median
from typing import Literal

import regex

from index.documents.divided_words import lines_joined
from index.documents.pdf_lines import Line, Page, PdfFile
from index.documents.pdf_markers import with_markers
from index.documents.pdf_pages import OutlineEntry
from index.documents.pdf_tables import with_columns
from index.documents.traced import Traced, joined

_EDGE_LINES = 3
"""Running heads and page numbers are among so many first and last lines of a page."""
_LEAST_REPEATS = 3
_LONGEST_HEADING = 120
_LARGER = 1.12
"""A heading's font size, as a multiple of that of the body."""
_GAP = 1.4
"""A larger distance between two lines, as a multiple of the usual one, begins a paragraph."""
_SHORT, _VERY_SHORT = 0.12, 0.3
"""A line that leaves this part of its column free ends its paragraph: with a full stop, without."""
_INDENT = 60.0
"""The largest indentation within a column, in points."""

_BULLET = regex.compile(r"(?:[•◦▪‣●○■□–—*]|[-](?=\s))\s*(?=\S)")
_NUMBERED = regex.compile(r"(?:\(?(?:\d{1,3}|[a-z]|[ivx]{1,5})[.)])\s+(?=\S)")
_SENTENCE_END = regex.compile(r"[.!?:;…][\"'”’)\]]*$")
_HEADING_NUMBER = regex.compile(
    r"^(?:chapter|appendix|part|section|kapitel|anhang)?\s*(?:[0-9]+|[a-z]|[ivxlc]+)?"
    r"(?:\.[0-9]+)*[.:)]?\s+(?=\S)"
)
_DIGITS = regex.compile(r"\d+|\b[ivxlc]+\b", regex.IGNORECASE)
_WORD = regex.compile(r"[\p{L}\p{M}-]+")

PartKind = Literal["heading", "paragraph", "item", "table"]


@dataclass(slots=True)
class Part:
    """A heading, a paragraph, a list item or a table.

    pieces: (page, text) of each page that it is on, pages from 0; a text's origins are numbers of
            characters on its page
    level:  of a heading, from 1
    rows:   of a table; all on the page of its only piece
    """

    kind: PartKind
    pieces: list[tuple[int, Traced]]
    level: int = 0
    rows: tuple[tuple[Traced, ...], ...] = ()


def parts_of(file: PdfFile) -> list[Part]:
    """Return the parts of a PDF in reading order, without running heads and page numbers."""
    running = _running_heads(file.pages)
    pages = [with_columns(with_markers(_body(page, running))) for page in file.pages]
    body = _body_size(pages)
    outline = _outline_levels(file.outline, pages)
    sizes = _heading_sizes(pages, body) if not outline else []
    words = Counter(
        word.lower() for lines in pages for line in lines for word in _WORD.findall(line.text)
    )
    parts: list[Part] = []
    for number, lines in enumerate(pages):
        for kind, level, group in _groups(number, lines, body, sizes, outline):
            text = lines_joined([line.traced for line in group], words)
            if kind == "table":
                rows = tuple(line.cells for line in group)
                parts.append(Part(kind, [(number, text)], rows=rows))
                continue
            if kind == "paragraph" and parts and not _starts_part(parts[-1], number, text.text):
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


def _outline_levels(
    outline: Sequence[OutlineEntry], pages: Sequence[Sequence[Line]]
) -> dict[tuple[int, str], int]:
    """Return the level of each entry by its page and letters.

    Empty if fewer than half of the entries are lines of their pages: then fonts show the headings.
    """
    levels = {(entry.page, _letters(entry.title)): entry.level for entry in outline}
    lines = {(n, _letters(line.text)) for n, lines in enumerate(pages) for line in lines}
    return levels if 2 * len(levels.keys() & lines) >= len(levels) else {}


def _letters(text: str) -> str:
    """Return the letters and digits of a title without its number.

    >>> _letters("2.1 The Root"), _letters("Chapter 3. /usr"), _letters("The Root")
    ('theroot', 'usr', 'theroot')
    """
    return "".join(c for c in _HEADING_NUMBER.sub("", text.casefold()) if c.isalnum())


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
    level = 0
    for line in lines:
        line_level = _level(number, line, body, sizes, outline)
        if _continues_cell(group, line, line_level, usual):
            group[-1] = _with_more(group[-1], line)
            continue
        begins = (
            not group
            or line_level != level
            or (len(line.cells) > 1) != (len(group[-1].cells) > 1)
            or _is_item(line)
            or (not level and len(line.cells) == 1 and _is_apart(lines, group, line, usual))
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
    if len(group) > 1 and len(group[0].cells) > 1:
        return "table"
    return "item" if _is_item(group[0]) else "paragraph"


def _is_item(line: Line) -> bool:
    return _BULLET.match(line.text) is not None or _NUMBERED.match(line.text) is not None


def _usual_distance(lines: Sequence[Line]) -> float:
    down = [
        a.bottom - b.first_bottom for a, b in pairwise(lines) if 0 < a.bottom - b.first_bottom < 60
    ]
    return median(down) if down else 12.0


def _column_end(lines: Sequence[Line], line: Line) -> float:
    """Return where most lines end that begin about where this one does, in points."""
    ends = sorted(each.right for each in lines if abs(each.left - line.left) < _INDENT)
    return ends[int(0.9 * (len(ends) - 1))]


def _is_apart(lines: Sequence[Line], group: Sequence[Line], line: Line, usual: float) -> bool:
    return _begins_paragraph(group, line, usual, _column_end(lines, group[-1]))


def _continues_cell(group: Sequence[Line], line: Line, level: int, usual: float) -> bool:
    """Return whether a line is the second line of the last cell of the table row above it."""
    if level or not group or len(group[-1].cells) == 1 or len(line.cells) > 1:
        return False
    distance = group[-1].bottom - line.first_bottom
    return 0 < distance <= _GAP * usual and line.left > group[-1].left + 2 * line.size


def _with_more(row: Line, line: Line) -> Line:
    *cells, last = row.cells
    cells.append(joined(" ", [last, line.traced]))
    return replace(row, cells=tuple(cells), last=line.last, bottom=line.bottom, end=line.end)


def _begins_paragraph(group: Sequence[Line], line: Line, usual: float, end: float) -> bool:
    """Return whether a line begins a paragraph. end: of the column of the line before."""
    before = group[-1]
    distance = before.bottom - line.first_bottom
    ended = _SENTENCE_END.search(before.text) is not None
    if distance < -usual / 2:  # the next column
        return ended
    if distance > _GAP * usual:
        return True
    width = end - min(each.left for each in group)
    if before.end < end - width * (_SHORT if ended else _VERY_SHORT):
        return True
    indented = line.left - min(each.left for each in group[-3:])
    return ended and 4 < indented < _INDENT and not _is_item(group[0])


def _starts_part(before: Part, number: int, text: str) -> bool:
    """Return whether a paragraph does not continue the one that the previous page ended with."""
    page, end = before.pieces[-1]
    if before.kind == "heading" or page + 1 != number:
        return True
    return _SENTENCE_END.search(end.text) is not None or not text[:1].islower()


def bullet_removed(text: Traced) -> Traced:
    """Return an item's text without its bullet. A number stays.

    >>> bullet_removed(Traced.of("• one", 0)).text, bullet_removed(Traced.of("2. two", 0)).text
    ('one', '2. two')
    """
    bullet = _BULLET.match(text.text)
    return text[bullet.end() :] if bullet else text
