"""Excel workbooks and OpenDocument spreadsheets: values worked by hand."""

from datetime import date, datetime, time
from io import BytesIO

import pytest
import xlsxwriter

from index.documents.loader import Content, Loader, LoadOptions
from index.documents.loaders.ods import OdsLoader
from index.documents.loaders.xlsx import XlsxLoader
from index.documents.office.sheet_xml import column_name, column_of
from index.errors import UnreadableDocument
from index.places import Place
from office_files import open_document


def xlsx(fill: object) -> Content:
    return XlsxLoader().load(xlsx_bytes(fill), LoadOptions())


def xlsx_bytes(fill: object) -> bytes:
    stream = BytesIO()
    workbook = xlsxwriter.Workbook(stream, {"in_memory": True})
    fill(workbook)  # type: ignore[operator]
    workbook.close()
    return stream.getvalue()


def ods(body: str, styles: str = "") -> Content:
    return OdsLoader().load(open_document("spreadsheet", body, styles=styles), LoadOptions())


def cell(text: str, more: str = "") -> str:
    return f"<table:table-cell {more}><text:p>{text}</text:p></table:table-cell>"


def row(*cells: str, more: str = "") -> str:
    return f"<table:table-row {more}>{''.join(cells)}</table:table-row>"


def sheet(name: str, *rows: str, more: str = "") -> str:
    return f'<table:table table:name="{name}" {more}>{"".join(rows)}</table:table>'


def fill_prices(workbook: xlsxwriter.Workbook) -> None:
    prices = workbook.add_worksheet("Prices")
    prices.write("A2", "Prices of 2024")
    prices.write_row("A3", ["Plan", "Price", "Discount"])
    prices.write_row("A4", ["Basic", 5])
    prices.write("C4", 0.15, workbook.add_format({"num_format": "0%"}))
    prices.write_row("A6", ["Region", "Tax"])
    prices.write_row("A7", ["North", 0.5])
    hidden = workbook.add_worksheet("Secret")
    hidden.write("A1", "SECRET")
    hidden.hide()
    workbook.add_worksheet("Empty")
    notes = workbook.add_worksheet("Notes")
    notes.write_column("A1", ["Prices are per month.", "Taxes are not included"])


PRICES_ODS = (
    sheet(
        "Prices",
        row('<table:table-cell table:number-columns-repeated="16384"/>'),
        row(cell("Prices of 2024")),
        row(cell("Plan"), cell("Price"), cell("Discount")),
        row(
            cell("Basic"),
            cell("5,00 €", 'office:value-type="currency" office:value="5"'),
            cell("15%", 'office:value-type="percentage" office:value="0.15"'),
        ),
        row("<table:table-cell/>"),
        row(cell("Region"), cell("Tax")),
        row(cell("North"), cell("0,50", 'office:value-type="float" office:value="0.5"')),
        row('<table:table-cell table:number-columns-repeated="16384"/>',
            more='table:number-rows-repeated="1048569"'),
    )
    + sheet("Secret", row(cell("SECRET")), more='table:style-name="ta2"')
    + sheet("Empty", row("<table:table-cell/>"))
    + sheet("Notes", row(cell("Prices are per month.")), row(cell("Taxes are not included")))
)  # fmt: skip
HIDDEN = (
    '<style:style style:name="ta2" style:family="table">'
    '<style:table-properties table:display="false"/></style:style>'
)


@pytest.mark.parametrize(
    "content", [xlsx(fill_prices), ods(PRICES_ODS, HIDDEN)], ids=["xlsx", "ods"]
)
def test_sheets_are_sections_with_tables_titles_and_places(content: Content) -> None:
    text = content.text
    assert text == (
        "# Prices\n\nPrices of 2024\n\n"
        "| Plan | Price | Discount |\n| --- | --- | --- |\n| Basic | 5 | 15% |\n\n"
        "| Region | Tax |\n| --- | --- |\n| North | 0.5 |\n\n"
        "# Notes\n\nPrices are per month.\n\nTaxes are not included"
    )
    assert content.places == tuple(
        sorted(
            [
                Place(0, "row", ""),
                Place(0, "sheet", "Prices"),
                Place(text.index("Prices of"), "row", "2"),
                Place(text.index("| Plan"), "row", "3"),
                Place(text.index("| Basic"), "row", "4", counts_lines=True),
                Place(text.index("| Region"), "row", "6"),
                Place(text.index("| North"), "row", "7", counts_lines=True),
                Place(text.index("# Notes"), "row", ""),
                Place(text.index("# Notes"), "sheet", "Notes"),
                Place(text.index("Prices are"), "row", "1"),
                Place(text.index("Taxes"), "row", "2"),
            ],
            key=lambda place: place.start,
        )
    )
    assert [heading.text for heading in content.headings] == ["Prices", "Notes"]


def fill_values(workbook: xlsxwriter.Workbook) -> None:
    values = workbook.add_worksheet("Values")
    values.write_row("B1", ["kind", "value"])
    names = ("yyyy-mm-dd", "yyyy-mm-dd hh:mm", "hh:mm", "0.00%", '0"%"')
    formats = {each: workbook.add_format({"num_format": each}) for each in names}
    rows: list[tuple[str, object, str | None]] = [
        ("whole", 1234567, None),
        ("sum", 0.1 + 0.2, None),
        ("day", date(2024, 5, 6), "yyyy-mm-dd"),
        ("moment", datetime(2024, 5, 6, 7, 8), "yyyy-mm-dd hh:mm"),
        ("time", time(12, 5), "hh:mm"),
        ("percent", 0.157, "0.00%"),
        ("literal", 3, '0"%"'),
    ]
    for i, (name, value, format) in enumerate(rows, 1):
        values.write(i, 1, name)
        if isinstance(value, date | time):
            values.write_datetime(i, 2, value, formats[str(format)])
        else:
            values.write(i, 2, value, formats[format] if format else None)
    values.write_boolean("C9", True)
    values.write("B9", "true")
    values.write("B10", "error")
    values.write_formula("C10", "=1/0", None, "#DIV/0!")
    values.write("B11", "formula")
    values.write_formula("C11", "=1+1", None, 2)


def test_values_of_a_workbook_are_as_people_read_them() -> None:
    rows = [line.strip("| ").split(" | ") for line in xlsx(fill_values).text.split("\n")[4:]]
    assert dict(map(tuple, rows)) == {  # type: ignore[arg-type]
        "whole": "1234567", "sum": "0.3", "day": "2024-05-06", "moment": "2024-05-06 07:08:00",
        "time": "12:05:00", "percent": "15.7%", "literal": "3", "true": "TRUE",
        "error": "#DIV/0!", "formula": "2",
    }  # fmt: skip


def test_values_of_an_ods_are_as_people_read_them() -> None:
    def value(kind: str, name: str, stored: str, shown: str = "?") -> str:
        return cell(shown, f'office:value-type="{kind}" office:{name}="{stored}"')

    comment = "<office:annotation><text:p>No!</text:p></office:annotation>"
    cells = [
        value("date", "date-value", "2024-05-06T00:00:00"),
        value("date", "date-value", "2024-05-06T07:08:00"),
        value("time", "time-value", "PT12H05M00S"),
        value("boolean", "boolean-value", "true"),
        value("float", "value", "1", "TRUE"),
        value("string", "string-value", "", "#DIV/0!"),
        f'<table:table-cell office:value-type="string">{comment}<text:p>a</text:p>'
        "<text:p>b</text:p></table:table-cell>",
    ]
    lines = ods(sheet("S", row(*map(cell, "tuvwxyz")), row(*cells))).text.split("\n")
    assert (
        lines[-1] == "| 2024-05-06 | 2024-05-06 07:08:00 | 12:05:00 | TRUE | TRUE | #DIV/0! | a b |"
    )


def fill_merged(workbook: xlsxwriter.Workbook) -> None:
    merged = workbook.add_worksheet("Merged")
    merged.merge_range("A1:C1", "A title across")
    merged.merge_range("B2:C2", "Cost")
    merged.write("A2", "Plan")
    merged.merge_range("A3:A4", "Basic")
    merged.write_row("B3", [5, "year"])
    merged.write_row("B4", [1, "month"])


MERGED_ODS = sheet(
    "Merged",
    row(cell("A title across", 'table:number-columns-spanned="3"'),
        '<table:covered-table-cell table:number-columns-repeated="2"/>'),
    row(cell("Plan"), cell("Cost", 'table:number-columns-spanned="2"'),
        "<table:covered-table-cell/>"),
    row(cell("Basic", 'table:number-rows-spanned="2"'), cell("5"), cell("year")),
    row("<table:covered-table-cell/>", cell("1"), cell("month")),
)  # fmt: skip


@pytest.mark.parametrize("content", [xlsx(fill_merged), ods(MERGED_ODS)], ids=["xlsx", "ods"])
def test_merged_cells_are_repeated(content: Content) -> None:
    assert content.text == (
        "# Merged\n\nA title across\n\n| Plan | Cost | Cost |\n| --- | --- | --- |\n"
        "| Basic | 5 | year |\n| Basic | 1 | month |"
    )


def fill_far(workbook: xlsxwriter.Workbook) -> None:
    far = workbook.add_worksheet("Far")
    far.write("A1", "here")
    far.write("XFD1048576", "there")


FAR_ODS = sheet(
    "Far",
    row(cell("x", 'table:number-columns-repeated="16384"'),
        more='table:number-rows-repeated="1048576"'),
)  # fmt: skip


@pytest.mark.parametrize(
    ("loader", "content", "reason"),
    [
        (XlsxLoader(), xlsx_bytes(fill_far), "sheet 'Far' reaches XFD1048576"),
        (OdsLoader(), open_document("spreadsheet", FAR_ODS), "row 1"),
    ],
    ids=["xlsx", "ods"],
)
def test_sheets_that_claim_too_many_cells_are_refused(
    loader: Loader, content: bytes, reason: str
) -> None:
    with pytest.raises(UnreadableDocument, match=reason) as raised:
        loader.load(content, LoadOptions())
    assert raised.value.kind == "too-large"


def test_a_far_row_of_an_ods_costs_nothing() -> None:
    blank = row("<table:table-cell/>", more='table:number-rows-repeated="1048574"')
    content = ods(sheet("S", row(cell("here"), cell("a")), blank, row(cell("there"), cell("b"))))
    assert [place.label for place in content.places if place.kind == "row"] == ["", "1", "1048576"]


def test_columns_are_named_as_in_a_sheet() -> None:
    assert [column_name(i) for i in (0, 25, 26, 701, 702, 16383)] == [
        "A", "Z", "AA", "ZZ", "AAA", "XFD",
    ]  # fmt: skip
    assert all(column_of(column_name(i).encode()) == i for i in range(16384))
