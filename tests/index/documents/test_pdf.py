"""PDFs: paragraphs over lines, columns and pages, headings, tables, running heads, labels."""

import pytest

from index.documents.loader import Content, LoadOptions, loader_of_media_type
from index.errors import UnreadableDocument
from index.places import PlaceRange
from index.types import Document, Span
from pdf_files import PdfPage, Placed, lines_of, pdf_of


def load(content: bytes) -> Content:
    return loader_of_media_type("application/pdf").load(content, LoadOptions())


def document(content: Content) -> Document:
    return Document("a", "a", "A", content.text, pages=content.pages, places=content.places)


def span(content: Content, quote: str) -> Span:
    start = content.text.index(quote)
    return Span(start, start + len(quote))


PROSE = lines_of(
    "Aid from abroad was 43 percent of the country's gross domestic product be-",
    "fore the takeover, and three quarters of public spending were paid by for-",
    "eign donors. It fell.",
    "After that, most of the well-known donors stopped all payments to the coun-",
    "try at once.",
)


def test_lines_are_paragraphs_and_divided_words_are_whole() -> None:
    content = load(pdf_of([PdfPage(PROSE)]))
    assert content.text == (
        "Aid from abroad was 43 percent of the country's gross domestic product before the "
        "takeover, and three quarters of public spending were paid by foreign donors. It fell.\n\n"
        "After that, most of the well-known donors stopped all payments to the country at once."
    )


def test_a_compound_keeps_its_hyphen_where_the_file_has_it_elsewhere() -> None:
    lines = lines_of(
        "A well-known donor and another one that is far from being as much well-",
        "known as the first of the two.",
    )
    assert "much well-known as" in load(pdf_of([PdfPage(lines)])).text


def test_a_paragraph_goes_on_over_a_page_and_the_page_begins_within_it() -> None:
    first = PdfPage(lines_of("The donors paid for nearly all that the state bought in those"))
    second = PdfPage(lines_of("years, and then they stopped."))
    content = load(pdf_of([first, second]))
    assert content.text == (
        "The donors paid for nearly all that the state bought in those\n"
        "years, and then they stopped."
    )
    assert document(content).pages_of(span(content, "years")) == (2, 2)
    assert document(content).pages_of(span(content, "those\nyears")) == (1, 2)
    assert [block.kind for block in content.blocks] == ["paragraph"]


def test_running_heads_and_page_numbers_are_left_out() -> None:
    pages = [
        PdfPage(
            [
                Placed("Annual report 2021", y=760, size=9),
                *lines_of(f"The text of page {'one two three four'.split()[n]} is here."),
                Placed(f"Page {n + 1} of 4", y=30, size=9),
            ]
        )
        for n in range(4)
    ]
    text = load(pdf_of(pages)).text
    assert "Annual report" not in text
    assert "of 4" not in text
    assert text.count("is here.") == 4


def test_larger_lines_are_headings_by_their_size() -> None:
    lines = [
        Placed("Aid", y=740, size=24),
        Placed("Who paid", y=700, size=16),
        *lines_of("Foreign donors paid for nearly all of it in those years.", top=670),
    ]
    content = load(pdf_of([PdfPage(lines)]))
    assert [(each.level, each.text) for each in content.headings] == [(1, "Aid"), (2, "Who paid")]
    assert content.title == "Aid"


def test_the_outline_names_the_headings_whatever_their_number_and_size() -> None:
    lines = [
        Placed("2.1 Who paid", y=720),
        *lines_of("Foreign donors paid for nearly all of it in those years.", top=690),
    ]
    content = load(pdf_of([PdfPage(lines)], outline=[("Who paid", 0)]))
    assert [(each.level, each.text) for each in content.headings] == [(1, "2.1 Who paid")]


def test_columns_are_read_one_after_the_other() -> None:
    left = lines_of("The left column has a sentence that", "goes on at its own next line.")
    right = lines_of("The right column has another one,", "which is read after it.", x=330)
    assert load(pdf_of([PdfPage([*left, *right])])).text == (
        "The left column has a sentence that goes on at its own next line.\n\n"
        "The right column has another one, which is read after it."
    )


def test_wide_gaps_make_a_table_with_its_header() -> None:
    rows = [("Plan", "Price"), ("Basic", "5 dollars"), ("Pro", "9 dollars")]
    lines = [
        Placed(cell, x=72 + 150 * column, y=700 - 14 * row)
        for row, cells in enumerate(rows)
        for column, cell in enumerate(cells)
    ]
    text = load(pdf_of([PdfPage(lines)])).text
    assert text == "| Plan | Price |\n| --- | --- |\n| Basic | 5 dollars |\n| Pro | 9 dollars |"


def placed_rows(rows: list[list[str]], columns: list[float]) -> list[Placed]:
    """Lines of cells; an empty cell is not drawn."""
    return [
        Placed(cell, x=columns[n], y=700 - 14 * row)
        for row, cells in enumerate(rows)
        for n, cell in enumerate(cells)
        if cell
    ]


def test_a_long_cell_near_the_next_one_is_a_cell_where_the_other_rows_have_one() -> None:
    # In Helvetica, the gap after `Motorcars` is as wide as one between two words.
    rows = [["Fare", "Single", "Return"], ["Adult", "42", "70"], ["Child", "21", "35"],
            ["Motorcars", "160", "290"]]  # fmt: skip
    text = load(pdf_of([PdfPage(placed_rows(rows, [72, 134, 220]))])).text
    assert text.splitlines()[2:] == [
        "| Adult | 42 | 70 |",
        "| Child | 21 | 35 |",
        "| Motorcars | 160 | 290 |",
    ]


def test_an_empty_cell_keeps_the_others_in_their_columns() -> None:
    rows = [["Fare", "Single", "Return"], ["Adult", "42", "70"], ["Dog on a lead", "", "9 crowns"],
            ["Motorcar", "160", "290"]]  # fmt: skip
    text = load(pdf_of([PdfPage(placed_rows(rows, [72, 172, 222]))])).text
    assert text.splitlines()[2:] == [
        "| Adult | 42 | 70 |",
        "| Dog on a lead |  | 9 crowns |",
        "| Motorcar | 160 | 290 |",
    ]


def test_prose_below_a_table_is_no_row_of_it() -> None:
    rows = [["Fare", "Single", "Return"], ["Adult", "42", "70"], ["Child", "21", "35"]]
    prose = [Placed("Fares are paid at the pier, in coins, before the ferry leaves.", y=658)]
    text = load(pdf_of([PdfPage([*placed_rows(rows, [72, 172, 272]), *prose])])).text
    assert text.endswith("\n\nFares are paid at the pier, in coins, before the ferry leaves.")
    assert text.count("\n|") == 3


def test_bullets_and_numbers_are_list_items() -> None:
    lines = lines_of("Bring these:", "\u2022 a passport", "\u2022 two photos", "2. money")
    assert load(pdf_of([PdfPage(lines)])).text == (
        "Bring these:\n\n- a passport\n- two photos\n\n2. money"
    )


def test_numbers_that_the_file_has_after_their_items_are_before_them() -> None:
    items = lines_of("Weigh the parcel at the office.", "Fill in the yellow form.", x=90)
    numbers = lines_of("1.", "2.", x=72)
    text = load(pdf_of([PdfPage([*items, *numbers])])).text
    assert text == "1. Weigh the parcel at the office.\n\n2. Fill in the yellow form."


def test_printed_page_numbers_are_places_where_they_differ() -> None:
    pages = [PdfPage(lines_of(f"{word} page.")) for word in ("First", "Second", "Third")]
    content = load(pdf_of(pages, labels="0 << /S /r >> 2 << /S /D >>"))
    found = document(content).places_of(span(content, "Second page"))
    assert found == (PlaceRange("page-label", "ii", "ii"),)
    assert document(content).pages_of(span(content, "Third")) == (3, 3)
    assert load(pdf_of(pages)).places == ()


def test_properties_are_metadata() -> None:
    info = {"Title": "Aid", "Author": "Ann Lee", "CreationDate": "D:20210930074500Z"}
    content = load(pdf_of([PdfPage(PROSE)], info=info))
    assert (content.title, content.metadata) == ("Aid", {"author": "Ann Lee", "date": "2021-09-30"})


@pytest.mark.parametrize("title", ["Microsoft Word - a.doc", "a.tex", "Untitled", " "])
def test_a_title_that_programs_write_is_none(title: str) -> None:
    assert load(pdf_of([PdfPage(PROSE)], info={"Title": title})).title is None


def test_scanned_pages_are_named() -> None:
    with pytest.raises(UnreadableDocument, match="ocrmypdf") as raised:
        load(pdf_of([PdfPage(has_picture=True)]))
    assert raised.value.kind == "no-text"
    mixed = load(pdf_of([PdfPage(PROSE), PdfPage(has_picture=True)]))
    assert mixed.warning == "pages without text, only pictures: 2"


@pytest.mark.parametrize(
    ("content", "kind"),
    [(b"", "empty"), (b"Just text.", "binary"), (b"%PDF-1.4\nnothing", "damaged")],
)
def test_what_is_no_pdf_is_refused(content: bytes, kind: str) -> None:
    with pytest.raises(UnreadableDocument) as raised:
        load(content)
    assert raised.value.kind == kind


@pytest.mark.parametrize("percent", range(1, 100, 7))
def test_a_cut_file_is_read_or_refused(percent: int) -> None:
    content = pdf_of([PdfPage(PROSE)] * 3, outline=[("Aid", 1)])
    kind = "read"
    try:
        load(content[: len(content) * percent // 100])
    except UnreadableDocument as refusal:
        kind = refusal.kind
    assert kind in {"read", "binary", "damaged", "empty", "no-text"}
