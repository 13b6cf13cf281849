"""The columns of a PDF's tables: white space that goes through all lines of a table.

A gap between two cells can be as narrow as between two words. So a line above or below one with a
wide gap is a row of the same table if its white space leaves the columns of the table free.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from math import inf

from index.documents.pdf_lines import Line
from index.documents.traced import Traced

_NARROWEST = 0.3
"""The narrowest white space between two columns, as a multiple of the font size."""

_WIDE_SHARE = 1 / 3
"""Of a table's lines, so many have a wide gap between two columns; or half have any gap there."""

_FURTHEST = 3.0
"""The largest distance between two rows, as a multiple of the font size."""


@dataclass(frozen=True, slots=True)
class _Space:
    """White space between left and right, in points. is_wide: that of a line is so wide that cells
    are on both sides."""

    left: float
    right: float
    is_wide: bool = False


def with_columns(lines: Sequence[Line]) -> list[Line]:
    """Return the lines of a page, in which those of a table have a cell for each of its columns."""
    result = list(lines)
    end = 0
    for i, line in enumerate(lines):
        if i < end or len(line.cells) == 1:
            continue
        start, end, spaces = _table_around(lines, i, end)
        rows = lines[start:end]
        if _is_table(rows):
            columns = _between_columns(rows, spaces)
            result[start:end] = [_row(row, columns) for row in rows]
    return result


def _is_table(rows: Sequence[Line]) -> bool:
    """Return whether two rows, and half of them, have a wide gap: others may be prose by chance."""
    n_wide = sum(len(row.cells) > 1 for row in rows)
    return n_wide >= max(2, len(rows) / 2)


def _table_around(lines: Sequence[Line], i: int, first: int) -> tuple[int, int, list[_Space]]:
    """Return the first line and the line after the last of the table around line i, and the white
    space of the table. first: no line before it is looked at."""
    start, end, spaces = i, i + 1, _white(lines[i])
    while end < len(lines) and _are_near(lines[end - 1], lines[end]):
        common = _common(spaces, lines[end])
        if common is None:
            break
        end, spaces = end + 1, common
    while start > first and _are_near(lines[start - 1], lines[start]):
        common = _common(spaces, lines[start - 1])
        if common is None:
            break
        start, spaces = start - 1, common
    return start, end, spaces


def _are_near(above: Line, below: Line) -> bool:
    return 0 < above.bottom - below.first_bottom <= _FURTHEST * above.size


def _white(line: Line) -> list[_Space]:
    inner = [_Space(gap.left, gap.right, gap.is_wide) for gap in line.gaps]
    return [_Space(-inf, line.left), *inner, _Space(line.right, inf)]


def _common(spaces: Sequence[_Space], line: Line) -> list[_Space] | None:
    """Return the white space that a table and a line share; None if the line is no row of it.

    A row has no text in the wide white space of the table, nor the table in that of the row, and
    its text is in two columns at least.
    """
    white = _white(line)
    narrowest = _NARROWEST * line.size
    common = [shared for one in spaces for other in white if (shared := _shared(one, other))]
    common = [each for each in common if each.right - each.left >= narrowest]
    for each in (*spaces, *white):
        if each.is_wide and not any(_is_within(shared, each) for shared in common):
            return None
    if not any(_is_within(shared, gap) for gap in white[1:-1] for shared in common):
        return None
    return common


def _shared(one: _Space, other: _Space) -> _Space | None:
    left, right = max(one.left, other.left), min(one.right, other.right)
    return _Space(left, right, one.is_wide or other.is_wide) if left < right else None


def _is_within(inner: _Space, outer: _Space) -> bool:
    return outer.left <= inner.left and inner.right <= outer.right


def _between_columns(rows: Sequence[Line], spaces: Sequence[_Space]) -> list[_Space]:
    """Return the white space that enough rows have a gap at."""

    def is_column(space: _Space) -> bool:
        gaps = [
            gap for row in rows for gap in row.gaps
            if gap.left <= space.left and space.right <= gap.right
        ]  # fmt: skip
        n_wide = sum(gap.is_wide for gap in gaps)
        return n_wide >= _WIDE_SHARE * len(rows) or len(gaps) >= max(2, len(rows) / 2)

    return [space for space in spaces if is_column(space)]


def _row(line: Line, spaces: Sequence[_Space]) -> Line:
    """Return the line with a cell for each column; those without text are empty."""
    cells = [Traced.added("")] * (len(spaces) + 1)
    for left, text in _parts(line, spaces):
        cells[sum(each.right <= left for each in spaces)] = text
    return replace(line, cells=tuple(cells))


def _parts(line: Line, spaces: Sequence[_Space]) -> Iterator[tuple[float, Traced]]:
    """Yield the left end and the text of each part of a line between the columns' white space."""
    dividing = [
        gap
        for gap in line.gaps
        if any(gap.left <= each.left and each.right <= gap.right for each in spaces)
    ]
    whole = line.traced
    starts = [0, *(_place_of(whole, gap.after) for gap in dividing), len(whole.text)]
    lefts = [line.left, *(gap.right for gap in dividing)]
    for left, (start, end) in zip(lefts, pairwise(starts), strict=True):
        stop = start + len(whole.text[start:end].rstrip())
        yield left, whole[start:stop]


def _place_of(text: Traced, origin: int) -> int:
    """Return where the character with this number begins."""
    return next(i for i, each in enumerate(text.origins) if each == origin)
