"""Excel workbooks (.xlsx)."""

from collections.abc import Iterator
from itertools import islice

from python_calamine import CalamineSheet, CalamineWorkbook, SheetTypeEnum, SheetVisibleEnum

from index.documents.archive import Archive
from index.documents.loader import Content, LoadOptions
from index.documents.markup_loader import MarkupLoader
from index.documents.markup_text import MarkupText
from index.documents.office.cell_values import value_text
from index.documents.office.library_errors import library_errors
from index.documents.office.package import CORE_PROPERTIES, core_properties, read_package, zipped
from index.documents.office.sheet_text import CellBudget, SheetRow, write_sheet
from index.documents.office.sheet_xml import (
    CellScan,
    Position,
    merged_ranges,
    percent_styles,
    scan_cells,
    sheet_parts,
)

_MAX_MERGED = 200_000


class XlsxLoader(MarkupLoader):
    """Loads Excel workbooks. Formulas are never evaluated: their stored values are read."""

    def read(self, content: bytes, options: LoadOptions) -> Content:
        parts = read_package(Archive(content), "xl/")
        title, metadata = core_properties(parts.get(CORE_PROPERTIES))
        text, budget = MarkupText(), CellBudget()
        with library_errors("an Excel workbook"):
            sheets = sheet_parts(parts)
            percent = percent_styles(parts.get("xl/styles.xml"))
            workbook = CalamineWorkbook.from_filelike(zipped(parts))
            for name in _visible_sheets(workbook):
                scan = scan_cells(sheets[name], percent)
                budget.spend(scan.extent.n_cells, f"sheet {name!r} reaches {scan.extent.last}")
                rows = _rows(workbook.get_sheet_by_name(name), scan)
                write_sheet(text, name, _with_merged(rows, sheets[name]))
        return text.content(title=title, metadata=metadata)


def _visible_sheets(workbook: CalamineWorkbook) -> Iterator[str]:
    for sheet in workbook.sheets_metadata:
        if sheet.typ == SheetTypeEnum.WorkSheet and sheet.visible == SheetVisibleEnum.Visible:
            yield sheet.name


def _rows(sheet: CalamineSheet, scan: CellScan) -> Iterator[SheetRow]:
    """Yield the rows from the first to the last with a value; cells from column A on."""
    if sheet.start is None:
        return
    _, left = sheet.start
    for i, values in enumerate(sheet.iter_rows()):  # from the first row of the sheet
        cells = [
            value_text(value, is_percent=(i, j) in scan.percentages) or scan.errors.get((i, j), "")
            for j, value in enumerate(values, left)
        ]
        yield SheetRow(i + 1, [""] * left + cells)


def _with_merged(rows: Iterator[SheetRow], part: bytes) -> Iterator[SheetRow]:
    """Yield rows in which a merged cell has its text in each row and column of it."""
    ranges = sorted(islice(merged_ranges(part), _MAX_MERGED), reverse=True)
    open_columns: dict[int, tuple[int, str]] = {}
    for row in rows:
        i, cells = row.number - 1, list(row.cells)
        open_columns = {j: each for j, each in open_columns.items() if each[0] >= i}
        for j, (_, text) in open_columns.items():
            cells[j] = cells[j] or text
        is_line = sum(bool(cell) for cell in cells) == 1
        while ranges and ranges[-1][0][0] <= i:
            first, last = ranges.pop()
            if first[0] == i and not is_line:
                _spread(cells, open_columns, first, last)
        yield SheetRow(row.number, cells)


def _spread(
    cells: list[str],
    open_columns: dict[int, tuple[int, str]],
    first: Position,
    last: Position,
) -> None:
    """Copy a merged cell's text into its columns. Ranges do not overlap; a damaged one is cut."""
    for j in range(first[1], min(last[1] + 1, len(cells))):
        if j in open_columns:
            return
        cells[j] = cells[j] or cells[first[1]]
        open_columns[j] = (last[0], cells[j])
