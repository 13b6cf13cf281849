"""Write a sheet of a spreadsheet: its tables, and the lines of text around them."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import regex

from index.documents.markup_text import MarkupText
from index.errors import UnreadableDocument

MAX_CELLS = 2_000_000
"""Of a file, from the first to the last used row and column of each sheet. A cell takes up to
0.4 KB of memory while a file is loaded."""

_LONGEST_CELL = 100
"""In characters. A longer text in a sheet's only column is prose, not a value."""

_SENTENCE = regex.compile(r"[.!?。！？:]$")


@dataclass(frozen=True, slots=True)
class SheetRow:
    """A row of a sheet. number: from 1."""

    number: int
    cells: Sequence[str]


@dataclass(slots=True)
class CellBudget:
    """The cells that a file may still have."""

    n_left: int = MAX_CELLS

    def spend(self, n_cells: int, where: str) -> None:
        """Count cells. Raises UnreadableDocument (`too-large`) if there are too many."""
        self.n_left -= n_cells
        if self.n_left < 0:
            raise UnreadableDocument(
                f"more than {MAX_CELLS:,} cells ({where}); split it, or clear cells far away",
                "too-large",
            )


def write_sheet(text: MarkupText, name: str, rows: Iterable[SheetRow]) -> None:
    """Write a sheet: its name as a heading, then its tables. Nothing if no cell has text.

    Blank rows separate tables. Rows with one cell above a table are paragraphs, then its first row
    is the header.
    """
    is_first = True
    for table in _tables(rows):
        if is_first:
            text.end_places("row")
            text.place("sheet", name)
            text.heading(1, name)
            is_first = False
        _write_table(text, table)


def _tables(rows: Iterable[SheetRow]) -> Iterator[list[SheetRow]]:
    """Yield the runs of rows with text."""
    table: list[SheetRow] = []
    for row in rows:
        is_adjacent = not table or row.number == table[-1].number + 1
        is_blank = not any(cell.strip() for cell in row.cells)
        if table and (is_blank or not is_adjacent):
            yield table
            table = []
        if not is_blank:
            table.append(row)
    if table:
        yield table


def _write_table(text: MarkupText, rows: list[SheetRow]) -> None:
    n_lines = _lines_above(rows)
    for row in rows[:n_lines]:
        text.place("row", str(row.number))
        text.paragraph(next(cell for cell in row.cells if cell.strip()))
    body = rows[n_lines:]
    if body:
        used = _used_columns(body)
        cells = [[row.cells[i] if i < len(row.cells) else "" for i in used] for row in body]
        text.table(cells, row_numbers=[row.number for row in body])


def _lines_above(rows: list[SheetRow]) -> int:
    """Return how many rows are lines of text: those of one cell above the first wider one.

    Rows that are all of one cell are lines if one is prose, or if there is one only.
    """
    first = next((i for i, row in enumerate(rows) if _n_cells(row) > 1), None)
    if first is not None:
        return first
    texts = [cell.strip() for row in rows for cell in row.cells if cell.strip()]
    is_prose = any(len(each) > _LONGEST_CELL or _SENTENCE.search(each) for each in texts)
    return len(rows) if is_prose or len(rows) == 1 else 0


def _n_cells(row: SheetRow) -> int:
    return sum(bool(cell.strip()) for cell in row.cells)


def _used_columns(rows: Sequence[SheetRow]) -> list[int]:
    used: set[int] = set()
    for row in rows:
        used.update(i for i, cell in enumerate(row.cells) if cell and not cell.isspace())
    return sorted(used)
