"""A quote's rectangles are found in the file that was indexed, and in no other."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from fakes import HashEmbedder
from index.backends import backend_at
from index.documents.isolation import parsing
from index.errors import FileChanged, NoRectangles, SpanOutOfRange, UnreadableDocument
from index.ingest.ingest import ingest
from index.types import DocumentRecord
from pdf_files import PdfPage, lines_of, pdf_of
from rag.locate import locate

FERRY = pdf_of([PdfPage(lines_of("The ferry leaves at nine.", "It returns at noon."))])


@pytest.fixture
def record(tmp_path: Path) -> Iterator[DocumentRecord]:
    (tmp_path / "ferry.pdf").write_bytes(FERRY)
    with parsing():
        yield record_in(tmp_path, "ferry.pdf")


def record_in(folder: Path, name: str) -> DocumentRecord:
    ingest(folder / ".rag", [folder / name], HashEmbedder)
    with backend_at(folder / ".rag").reader() as snapshot:
        return snapshot.records()[0]


def test_the_rectangles_are_those_of_the_indexed_file(record: DocumentRecord) -> None:
    found = locate(record, 4, 24)
    assert (found.doc_id, found.start, found.end) == (record.doc_id, 4, 24)
    assert found.sha256 == record.sha256
    assert [(each.page, each.label) for each in found.rectangles] == [(1, "1")]
    assert found.rectangles[0].left > 72


@pytest.mark.parametrize(("start", "end"), [(-1, 3), (3, 3), (9, 4), (0, 1000)])
def test_a_span_outside_the_document_is_refused(
    record: DocumentRecord, start: int, end: int
) -> None:
    with pytest.raises(SpanOutOfRange, match="choose 0 <= start < end"):
        locate(record, start, end)


def test_a_file_that_has_changed_is_named(record: DocumentRecord) -> None:
    assert record.path is not None
    Path(record.path).write_bytes(FERRY + b"\n% edited")
    with pytest.raises(FileChanged, match="has changed since it was indexed; ingest it again"):
        locate(record, 0, 3)


def test_a_file_that_is_missing_is_named_without_its_path(record: DocumentRecord) -> None:
    assert record.path is not None
    Path(record.path).unlink()
    with pytest.raises(FileChanged, match="No such file") as raised:
        locate(replace(record, doc_id="ferry"), 0, 3)
    assert record.path not in str(raised.value)


def test_a_document_that_was_read_differently_is_named(record: DocumentRecord) -> None:
    with pytest.raises(FileChanged, match="reads its file differently"):
        locate(replace(record, sha256="0" * 64), 0, 3)


def test_a_document_of_another_format_has_no_rectangles(tmp_path: Path) -> None:
    (tmp_path / "ferry.txt").write_text("The ferry leaves at nine.")
    with pytest.raises(NoRectangles, match=r"is not a PDF \(text/plain\)"):
        locate(record_in(tmp_path, "ferry.txt"), 0, 3)


def test_a_document_without_a_file_has_no_rectangles(record: DocumentRecord) -> None:
    with pytest.raises(NoRectangles, match="was not read from a file"):
        locate(replace(record, path=None), 0, 3)


def test_a_file_that_cannot_be_parsed_any_more_is_unreadable(record: DocumentRecord) -> None:
    assert record.path is not None
    Path(record.path).write_bytes(b"%PDF-1.4\nnothing")
    with pytest.raises(UnreadableDocument, match="damaged"):
        locate(replace(record, file_version=None), 0, 3)
