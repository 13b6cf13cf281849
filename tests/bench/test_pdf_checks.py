"""Cited pages and answers of PDFs are checked against pdftotext and other formats."""

import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from bench.pdf_pages import is_on_its_pages
from bench.pdf_quotes import Quote, letters, pdfs_under, random_quotes
from bench.same_answers import QUESTIONS, answers_of, are_same, checked_pages
from command import ROOT
from index.documents.isolation import parsing
from index.protocols import Embedder

CORPUS = ROOT / "tests/files/corpus"
FHS = Path("/usr/share/doc/debian-policy/fhs")
FHS_FILES = [FHS / name for name in ("fhs-3.0.html", "fhs-3.0.pdf.gz", "fhs-3.0.txt.gz")]

needs_pdftotext = pytest.mark.skipif(
    shutil.which("pdftotext") is None, reason="pdftotext (poppler-utils) is not installed"
)


@pytest.fixture(scope="module")
def quotes() -> Iterator[list[Quote]]:
    with parsing():
        yield random_quotes(pdfs_under([CORPUS]), 80, seed=2)


@needs_pdftotext
def test_pdftotext_finds_quotes_on_their_cited_pages(quotes: list[Quote]) -> None:
    assert len(quotes) >= 70
    assert len({quote.path for quote in quotes}) >= 15
    missing = [quote.text for quote in quotes if not is_on_its_pages(quote)]
    assert len(missing) <= 0.01 * len(quotes), missing


@needs_pdftotext
def test_a_quote_that_is_cited_on_another_page_is_noticed(quotes: list[Quote]) -> None:
    on_first = [
        quote
        for quote in quotes
        if quote.document.pages_of(quote.span) == (1, 1) and len(quote.document.pages) > 1
    ]
    assert on_first
    for quote in on_first:
        pages = (0, 0, *quote.document.pages[1:-1])  # all of page 1 is cited as page 2
        assert not is_on_its_pages(replace(quote, document=replace(quote.document, pages=pages)))


def test_quotes_are_the_same_for_a_seed_and_long_enough(quotes: list[Quote]) -> None:
    with parsing():
        again = random_quotes(pdfs_under([CORPUS]), 80, seed=2)
    assert [(quote.path, quote.span) for quote in again] == [
        (quote.path, quote.span) for quote in quotes
    ]
    assert min(len(letters(quote.text)) for quote in quotes) >= 20


@pytest.mark.slow
@pytest.mark.skipif(not FHS.exists(), reason="Debian's package debian-policy is not installed")
def test_the_same_standard_gives_the_same_answers_as_html_pdf_and_text(embedder: Embedder) -> None:
    questions = QUESTIONS.read_text("utf-8").splitlines()
    with answers_of(FHS_FILES, questions, embedder) as answers:
        different = [question for question, by_file in answers.items() if not are_same(by_file)]
        # The text file is answered with another sentence about lock files.
        assert different in ([], ["Where must lock files be stored?"])
        if shutil.which("pdftotext"):
            assert all(each for by_file in answers.values() for each in checked_pages(by_file))
