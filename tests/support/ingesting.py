"""Ingests with the fake model, and the contents of an index after them."""

from collections.abc import Callable, Sequence
from pathlib import Path

from fakes import HashEmbedder
from index.ingest.ingest import ingest
from index.ingest.progress import Report
from index.ingest.selection import Selection
from index.publish.snapshot import EmbeddedSnapshot
from index.store.rows import tokens_blob
from index.store.vector_codec import QuantizedVectors
from index.types import Encoding, Span

Indexed = tuple[list[tuple[str, str, str | None]], list[tuple[int, str, bytes, bytes]]]


def write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")


def run(
    *paths: str,
    embedder: HashEmbedder | None = None,
    index: str = ".rag",
    prune: bool = False,
    confirmed: bool = False,
    encoding: str | None = None,
    selection: Selection | None = None,
) -> tuple[Report, int]:
    """Ingest; return the report and the number of encoded texts."""
    embedder = embedder or HashEmbedder()
    before = embedder.n_encoded
    report = ingest(
        Path(index),
        [Path(path) for path in paths or ("docs",)],
        lambda: embedder,
        prune=prune,
        confirmed=confirmed,
        encoding=encoding,
        selection=selection,
    )
    return report, embedder.n_encoded - before


def kept_vectors(snapshot: EmbeddedSnapshot, chunk_id: int) -> bytes:
    """The stored vectors of a chunk and of its sentences, byte for byte."""
    vectors = snapshot.vectors_of([chunk_id])
    return QuantizedVectors(vectors.codes, vectors.scales).to_bytes()


def indexed(folder: Path) -> Indexed:
    """The contents of an index that do not depend on its history."""
    snapshot = EmbeddedSnapshot.open(folder)
    try:
        rows = snapshot.records()
        ids = [int(i) for i in snapshot.chunk_ids_of()]
        tokens = snapshot.token_vectors(ids)
        probe = HashEmbedder().encode_query("river").vector
        assert len(snapshot.lexical) == len(snapshot.dense) == len(ids)
        assert {h.chunk_id for h in snapshot.dense.search(probe, len(ids))} == set(ids)
        texts = {row.doc_id: snapshot.document(row.doc_id).text for row in rows}
        return (
            [(row.doc_id, texts[row.doc_id], row.path) for row in rows],
            [
                (i, chunk.doc_id, kept_vectors(snapshot, i), tokens_blob(tokens[i]))
                for i, chunk in zip(ids, snapshot.chunks(ids), strict=True)
            ],
        )
    finally:
        snapshot.close()


def texts_in(folder: str = ".rag") -> dict[str, str]:
    return {doc_id: text for doc_id, text, _ in indexed(Path(folder))[0]}


class Interrupted(HashEmbedder):
    """It is interrupted at the n-th call, as by Ctrl-C, or does something else there."""

    def __init__(self, n: int, act: Callable[[], None] | None = None, name: str = "hash") -> None:
        super().__init__(name)
        self._n_left = n
        self._act = act

    def encode(self, texts: Sequence[str], sentences: Sequence[Sequence[Span]]) -> list[Encoding]:
        self._n_left -= 1
        if self._n_left == 0:
            if self._act is None:
                raise KeyboardInterrupt
            self._act()
        return super().encode(texts, sentences)
