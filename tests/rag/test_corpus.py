"""Files of real tools in every format: each is read, and a sentence of it is cited where it is.

tests/files/README.md says where the files are from. tests/files/expected.csv was written from what
other tools show of them.
"""

import csv
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest
import regex

from command import ROOT
from fakes import HashEmbedder
from index.backend import Snapshot
from index.documents.formats import FORMATS, format_of_file
from index.documents.load import read_file
from index.documents.loader import LoadOptions, loader_of
from index.errors import UnreadableDocument
from index.ingest.ingest import ingest
from index.protocols import Embedder
from index.types import Span, digest_of
from rag.answer.cite import cite
from rag.pipeline import Pipeline
from rag.results import Citation, Filter

FILES = ROOT / "tests/files"
CORPUS = FILES / "corpus"
SCANNED = "img2pdf-scan.pdf"


class Expected(NamedTuple):
    """What other tools show of a file. place: kind and label, as `page 2`; "" if it has none."""

    name: str
    title: str
    place: str
    quote: str


with (FILES / "expected.csv").open(encoding="utf-8", newline="") as _table:
    EXPECTED = [Expected(*row) for row in list(csv.reader(_table))[1:]]

FERRY = [each.name for each in EXPECTED if "-ferry." in each.name]
every_file = pytest.mark.parametrize("expected", EXPECTED, ids=lambda each: each.name)


@pytest.fixture(scope="module")
def pipeline(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pipeline]:
    """An index of the whole corpus."""
    folder = tmp_path_factory.mktemp("corpus")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(CORPUS)
        report = ingest(folder, [Path()], HashEmbedder)
    assert [Path(skipped.path).name for skipped in report.skipped] == [SCANNED]
    pipeline = Pipeline.over(folder, HashEmbedder())
    yield pipeline
    pipeline.close()


@pytest.fixture
def snapshot(pipeline: Pipeline) -> Iterator[Snapshot]:
    with pipeline.snapshot() as snapshot:
        yield snapshot


def words(text: str) -> str:
    return " ".join(text.split())


def places_of(citation: Citation) -> set[str]:
    found = {f"{place.kind} {place.first}" for place in citation.places}
    return found | ({f"page {citation.page_start}"} if citation.page_start else set())


def test_every_format_has_a_file_and_every_file_is_listed() -> None:
    names = sorted(path.name for path in CORPUS.iterdir())
    assert sorted([*(each.name for each in EXPECTED), SCANNED]) == names
    assert len(names) >= 60
    formats = {format_of_file(Path(name)) for name in names}
    assert formats >= {each for each in FORMATS if each.notation != "code"}
    readme = (FILES / "README.md").read_text("utf-8")
    assert [name for name in names if f"`{name}`" not in readme] == []
    assert sum(path.stat().st_size for path in CORPUS.iterdir()) < 3_000_000


def test_a_scanned_pdf_is_said_to_have_no_text() -> None:
    file = read_file(CORPUS / SCANNED)
    with pytest.raises(UnreadableDocument, match="pictures without text") as raised:
        loader_of(file.format).load(file.content, LoadOptions())
    assert raised.value.kind == "no-text"


@every_file
def test_the_title_is_the_one_that_other_tools_show(expected: Expected, snapshot: Snapshot) -> None:
    assert snapshot.document(expected.name).title == expected.title


@every_file
def test_every_passage_is_its_slice_of_the_text(expected: Expected, snapshot: Snapshot) -> None:
    document = snapshot.document(expected.name)
    chunks = snapshot.chunks(int(each) for each in snapshot.chunk_ids_of(doc_ids=[expected.name]))
    left = list(document.text)
    for chunk in chunks:
        assert digest_of(chunk.span.of(document.text)) == chunk.digest
        left[chunk.span.start : chunk.span.end] = " " * (chunk.span.end - chunk.span.start)
    assert "".join(left).isspace() or not "".join(left)


@every_file
def test_its_sentence_is_found_and_cited_exactly_at_its_place(
    expected: Expected, pipeline: Pipeline, snapshot: Snapshot
) -> None:
    document = snapshot.document(expected.name)
    found = regex.search(r"\s+".join(map(regex.escape, expected.quote.split())), document.text)
    assert found is not None, document.text
    span = Span(*found.span())
    (passage,) = [
        passage
        for passage in pipeline.search(expected.quote, 20, Filter(doc_id=[expected.name])).passages
        if passage.citation.span.contains(span)
    ]
    chunks = snapshot.chunks(int(each) for each in snapshot.chunk_ids_of(doc_ids=[expected.name]))
    citation = cite(document, [each for each in chunks if each.span == passage.citation.span], span)
    assert words(citation.quote) == expected.quote
    if expected.place:
        assert expected.place in places_of(citation)
    else:
        assert citation.page_start is None


QUESTIONS = {
    "When does the last ferry leave the eastern pier on weekdays?": "at 21:40 on weekdays.",
    "When is service suspended?": "when the wind exceeds twenty metres per second",
    "What does a lift by the harbour crane cost?": "twelve crowns a lift.",
    "How long is the Sofia?": "forty-one metres long",
    "Who appoints the chairwoman of the commission?": "appointed by the district court",
}

TABLE_QUESTION = {"What does the return ticket for a motorcar cost?": "290"}
WITHOUT_TABLE = {
    "groff-ferry.html",  # a picture
    "libreoffice-ferry.epub",  # its first row is not in the file
    "reportlab-ferry.pdf",  # continued on another page without its first row
    "enscript-ferry.pdf", "wkhtmltopdf-ferry.pdf",  # columns hardly further apart than words
    "pandoc-ferry.adoc", "pandoc-ferry.org", "pandoc-ferry.rst", "pandoc-ferry.tex",
    "pandoc-ferry.txt", "makeinfo-ferry.txt",  # tables in plain text are not read as tables
}  # fmt: skip


@pytest.fixture(scope="module")
def ferry(tmp_path_factory: pytest.TempPathFactory, embedder: Embedder) -> Iterator[Pipeline]:
    """An index of the files that were made of the same text, with the real model."""
    folder = tmp_path_factory.mktemp("ferry")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(CORPUS)
        ingest(folder, [Path(name) for name in FERRY], lambda: embedder)
    pipeline = Pipeline.over(folder, embedder)
    yield pipeline
    pipeline.close()


@pytest.mark.parametrize("name", FERRY)
def test_the_same_text_gives_the_same_answers_in_each_format(name: str, ferry: Pipeline) -> None:
    expected = QUESTIONS | ({} if name in WITHOUT_TABLE else TABLE_QUESTION)
    answers = {question: ferry.ask(question, 3, Filter(doc_id=[name])) for question in expected}
    texts = {question: words(answer.text or "") for question, answer in answers.items()}
    assert {q: text for q, text in texts.items() if expected[q] not in text} == {}
