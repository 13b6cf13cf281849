"""The rows and cells of Word tables."""

from collections.abc import Iterator

from index.documents.office.table_cells import Cell
from index.documents.office.word_styles import W, number_of, value_of
from index.documents.office.xml import Element, local_name

_WRAPPERS = frozenset("sdt sdtContent customXml ins moveTo".split())


def rows_of(table: Element) -> Iterator[list[Cell[Element]]]:
    """Yield the rows of a `w:tbl`, without deleted ones."""
    for row in _children(table, "tr"):
        properties = row.find(f"{W}trPr")
        if properties is not None and properties.find(f"{W}del") is not None:
            continue
        n_before = number_of(value_of(properties, "gridBefore")) or 0
        cells: list[Cell[Element]] = [Cell(None, n_before)] if n_before > 0 else []
        yield cells + [_cell(cell) for cell in _children(row, "tc")]


def _children(element: Element, name: str) -> Iterator[Element]:
    """Yield the children of a name, also within content controls and insertions."""
    for child in element:
        if local_name(child) == name:
            yield child
        elif local_name(child) in _WRAPPERS:
            yield from _children(child, name)


def _cell(cell: Element) -> Cell[Element]:
    properties = cell.find(f"{W}tcPr")
    n_columns = number_of(value_of(properties, "gridSpan")) or 1
    merge = None if properties is None else properties.find(f"{W}vMerge")
    continues = merge is not None and merge.get(f"{W}val", "continue") == "continue"
    return Cell(cell, n_columns, 0 if continues else 1)
