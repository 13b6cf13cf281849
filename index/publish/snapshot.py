"""One generation of an index, to be searched: immutable, consistent, safe in many threads."""

import threading
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from index.backend import CandidateSet, State
from index.cores import cores
from index.publish.lru import LruCache
from index.publish.open import Derived, newer_derived, open_derived
from index.store.rows import StoredDocument, stored_vectors
from index.store.sqlite import has_log
from index.store.store import Store
from index.types import (
    Chunk,
    ChunkVectors,
    Document,
    Hits,
    Ids,
    IndexDescription,
    TokenVectors,
    Vector,
)

_CHARACTERS_KEPT = 128_000_000
"""Of the documents that were read last, together: 31 million take 60 ms to read anew."""
_LEAST_CHARACTERS = 250_000
"""So many does a small one count for: 512 are kept at most."""

_BYTES_KEPT = 32 * 2**20
"""Of the vectors of chunks, some 13,000, and of token vectors, some 2,000, that were candidates
last: to read them anew takes .15 of a question's 2.5 ms."""

LARGE = 50_000
"""Chunks from which on BM25 takes long enough to be worth another thread: .5 ms; among a million
chunks, three."""

_Result = TypeVar("_Result")


class EmbeddedSnapshot:
    """An index.backend.Snapshot of the store, FAISS and BM25.

    It holds a read transaction on the store, so what it shows never changes while it is open,
    whatever an ingest commits meanwhile. Where the indexes are of an earlier generation than the
    store (index.publish.open), `generation` and `state` are theirs, and they find only chunks that
    the store still has.
    """

    def __init__(self, store: Store, derived: Derived) -> None:
        self.generation = derived.generation
        self.state: State = (derived.generation, store.token(derived.generation))
        self.dense = derived.dense
        self.lexical = derived.lexical
        self.fingerprint = store.fingerprint
        self._store = store
        self._lock = threading.Lock()
        self._closed = False
        self._aside = ThreadPoolExecutor(cores(), thread_name_prefix="search")
        self._documents = LruCache(
            lambda doc_ids: {i: self._store.document(i) for i in doc_ids},
            lambda document: max(len(document.text), _LEAST_CHARACTERS),
            _CHARACTERS_KEPT,
        )
        self._vectors = LruCache(lambda ids: self._store.vectors_in_bytes(ids), len, _BYTES_KEPT)
        self._tokens = LruCache(
            lambda ids: self._store.token_vectors(ids), lambda tokens: tokens.n_bytes, _BYTES_KEPT
        )

    @classmethod
    def open(cls, folder: Path) -> "EmbeddedSnapshot":
        """The present generation of the index in a folder.

        Raises IndexMissing if there is no index, IndexDamaged if its database cannot be read.
        """
        store = Store.open(folder)
        try:
            return cls(store, open_derived(folder, store))
        except BaseException:
            store.close()
            raise

    @classmethod
    def newer(cls, folder: Path, than: State) -> "EmbeddedSnapshot | None":
        """The same, where it is of another state than the one given; None while there is none, as
        when another process is still building its indexes. Nothing is waited for."""
        store = Store.open(folder)
        try:
            derived = newer_derived(folder, store, than)
            if derived is not None:
                return cls(store, derived)
        except BaseException:
            store.close()
            raise
        store.close()
        return None

    def close(self) -> None:
        self._aside.shutdown(wait=False)
        with self._lock:
            self._closed = True
            self._store.close()

    @property
    def outdated(self) -> bool:
        """Whether it is to be opened again: files that it reads were changed (Database.outdated,
        index.disk.unchanged)."""
        with self._lock:
            return self._store.outdated or self.dense.changed or self.lexical.changed

    @property
    def description(self) -> IndexDescription:
        return self.dense.description

    @property
    def n_searched(self) -> int:
        return len(self.lexical)

    def release_log(self) -> None:
        """Hold the same generation in a way that does not keep the database's log from being cut.

        A reader that began when part of its generation stood in the log alone keeps that log. One
        that begins when all of it has been moved into the database does not.
        """
        folder = self._store.path.parent
        if self._store.read_only or not has_log(self._store.path):
            return
        fresh = Store.open(folder)
        try:
            fresh.empty_log()
            fresh.pin()
            if fresh.state != self.state:  # the next refresh goes over to it
                return
            with self._lock:
                if not self._closed:
                    self._store, fresh = fresh, self._store
        finally:
            fresh.close()
        with closing(Store.open(folder)) as other:
            other.empty_log()

    def candidates(
        self, query: Vector, terms: Sequence[str], n: int, within: Ids | None = None
    ) -> CandidateSet:
        """See index.backend.Snapshot. BM25 is searched for its own best chunks and then for those
        that only FAISS found: tantivy scores a chunk only in a search."""
        lexical_search = self._start(lambda: self.lexical.search(terms, n, within))
        nowhere = not query.any()
        dense = Hits.none() if nowhere else self.dense.search(query, n, within)
        lexical = lexical_search()
        ids = np.union1d(dense.ids, lexical.ids)
        # Where BM25 found fewer than n, no other chunk holds any of the terms.
        unscored = np.setdiff1d(ids, lexical.ids) if len(lexical) == n else ids[:0]
        rest_search = self._start(lambda: self.lexical.search(terms, len(unscored), unscored))
        vectors = self.vectors_of(ids.tolist())
        bm25 = np.zeros(len(ids))
        for hits in (lexical, rest_search()):
            bm25[np.searchsorted(ids, hits.ids)] = hits.scores
        return CandidateSet(vectors, _ranks(dense, ids), _ranks(lexical, ids), bm25)

    def _start(self, call: Callable[[], _Result]) -> Callable[[], _Result]:
        """A function that returns the call's result: in a large index the call begins at once, in
        another thread; in a small one it runs when the result is taken."""
        if len(self.lexical) < LARGE:
            return call
        return self._aside.submit(call).result

    def document_frequencies(self, terms: Sequence[str]) -> list[int]:
        """The number of chunks that hold each of the terms."""
        return self.lexical.document_frequencies(terms)

    def chunks(self, ids: Iterable[int]) -> list[Chunk]:
        """These chunks, in order of their id."""
        with self._lock:
            return self._store.chunks(ids)

    def vectors_of(self, ids: Iterable[int]) -> ChunkVectors:
        """The vectors of these chunks and of their sentences."""
        with self._lock:
            blobs = self._vectors.of(ids)
        return stored_vectors(blobs, self.fingerprint.model.dimension)

    def token_vectors(self, ids: Iterable[int]) -> dict[int, TokenVectors]:
        """The token vectors of these chunks; a chunk that has none is left out."""
        with self._lock:
            return self._tokens.of(ids)

    def document(self, doc_id: str) -> Document:
        """A document with its text; the last few are kept."""
        with self._lock:
            return self._documents.of([doc_id])[doc_id]

    def record(self, doc_id: str) -> StoredDocument | None:
        with self._lock:
            return self._store.record(doc_id)

    def records(self, after: str = "", limit: int = -1) -> list[StoredDocument]:
        """Documents in order of doc_id, from behind `after`."""
        with self._lock:
            return self._store.records(after, limit)

    def count(self) -> tuple[int, int]:
        """How many documents and chunks there are."""
        with self._lock:
            return self._store.count()

    def chunk_ids_of(
        self,
        doc_ids: Sequence[str] | None = None,
        media_types: Sequence[str] | None = None,
        matches: Callable[[str], bool] | None = None,
    ) -> Ids:
        """See index.backend.Snapshot."""
        # SQLite's json_each ends a text at a NUL. No media type holds one.
        if media_types is not None:
            media_types = [each for each in media_types if "\0" not in each]
        if doc_ids is not None and any("\0" in doc_id for doc_id in doc_ids):
            matches, doc_ids = frozenset(doc_ids).__contains__, None
        rows = None if matches is None else self._rows_of(matches)
        with self._lock:
            return self._store.chunk_ids_of(rows, doc_ids, media_types)

    def _rows_of(self, matches: Callable[[str], bool]) -> list[int]:
        """The rows of the documents whose ids match. SQLite does not call the function: it would
        wait for the interpreter's lock at every row."""
        with self._lock:
            rows = self._store.doc_ids()
        return [row for row, doc_id in rows if matches(doc_id)]


def _ranks(hits: Hits, ids: Ids) -> NDArray[np.int64]:
    """The rank of each id among the hits, from 1; 0 where it is not among them. ids: ascending."""
    ranks = np.zeros(len(ids), np.int64)
    ranks[np.searchsorted(ids, hits.ids)] = np.arange(1, len(hits) + 1)
    return ranks
