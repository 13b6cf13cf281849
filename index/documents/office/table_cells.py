"""Tables with merged cells as rows of texts."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

T = TypeVar("T")

MAX_COLUMNS = 1 << 14
"""A row is cut to this many columns, as many as a sheet has: a span can claim millions."""

MAX_REPEATED = 1 << 24
"""In characters, of all repetitions of merged cells in a table: beyond it, they are left out."""

_CELL_MARKS = 3
"""The characters around a cell in the canonical text."""


@dataclass(frozen=True, slots=True)
class Cell(Generic[T]):
    """A cell of a table.

    content:   what has its text; None for an empty cell
    n_columns: that it spans
    n_rows:    that it spans; 0 if it continues the cell above
    """

    content: T | None
    n_columns: int = 1
    n_rows: int = 1


def merged_rows(
    rows: Iterable[Sequence[Cell[T]]], text_of: Callable[[T], str]
) -> Iterator[list[str]]:
    """Yield the texts of each row. A merged cell has its text in each row and column of it.

    A cell that is alone in its row has its text once: it is a line across the table.
    """
    table = _MergedRows()
    for row in rows:
        table.begin()
        for cell in row:
            text = "" if cell.content is None else text_of(cell.content)
            table.add(text, cell.n_columns, cell.n_rows, alone=len(row) == 1)
        yield table.end()


class _MergedRows:
    """The row that is being filled, and the cells of the row above with the rows they reach on."""

    def __init__(self) -> None:
        self._above: list[tuple[str, int]] = []
        self._row: list[tuple[str, int]] = []
        self._n_left = MAX_REPEATED

    def begin(self) -> None:
        self._row = []

    def add(self, text: str, n_columns: int, n_rows: int, *, alone: bool) -> None:
        self._fill_spanned()
        if len(self._row) >= MAX_COLUMNS:
            return
        if n_rows == 0:
            at = len(self._row)
            first = self._above[at] if at < len(self._above) else ("", 0)
            self._repeat(first)
        else:
            first = (text, n_rows)
            self._row.append(first)
        other = ("", first[1]) if alone else first
        for _ in range(min(n_columns, MAX_COLUMNS - len(self._row)) - 1):
            if not self._repeat(other):
                return

    def end(self) -> list[str]:
        """Return the texts of the row."""
        self._fill_spanned()
        self._above = [(text, n_rows - 1) for text, n_rows in self._row]
        return [text for text, _ in self._row]

    def _fill_spanned(self) -> None:
        """Add the cells of rows above that reach into this row, up to the next free column."""
        while len(self._row) < len(self._above) and self._above[len(self._row)][1] > 0:
            if not self._repeat(self._above[len(self._row)]):
                return

    def _repeat(self, cell: tuple[str, int]) -> bool:
        """Add a cell once more. Return whether more repetitions are allowed."""
        self._n_left -= len(cell[0]) + _CELL_MARKS
        self._row.append(cell if self._n_left > 0 else ("", 0))
        return self._n_left > 0
