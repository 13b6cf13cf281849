"""Tables with merged cells as rows of equal width."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

T = TypeVar("T")

MAX_COLUMNS = 1 << 14
"""A row is cut to this many columns, as many as a sheet has: a span can claim millions."""


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

    A cell as wide as its row has its text once: it is a line across the table.
    """
    above: list[tuple[str, int]] = []
    for row in rows:
        below: list[tuple[str, int]] = []
        for cell in row:
            _fill_spanned(above, below)
            n_columns = min(max(cell.n_columns, 1), MAX_COLUMNS - len(below))
            if n_columns <= 0:
                break
            at = len(below)
            if cell.n_rows == 0:
                below += [
                    above[i] if i < len(above) else ("", 0) for i in range(at, at + n_columns)
                ]
                continue
            text = "" if cell.content is None else text_of(cell.content)
            across = len(row) == 1
            below += [(text if i == 0 or not across else "", cell.n_rows) for i in range(n_columns)]
        _fill_spanned(above, below)
        yield [text for text, _ in below]
        above = [(text, n_rows - 1) for text, n_rows in below]


def _fill_spanned(above: Sequence[tuple[str, int]], below: list[tuple[str, int]]) -> None:
    """Add the cells of rows above that reach into this row, up to the next free column."""
    while len(below) < len(above) and above[len(below)][1] > 0:
        below.append(above[len(below)])
