"""Numbers and bullets that a PDF has apart from their list items, such as after all of them."""

from collections.abc import Sequence
from dataclasses import replace

import regex

from index.documents.pdf_lines import Line
from index.documents.traced import joined

_MARKER = regex.compile(r"\(?(?:\d{1,3}|[a-z]|[ivx]{1,5})[.)]|[•◦▪‣●○■□–—*-]")
_FURTHEST = 40.0
"""The largest distance between a marker and its item, in points."""

_SAME_LINE = 0.35
"""The largest difference of the base lines, as a multiple of the font size."""


def with_markers(lines: Sequence[Line]) -> list[Line]:
    """Return the lines of a page, with each marker that is alone before the line to its right."""
    result = list(lines)
    for marker in lines:
        if _MARKER.fullmatch(marker.text) is None:
            continue
        beside = [i for i, line in enumerate(result) if _is_right_of(marker, line)]
        if beside:
            i = min(beside, key=lambda i: result[i].left)
            result[i] = _marked(marker, result[i])
            result = [line for line in result if line is not marker]
    return result


def _is_right_of(marker: Line, line: Line) -> bool:
    is_level = abs(line.first_bottom - marker.bottom) < _SAME_LINE * marker.size
    return is_level and 0 <= line.left - marker.right < _FURTHEST


def _marked(marker: Line, line: Line) -> Line:
    first, *others = line.cells
    cells = (joined(" ", [marker.traced, first]), *others)
    return replace(line, cells=cells, left=marker.left)
