"""OpenDocument spreadsheets (.ods), row by row."""

from collections import deque
from collections.abc import Iterator

from index.documents.loader import Content, LoadOptions
from index.documents.markup_loader import MarkupLoader
from index.documents.markup_text import MarkupText
from index.documents.office.cell_values import (
    date_text,
    duration_text,
    number_text,
    percent_text,
)
from index.documents.office.library_errors import library_errors
from index.documents.office.open_text import paragraph_text
from index.documents.office.opendocument import (
    OpenStyles,
    attribute,
    count_of,
    meta_of,
    name_of,
    open_document_archive,
    qualified,
)
from index.documents.office.package import core_properties
from index.documents.office.sheet_text import CellBudget, SheetRow, write_sheet
from index.documents.office.table_cells import Cell, merged_rows
from index.documents.office.xml import Element, parse_events

_MAX_ROWS = 1 << 21
_MAX_COLUMNS = 1 << 14
_TABLE, _ROW = qualified("table:table"), qualified("table:table-row")
_STYLES = qualified("office:automatic-styles")


class OdsLoader(MarkupLoader):
    """Loads OpenDocument spreadsheets. Formulas are never evaluated: stored values are read."""

    def read(self, content: bytes, options: LoadOptions) -> Content:
        archive = open_document_archive(content, "a spreadsheet (.ods)")
        text = MarkupText()
        with library_errors("an OpenDocument spreadsheet"):
            title, metadata = core_properties(meta_of(archive))
            for name, rows in _sheets(archive.read("content.xml")):
                write_sheet(text, name, rows)
        return text.content(title=title, metadata=metadata)


_Events = Iterator[tuple[str, Element]]


def _sheets(xml: bytes) -> Iterator[tuple[str, Iterator[SheetRow]]]:
    """Yield the name and the rows of each visible sheet; the rows must be read in turn."""
    events = parse_events(xml, "content.xml", (_STYLES, _TABLE, _ROW))
    styles, budget = OpenStyles.of([]), CellBudget()
    for event, element in events:
        if event == "end" and element.tag == _STYLES:
            styles = OpenStyles.of([element])
        elif event == "start" and element.tag == _TABLE:
            rows = _merged(_numbered_rows(events, styles), budget)
            if _is_hidden(element, styles):
                deque(rows, maxlen=0)
            else:
                yield attribute(element, "table:name"), rows


def _is_hidden(table: Element, styles: OpenStyles) -> bool:
    return any(
        styles.property(style, "style:table-properties", "table:display") == "false"
        for style in styles.chain("table", attribute(table, "table:style-name"))
    )


def _merged(rows: Iterator[tuple[int, list[Cell[str]]]], budget: CellBudget) -> Iterator[SheetRow]:
    """Yield the rows, in which a merged cell has its text in each row and column of it."""
    numbers: list[int] = []

    def cells() -> Iterator[list[Cell[str]]]:
        for number, row in rows:
            numbers.append(number)
            yield row

    for texts in merged_rows(cells(), str):
        budget.spend(len(texts), f"row {numbers[-1]:,}")
        yield SheetRow(numbers[-1], texts)


def _numbered_rows(events: _Events, styles: OpenStyles) -> Iterator[tuple[int, list[Cell[str]]]]:
    """Yield the number and the cells of each row up to the end of the sheet.

    Repeated rows without text are yielded once.
    """
    number, depth = 0, 0
    for event, element in events:
        if element.tag == _TABLE:
            depth += 1 if event == "start" else -1
            if depth < 0:
                return
        elif event == "end" and element.tag == _ROW:
            cells = _cells(element, styles)
            repeated = count_of(element, "table:number-rows-repeated", _MAX_ROWS)
            for i in range(repeated if cells else 1):
                yield number + i + 1, cells
            number += repeated
            _free(element)


def _free(row: Element) -> None:
    """Free a row that has been read, and what is before it."""
    row.clear()
    while row.getprevious() is not None:
        del row.getparent()[0]


def _cells(row: Element, styles: OpenStyles) -> list[Cell[str]]:
    """Return the cells up to the last one with text."""
    cells: list[Cell[str]] = []
    n_blank = 0
    for element in row:
        if name_of(element) != "table:table-cell":
            continue  # a covered cell: the cell that covers it spans it
        text = _cell_text(element, styles)
        repeated = count_of(element, "table:number-columns-repeated", _MAX_COLUMNS)
        n_columns = count_of(element, "table:number-columns-spanned", _MAX_COLUMNS)
        if not text:
            n_blank += repeated * n_columns
            continue
        cells += [Cell("")] * min(n_blank, _MAX_COLUMNS)
        n_rows = count_of(element, "table:number-rows-spanned", _MAX_ROWS)
        cells += [Cell(text, n_columns, n_rows)] * repeated
        n_blank = 0
        if len(cells) > _MAX_COLUMNS:
            break
    return cells


def _cell_text(cell: Element, styles: OpenStyles) -> str:
    kind = attribute(cell, "office:value-type")
    if kind in ("float", "currency", "percentage"):
        return _number_text(cell, styles, kind)
    if kind == "date":
        return date_text(attribute(cell, "office:date-value"))
    if kind == "time":
        return duration_text(attribute(cell, "office:time-value"))
    if kind == "boolean":
        return attribute(cell, "office:boolean-value").upper()
    return _shown_text(cell, styles) or attribute(cell, "office:string-value")


def _number_text(cell: Element, styles: OpenStyles, kind: str) -> str:
    """Return a number; the text that is shown if it has no digit: LibreOffice shows 1 as TRUE."""
    shown = _shown_text(cell, styles)
    try:
        value = float(attribute(cell, "office:value"))
    except ValueError:
        return shown
    if shown and not any(each.isdigit() for each in shown):
        return shown
    return percent_text(value) if kind == "percentage" else number_text(value)


def _shown_text(cell: Element, styles: OpenStyles) -> str:
    paragraphs = cell.iterchildren(qualified("text:p"))
    return "\n".join(paragraph_text(each, styles).text for each in paragraphs).strip()
