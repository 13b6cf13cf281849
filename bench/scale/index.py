"""Grow an index to a size; measure time by stage, disk by part, and recall."""

import time
from contextlib import closing
from dataclasses import asdict
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np

from bench.scale.copies import Copies
from index.ingest.ingest import ingest_documents
from index.protocols import Embedder
from index.publish.manifest import Manifest
from index.publish.publish import publish
from index.publish.snapshot import EmbeddedSnapshot
from index.store.sqlite import Database
from index.store.store import DATABASE, Store
from index.types import Document, Matrix
from index.vectors.faiss_index import exact_nearest

_CHUNKS_A_COMMIT = 1_000
_CHARACTERS_A_CHUNK = 600
_AT_ONCE = 50_000
_FETCHED, _DEPTH = 100, 10


class GrowingIndex:
    """An index of real documents up to `n_real` chunks, and of copies of them beyond."""

    def __init__(
        self, folder: Path, embedder: Embedder, documents: list[Document], n_real: int
    ) -> None:
        self.folder = folder
        self._embedder = embedder
        self._documents = iter(documents)
        self._n_real = n_real
        self._copies: Copies | None = None
        self.n_chunks = 0

    def grow(self, n_chunks: int) -> dict[str, float]:
        """Grow the index to n_chunks or slightly more. Return seconds and chunks a second by
        stage."""
        real = self._ingest(min(n_chunks, self._n_real))
        with closing(Store.open(self.folder)) as store:
            written = self._copy(store, n_chunks)
            return {**real, **written, **self._publish(store)}

    def _ingest(self, n_chunks: int) -> dict[str, float]:
        """Ingest real documents in small groups, because their number of chunks is not known in
        advance. Each group is published; one ingest of all documents would publish once."""
        began, before = time.perf_counter(), self.n_chunks
        while self.n_chunks < n_chunks:
            n_characters = (n_chunks - self.n_chunks) * _CHARACTERS_A_CHUNK
            few = []
            for document in islice(self._documents, 500):
                few.append(document)
                n_characters -= len(document.text)
                if n_characters <= 0:
                    break
            if not few:
                break
            ingest_documents(self.folder, few, self._embedder)
            with closing(Store.open(self.folder)) as store:
                self.n_chunks = store.count()[1]
        return _rate("encoded", self.n_chunks - before, began)

    def _copy(self, store: Store, n_chunks: int) -> dict[str, float]:
        began, before = time.perf_counter(), self.n_chunks
        if self.n_chunks < n_chunks and self._copies is None:
            self._copies = Copies(store)
        while self.n_chunks < n_chunks and self._copies is not None:
            with store.transaction() as transaction:
                full = self.n_chunks + _CHUNKS_A_COMMIT
                while self.n_chunks < min(full, n_chunks):
                    document, chunks = self._copies.next()
                    self.n_chunks += transaction.put(document, None, chunks)
        return _rate("copied", self.n_chunks - before, began)

    def _publish(self, store: Store) -> dict[str, float]:
        """Publish as an ingest does. FAISS is built first, so the times of its files divide the
        total between FAISS and BM25."""
        began, clock = time.perf_counter(), time.time()
        publish(self.folder, store)
        seconds = time.perf_counter() - began
        generation = store.pin()
        store.unpin()
        store.forget_before(generation)
        manifest = Manifest.read(self.folder, store)
        assert manifest is not None
        dense = max(file.stat().st_mtime for file in (self.folder / manifest.dense).iterdir())
        dense_s = max(0.0, dense - clock)
        return {
            "publish_s": seconds,
            "publish_dense_s": dense_s,
            "publish_lexical_s": seconds - dense_s,
        }


def _rate(stage: str, n: int, began: float) -> dict[str, float]:
    seconds = time.perf_counter() - began
    return {f"{stage}_chunks": n, f"{stage}_per_s": n / seconds if n else 0.0}


def disk(folder: Path) -> dict[str, float]:
    """Return the size of each SQLite table and index, and of the FAISS and BM25 files, in 2^20
    bytes."""
    with closing(Database(folder / DATABASE, "rw")) as database:
        tables = database.rows("SELECT name, sum(pgsize) FROM dbstat GROUP BY name")
        parts = {f"sqlite {name}": float(str(size)) / 2**20 for name, size in tables}
    for kind in ("dense", "lexical"):
        newest = max(folder.glob(f"{kind}-*"))
        parts[kind] = sum(file.stat().st_size for file in newest.iterdir()) / 2**20
    return parts


def dense_search(folder: Path, questions: Matrix) -> dict[str, Any]:
    """Measure the dense index against exact search over all stored vectors.

    Return recall@10 after its 100 hits are rescored with the stored vectors, the median time of a
    search in ms, and the index's description.

    questions: float32, shape (n, d), unit length
    """
    with closing(EmbeddedSnapshot.open(folder)) as snapshot, closing(Store.open(folder)) as store:
        store.pin()
        tenth = _tenth_best(store, questions)
        found, times = 0, []
        for question, least in zip(questions, tenth, strict=True):
            began = time.perf_counter()
            hits = snapshot.dense.search(question, _FETCHED)
            times.append((time.perf_counter() - began) * 1000)
            ids = np.array(sorted(hit.chunk_id for hit in hits), dtype=np.int64)
            rescored = np.sort(exact_nearest(question[None, :], store.vectors(ids), _DEPTH)[0][0])
            found += int((rescored >= least - 1e-6).sum())
        description = asdict(snapshot.dense.description)
    return {
        "recall_at_10": found / (_DEPTH * len(questions)),
        "dense_p50_ms": float(np.median(times)),
        "dense": description,
    }


def _tenth_best(store: Store, questions: Matrix) -> Matrix:
    """Return each question's cosine with its tenth nearest stored vector, shape (n,)."""
    best = np.full((len(questions), 0), 0, dtype=np.float32)
    ids = store.changes_since(0).added
    for first in range(0, len(ids), _AT_ONCE):
        vectors = store.vectors(ids[first : first + _AT_ONCE])
        scores, _ = exact_nearest(questions, vectors, _DEPTH)
        best = -np.sort(-np.concatenate([best, scores], axis=1), axis=1)[:, :_DEPTH]
    return np.asarray(best[:, -1])
