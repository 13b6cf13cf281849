"""Tables: which are for layout, and the grid of the others."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from index.documents.html.names import HEADINGS
from index.documents.html.tree import Element

LONGEST_REPEATED = 200
"""In characters. A longer cell that spans others is written once."""

WIDEST_SPAN = 64
"""Columns or rows that a cell can span; HTML permits 1000 and 65534."""

MOST_REPEATED = 4
"""Most cells of a grid per cell of the source; beyond it, spans are not repeated."""

_NUMBER = re.compile(r"\s*(\d{1,6})")
_BLOCK_CONTENT = frozenset({"table", "pre", "form", "article", "section", *HEADINGS})


@dataclass(slots=True)
class Cell:
    """A cell of a table. is_header: `<th>`."""

    text: str
    is_header: bool = False
    columns: int = 1
    rows: int = 1


@dataclass(slots=True)
class Table:
    """The rows of a table so far. n_head: rows in `<thead>`; foot: rows in `<tfoot>`."""

    rows: list[list[Cell]] = field(default_factory=list)
    foot: list[list[Cell]] = field(default_factory=list)
    n_head: int = 0

    def begin_row(self, section: str) -> None:
        rows = self.foot if section == "tfoot" else self.rows
        rows.append([])
        self.n_head += section == "thead" and len(self.rows) == self.n_head + 1

    def add(self, cell: Cell, section: str) -> None:
        rows = self.foot if section == "tfoot" else self.rows
        if not rows:
            rows.append([])
        rows[-1].append(cell)

    def grid(self) -> list[list[str]]:
        """Return the texts of all cells, with the rows of a header joined to one row."""
        rows = [*self.rows, *self.foot]
        grid = _spread(rows)
        n_head = max(self.n_head, _n_header_rows(rows))
        if n_head < 2 or n_head >= len(grid):
            return grid
        return [_joined(grid[:n_head]), *grid[n_head:]]


def cell_of(element: Element, text: str) -> Cell:
    """Return the cell of a `<td>` or `<th>`."""
    return Cell(
        text,
        element.tag == "th",
        columns=_span(element.get("colspan")),
        rows=_span(element.get("rowspan")),
    )


def is_layout(table: Element) -> bool:
    """Return whether a table only places its content: its cells are written one after the other.

    So are tables of one row or one column without header cells, and those with a heading, a block
    of code or a table in a cell.
    """
    if table.get("role").lower() in ("presentation", "none"):
        return True
    n_rows = n_cells = n_headers = widest = 0
    for each in table.descendants():
        if isinstance(each, str):
            continue
        if each.tag in _BLOCK_CONTENT and (each.tag != "pre" or "\n" in _raw(each).strip()):
            return True
        if each.tag == "tr":
            n_rows, n_cells = n_rows + 1, 0
        elif each.tag in ("td", "th"):
            n_cells += 1
            n_headers += each.tag == "th"
            widest = max(widest, n_cells)
    return (n_rows < 2 or widest < 2) and (not n_headers or n_rows < 2)


def _raw(element: Element) -> str:
    return "".join(each for each in element.descendants() if isinstance(each, str))


def _span(value: str) -> int:
    match = _NUMBER.match(value)
    return min(max(int(match.group(1)), 1), WIDEST_SPAN) if match else 1


def _n_header_rows(rows: Sequence[Sequence[Cell]]) -> int:
    n = 0
    while n < len(rows) and rows[n] and all(cell.is_header for cell in rows[n]):
        n += 1
    return n


def _joined(rows: Sequence[Sequence[str]]) -> list[str]:
    """Return one header row: the different texts above each other, joined."""
    width = max(map(len, rows))
    columns = ([row[i] for row in rows if i < len(row)] for i in range(width))
    return [" ".join(dict.fromkeys(text for text in column if text)) for column in columns]


def _spread(rows: Sequence[Sequence[Cell]]) -> list[list[str]]:
    """Return the texts in their columns, repeated where a cell spans several."""
    n_left = MOST_REPEATED * sum(map(len, rows)) + 100
    below: dict[int, tuple[int, str]] = {}  # by column: rows that are left, text
    grid = []
    for row in rows:
        texts: list[str] = []
        cells = iter(row)
        for text, columns, n_rows in _placed(cells, below, texts):
            repeated = text if len(text) <= LONGEST_REPEATED else ""
            n_left -= columns * n_rows
            if n_left < 0:
                columns = n_rows = 1
            if n_rows > 1:
                first = len(texts)
                below.update({first + i: (n_rows - 1, repeated) for i in range(columns)})
            texts += [text, *[repeated] * (columns - 1)]
        grid.append(texts)
    return grid


def _placed(
    cells: Iterator[Cell], below: dict[int, tuple[int, str]], texts: list[str]
) -> Iterator[tuple[str, int, int]]:
    """Yield the cells of a row, after adding to `texts` what spans into it from above."""
    while True:
        while len(texts) in below:
            n_rows, text = below.pop(len(texts))
            if n_rows > 1:
                below[len(texts)] = (n_rows - 1, text)
            texts.append(text)
        cell = next(cells, None)
        if cell is None:
            return
        yield cell.text, cell.columns, cell.rows
