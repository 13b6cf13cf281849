"""Tables: their cells in columns, if these fit the terminal."""

from collections.abc import Iterator, Sequence
from itertools import pairwise

from rich.cells import cell_len

from index.types import Span
from rag.output.markdown.inline import mark_inline
from rag.output.markdown.marks import Marks

_BETWEEN = " │ "


def mark_table(marks: Marks, rows: Sequence[Span], alignments: Sequence[str], width: int) -> None:
    """Mark a table. A table that is wider than the terminal keeps its cells unaligned.

    rows: the span of each line without the marks of blocks around it; the second has the dashes
    """
    header, dashes, *body = rows
    cells = [list(_cells(marks.text, row))[: len(alignments)] for row in (header, *body)]
    for each in cells:
        for cell in each:
            _mark_cell(marks, cell)
    for cell in cells[0]:
        marks.style(cell.start, cell.end, "bold")
    widths = [
        max(cell_len(marks.visible(each[i].start, each[i].end)) for each in cells if i < len(each))
        for i in range(len(alignments))
    ]
    fits = sum(widths) + len(_BETWEEN) * (len(widths) - 1) <= width
    for row, each in zip((header, *body), cells, strict=True):
        _lay_out(marks, row, each, widths if fits else [0] * len(widths), alignments)
    line = "─┼─".join("─" * each for each in widths) if fits else ""
    marks.replace(dashes.start, dashes.end, line)


def _cells(text: str, row: Span) -> Iterator[Span]:
    """Yield the span of each cell of a row, without white space around it."""
    bars = [i for i in range(row.start, row.end) if text[i] == "|" and text[i - 1 : i] != "\\"]
    edges = [row.start - 1, *bars, row.end]
    spans = [_trimmed(text, a + 1, b) for a, b in pairwise(edges)]
    if spans and spans[0].start == spans[0].end:
        spans.pop(0)
    if spans and spans[-1].start == spans[-1].end:
        spans.pop()
    yield from spans


def _trimmed(text: str, start: int, end: int) -> Span:
    while start < end and text[start] in " \t":
        start += 1
    while start < end and text[end - 1] in " \t":
        end -= 1
    return Span(start, end)


def _mark_cell(marks: Marks, cell: Span) -> None:
    """An escaped bar is a bar, also in code."""
    places = []
    for i in range(cell.start, cell.end):
        if marks.text.startswith("\\|", i) and i + 1 < cell.end:
            marks.hide(i, i + 1)
        else:
            places.append(i)
    content = "".join(marks.text[i] for i in places)
    mark_inline(marks, content, [*places, cell.end])


def _lay_out(
    marks: Marks,
    row: Span,
    cells: Sequence[Span],
    widths: Sequence[int],
    alignments: Sequence[str],
) -> None:
    """Put spaces and bars between the cells of a row, in place of what is between them."""
    at, before = row.start, ""
    for i, cell in enumerate(cells):
        left, right = _padding(marks, cell, widths[i], alignments[i])
        _show_between(marks, at, cell.start, before + left)
        at, before = cell.end, right + _BETWEEN
    marks.hide(at, row.end)


def _padding(marks: Marks, cell: Span, width: int, alignment: str) -> tuple[str, str]:
    missing = max(width - cell_len(marks.visible(cell.start, cell.end)), 0)
    left = {"right": missing, "center": missing // 2}.get(alignment, 0)
    return " " * left, " " * (missing - left)


def _show_between(marks: Marks, start: int, end: int, between: str) -> None:
    if start < end:
        marks.replace(start, end, between)
