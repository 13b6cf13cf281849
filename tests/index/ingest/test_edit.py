"""Single documents are put, changed and deleted in an index, each in one transaction."""

from collections.abc import Sequence
from pathlib import Path

import pytest

from fakes import HashEmbedder
from index.backend import Backend
from index.backends import BACKENDS, backend_at
from index.documents.formats import Format, format_of_media_type
from index.documents.load import LoadedFile, load_bytes
from index.documents.loader import Content, LoadOptions, loader_of
from index.errors import IndexMismatch, IndexMissing, NotFound, PreconditionFailed
from index.ingest.edit import Edited, Edits, editing
from index.ingest.ingest import ingest_documents
from index.ingest.progress import Progress
from index.types import DocumentRecord, Encoding, Span
from memory_backend import MemoryBackend


@pytest.fixture(params=[*BACKENDS, "memory"])
def backend(
    request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> Backend:
    """An empty index."""
    monkeypatch.setitem(BACKENDS, "memory", "memory_backend:MemoryBackend")
    monkeypatch.setattr(MemoryBackend, "indexes", {})
    ingest_documents(tmp_path / "index", [], HashEmbedder(), backend=request.param)
    return backend_at(tmp_path / "index", request.param)


def parse(format: Format, content: bytes, options: LoadOptions) -> Content:
    return loader_of(format).load(content, options)


def loaded(doc_id: str, text: str) -> LoadedFile:
    format = format_of_media_type("text/plain")
    assert format is not None
    return load_bytes(text.encode(), format, doc_id, LoadOptions(), parse)


def allow(record: DocumentRecord | None) -> None:
    pass


def forbid(_: DocumentRecord | None) -> None:
    raise PreconditionFailed("no")


def ignore(progress: Progress) -> None:
    pass


def put(edits: Edits, doc_id: str, text: str) -> Edited:
    return edits.put(loaded(doc_id, text), allow, ignore)


class Failing(HashEmbedder):
    """It fails for a text that contains a word."""

    def encode(self, texts: Sequence[str], sentences: Sequence[Sequence[Span]]) -> list[Encoding]:
        if any("poison" in text for text in texts):
            raise ArithmeticError("it cannot be encoded")
        return super().encode(texts, sentences)


def test_each_change_says_what_it_did(backend: Backend) -> None:
    with editing(backend, HashEmbedder()) as edits:
        assert put(edits, "a", "One.").result == "created"
        assert put(edits, "a", "One.").result == "unchanged"
        two = put(edits, "a", "Two.")
        assert two.result == "replaced"
        assert edits.change_metadata("a", {"n": "1"}, allow).result == "changed"
        assert edits.change_metadata("a", {"n": "1", "m": None}, allow).result == "unchanged"
        assert put(edits, "b", "Bee.").result == "created"
        assert edits.delete("b", allow).result == "removed"
        for call in (edits.delete, lambda doc_id, check: edits.change_metadata(doc_id, {}, check)):
            with pytest.raises(NotFound):
                call("b", allow)
    with backend.reader() as reader:
        assert [record.doc_id for record in reader.records()] == ["a"]
        record = reader.record("a")
        assert record is not None
        assert (record.sha256, record.path) == (two.record.sha256, None)
        assert dict(record.metadata) == {"n": "1"}
        assert reader.document("a").text == "Two."
    assert backend.state()[0] == 5


def test_a_change_that_fails_leaves_the_document_and_the_other_changes(backend: Backend) -> None:
    with editing(backend, Failing()) as edits:
        put(edits, "a", "One.")
        with pytest.raises(ArithmeticError):
            put(edits, "a", "Two. " * 500 + "poison")
        with pytest.raises(PreconditionFailed):
            edits.put(loaded("a", "Three."), forbid, ignore)
        with pytest.raises(PreconditionFailed):
            edits.delete("a", forbid)
        put(edits, "b", "Bee.")
    with backend.reader() as reader:
        texts = {record.doc_id: reader.document(record.doc_id).text for record in reader.records()}
    assert texts == {"a": "One.", "b": "Bee."}
    assert backend.state()[0] == 2


def test_another_model_or_no_index_is_refused(backend: Backend, tmp_path: Path) -> None:
    with pytest.raises(IndexMismatch), editing(backend, HashEmbedder("another")):
        pass
    with pytest.raises(IndexMissing), editing(backend_at(tmp_path / "none"), HashEmbedder()):
        pass
    assert not (tmp_path / "none").exists()
