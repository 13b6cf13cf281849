"""The rectangles of quotes on the pages of PDFs."""

from collections.abc import Iterator
from contextlib import closing
from functools import cache
from io import BytesIO
from pathlib import Path

import pypdfium2
import pytest

from bench.pdf_quotes import letters, pdfs_under, random_quotes
from bench.pdf_rectangles import text_in
from command import ROOT
from index.documents.isolation import parsing
from index.documents.loader import LoadOptions
from index.documents.loaders.pdf import PdfLoader
from index.documents.pdf_lines import read_pdf
from index.documents.pdf_rectangles import rectangles_of
from index.documents.pdf_text import PdfText
from index.documents.rectangles import Rectangle
from index.types import Span, sha256_of
from pdf_files import PdfPage, Placed, lines_of, pdf_of

PDFS = [
    path for path in pdfs_under([ROOT / "tests/files/corpus"]) if path.name != "img2pdf-scan.pdf"
]


@pytest.fixture(autouse=True, scope="module")
def _parser_ends() -> Iterator[None]:
    with parsing():
        yield


def located(content: bytes, quote: str) -> tuple[Rectangle, ...]:
    text = PdfLoader().load(content, LoadOptions()).text
    start = text.index(quote)
    found = PdfLoader().rectangles(content, Span(start, start + len(quote)))
    assert found.text_sha256 == sha256_of(text)
    return found.rectangles


def read_back(content: bytes, rectangles: tuple[Rectangle, ...], folder: Path) -> str:
    (folder / "a.pdf").write_bytes(content)
    return " ".join(text_in(folder / "a.pdf", rectangles).split())


def test_a_rectangle_is_in_points_from_the_top_left_corner_of_the_page() -> None:
    content = pdf_of([PdfPage([Placed("Harbour", x=100, y=700, size=20)])])
    (found,) = located(content, "Harbour")
    assert (found.page, found.label) == (1, "1")
    assert (found.page_width, found.page_height) == (612, 792)
    # The base line is 92 points below the top; capitals of Helvetica are 0.72 of its size high.
    assert found.left == pytest.approx(100, abs=2)
    assert found.bottom == pytest.approx(92, abs=1)
    assert found.top == pytest.approx(92 - 0.72 * 20, abs=1)
    # Helvetica's widths of H, a, r, b, o, u and r.
    width = 20 * (722 + 556 + 333 + 556 + 556 + 556 + 333) / 1000
    assert found.right == pytest.approx(100 + width, abs=1)


def test_a_quote_has_a_rectangle_for_each_line_and_a_divided_word_has_two(tmp_path: Path) -> None:
    lines = lines_of("Aid was 43 percent of the gross domestic product be-", "fore the takeover.")
    content = pdf_of([PdfPage(lines)])
    first, second = located(content, "product before the")
    assert first.bottom < second.top
    assert second.left == pytest.approx(72, abs=1)
    assert read_back(content, (first,), tmp_path) == "product be"
    assert read_back(content, (second,), tmp_path) == "fore the"


def test_a_quote_over_two_pages_has_rectangles_on_both(tmp_path: Path) -> None:
    first = PdfPage(lines_of("The donors paid for nearly all that the state bought in those"))
    second = PdfPage(lines_of("years, and then they stopped."))
    content = pdf_of([first, second], labels="0 << /S /r >>")
    found = located(content, "in those\nyears, and")
    assert [(each.page, each.label) for each in found] == [(1, "i"), (2, "ii")]
    assert read_back(content, found, tmp_path) == "in those years, and"


def test_running_heads_that_are_left_out_do_not_shift_the_rectangles(tmp_path: Path) -> None:
    words = "one two three four".split()
    pages = [
        PdfPage([Placed("Annual report", y=760), *lines_of(f"Page {word} is here."),
                 Placed(f"Page {n} of 4", y=30)])
        for n, word in enumerate(words, 1)
    ]  # fmt: skip
    content = pdf_of(pages)
    for n, word in enumerate(words, 1):
        found = located(content, f"{word} is here.")
        assert [each.page for each in found] == [n]
        assert read_back(content, found, tmp_path) == f"{word} is here."


def test_columns_have_rectangles_of_their_own(tmp_path: Path) -> None:
    left = lines_of("The left column has a sentence that", "goes on at its own next line")
    right = lines_of("and ends in the right one,", "where it stops.", x=330)
    content = pdf_of([PdfPage([*left, *right])])
    found = located(content, "own next line and ends in")
    assert [each.left > 300 for each in found] == [False, True]
    assert read_back(content, found, tmp_path) == "own next line and ends in"


def test_each_cell_of_a_table_has_its_rectangle(tmp_path: Path) -> None:
    rows = [("Plan", "Price"), ("Basic | small", "5 dollars"), ("Pro", "9 dollars")]
    lines = [
        Placed(cell, x=72 + 150 * column, y=700 - 14 * row)
        for row, cells in enumerate(rows)
        for column, cell in enumerate(cells)
    ]
    content = pdf_of([PdfPage(lines)])
    found = located(content, "small | 5 dollars |\n| Pro | 9")
    assert read_back(content, found, tmp_path) == "small 5 dollars Pro 9"


def test_marks_of_the_canonical_text_have_no_rectangle(tmp_path: Path) -> None:
    lines = [
        Placed("Report", y=740, size=24),
        *lines_of("Bring these things to the office of the harbour:", "• a passport", top=700),
        *lines_of("> 40 people came, and that was more than anyone had expected.", top=600),
    ]
    content = pdf_of([PdfPage(lines)])
    assert located(content, "# ") == ()
    assert read_back(content, located(content, "# Rep"), tmp_path) == "Rep"
    assert read_back(content, located(content, "- a pass"), tmp_path) == "a pass"
    assert read_back(content, located(content, "\\> 40 people"), tmp_path) == "> 40 people"


def changed(content: bytes, *, turned: int, cropped: bool) -> bytes:
    """The PDF with its pages turned clockwise by so many degrees, and with a crop box."""
    with closing(pypdfium2.PdfDocument(content)) as file:
        for page in file:
            page.set_rotation(turned)
            if cropped:
                page.set_cropbox(50, 500, 560, 750)
        stream = BytesIO()
        file.save(stream)
    return stream.getvalue()


@pytest.mark.parametrize("turned", [0, 90, 180, 270])
def test_turned_and_cropped_pages_count_from_their_own_top_left_corner(
    turned: int, tmp_path: Path
) -> None:
    upright = pdf_of([PdfPage(lines_of("Harbour dues are paid here.", "Keep the receipt."))])
    (plain,) = located(upright, "dues are")
    content = changed(upright, turned=turned, cropped=True)
    (found,) = located(content, "dues are")
    assert read_back(content, (found,), tmp_path) == "dues are"
    # By hand: the crop box is 510 x 250 points; its top left corner is at (50, 792 - 750).
    left, right = plain.left - 50, plain.right - 50
    top, bottom = plain.top - 42, plain.bottom - 42
    expected = {
        0: (left, top, right, bottom),
        90: (250 - bottom, left, 250 - top, right),
        180: (510 - right, 250 - bottom, 510 - left, 250 - top),
        270: (top, 510 - right, bottom, 510 - left),
    }[turned]
    sides = (found.left, found.top, found.right, found.bottom)
    assert sides == pytest.approx(expected, abs=0.02)
    size = (found.page_width, found.page_height)
    assert size == ((250, 510) if turned % 180 else (510, 250))


# Real files


@cache
def text_of(path: Path) -> PdfText:
    return PdfText.of(read_pdf(path.read_bytes()))


@pytest.mark.parametrize("path", PDFS, ids=lambda path: path.name)
def test_each_character_of_the_text_is_the_one_on_the_page(path: Path) -> None:
    text = text_of(path)
    with closing(pypdfium2.PdfDocument(path)) as file:
        characters = [
            [chr(pypdfium2.raw.FPDFText_GetUnicode(page, i) or 0xFFFD) for i in range(n)]
            for page in (each.get_textpage() for each in file)
            for n in [page.count_chars()]
        ]
    assert text.pieces
    for piece in text.pieces:
        assert text.written.text[piece.start :].startswith(piece.text.text)
        for shown, origin in zip(piece.text.text, piece.text.origins, strict=True):
            if origin >= 0 and letters(shown):
                assert shown in letters(characters[piece.page][origin])


@pytest.mark.parametrize("path", PDFS, ids=lambda path: path.name)
def test_random_quotes_are_read_back_from_their_rectangles(path: Path) -> None:
    content = path.read_bytes()
    quotes = random_quotes([path], 5, seed=3)
    assert quotes
    for quote in quotes:
        found = rectangles_of(content, text_of(path), quote.span)
        assert letters(text_in(path, found)) == letters(quote.text)
    # The rectangles are those of this quote: other ones contain another text.
    others = rectangles_of(content, text_of(path), Span(0, quotes[0].span.start or 30))
    assert letters(text_in(path, others)) != letters(quotes[0].text)
