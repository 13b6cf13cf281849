"""One generation of an index for search: immutable, consistent, thread-safe."""

import threading
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from index.backend import CandidateSet, State
from index.conditions import Condition
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
"""The most characters of cached documents in total. Reading 31 million takes 60 ms."""
_LEAST_CHARACTERS = 250_000
"""A smaller document counts as this many, so the cache has at most 512 documents."""

_BYTES_KEPT = 32 * 2**20
"""The size of the cache of chunk vectors (about 13,000 chunks), and of the cache of token vectors
(about 2,000 chunks). Without the caches, reading takes 0.15 of a question's 2.5 ms."""

LARGE = 50_000
"""From this number of chunks on, BM25 runs in another thread: it takes 0.5 ms here, and 3 ms for a
million chunks."""

_Result = TypeVar("_Result")


class EmbeddedSnapshot:
    """An index.backend.Snapshot of the store, FAISS and BM25.

    It holds a read transaction on the store, so its content does not change while it is open, even
    if an ingest commits. If the indexes have an earlier generation than the store
    (index.publish.open), `generation` and `state` are those of the indexes, and a search returns
    only chunks that the store still has.
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
        """Open the current generation of the index in a folder.

        Raises IndexMissing if there is no index, IndexDamaged if its database cannot be read, and
        the errors of open_derived.
        """
        store = Store.open(folder)
        try:
            return cls(store, open_derived(folder, store))
        except BaseException:
            store.close()
            raise

    @classmethod
    def newer(cls, folder: Path, than: State) -> "EmbeddedSnapshot | None":
        """Open the current generation if its state differs from `than`, else return None.

        Also None while another process builds its indexes; does not wait for it.
        """
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
        """Whether files that it reads changed, so that it must be opened again.

        See Database.outdated and index.disk.unchanged.
        """
        with self._lock:
            return self._store.outdated or self.dense.changed or self.lexical.changed

    @property
    def description(self) -> IndexDescription:
        return self.dense.description

    @property
    def n_searched(self) -> int:
        return len(self.lexical)

    def release_log(self) -> None:
        """Reopen the same generation so that the write-ahead log can be truncated.

        A read transaction that began while part of its generation was only in the log prevents
        truncation. One that begins after the whole log was moved into the database does not.
        """
        folder = self._store.path.parent
        if self._store.read_only or not has_log(self._store.path):
            return
        fresh = Store.open(folder)
        try:
            fresh.empty_log()
            fresh.pin()
            if fresh.state != self.state:  # the next refresh opens that state
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
        """See index.backend.Snapshot.

        BM25 is searched twice: for its best chunks, then for the scores of chunks that only FAISS
        returned, because tantivy scores chunks only in a search.
        """
        lexical_search = self._start(lambda: self.lexical.search(terms, n, within))
        nowhere = not query.any()
        dense = Hits.none() if nowhere else self.dense.search(query, n, within)
        lexical = lexical_search()
        ids = np.union1d(dense.ids, lexical.ids)
        # If BM25 returned fewer than n chunks, no other chunk contains any of the terms.
        unscored = np.setdiff1d(ids, lexical.ids) if len(lexical) == n else ids[:0]
        rest_search = self._start(lambda: self.lexical.search(terms, len(unscored), unscored))
        vectors = self.vectors_of(ids.tolist())
        bm25 = np.zeros(len(ids))
        for hits in (lexical, rest_search()):
            bm25[np.searchsorted(ids, hits.ids)] = hits.scores
        return CandidateSet(vectors, _ranks(dense, ids), _ranks(lexical, ids), bm25)

    def _start(self, call: Callable[[], _Result]) -> Callable[[], _Result]:
        """Return a function that returns the call's result.

        In a large index the call starts immediately in another thread. In a small one it runs when
        the returned function is called.
        """
        if len(self.lexical) < LARGE:
            return call
        return self._aside.submit(call).result

    def document_frequencies(self, terms: Sequence[str]) -> list[int]:
        """Return the number of chunks that contain each term."""
        return self.lexical.document_frequencies(terms)

    def having(self, terms: Sequence[str], ids: Ids) -> NDArray[np.bool_]:
        """See index.backend.Snapshot."""
        return self.lexical.having(terms, ids)

    def chunks(self, ids: Iterable[int]) -> list[Chunk]:
        """Return these chunks in ascending order of id."""
        with self._lock:
            return self._store.chunks(ids)

    def contents_lists(self, ids: Iterable[int]) -> list[int]:
        """See index.backend.Snapshot."""
        with self._lock:
            return self._store.contents_lists(ids)

    def vectors_of(self, ids: Iterable[int]) -> ChunkVectors:
        """Return the vectors of these chunks and of their sentences, in ascending order of id."""
        with self._lock:
            blobs = self._vectors.of(ids)
        return stored_vectors(blobs, self.fingerprint.model.dimension)

    def token_vectors(self, ids: Iterable[int]) -> dict[int, TokenVectors]:
        """Return the token vectors of these chunks, by chunk id; omit chunks without any."""
        with self._lock:
            return self._tokens.of(ids)

    def document(self, doc_id: str) -> Document:
        """Return a document with its text; recent documents are cached."""
        with self._lock:
            return self._documents.of([doc_id])[doc_id]

    def record(self, doc_id: str) -> StoredDocument | None:
        with self._lock:
            return self._store.record(doc_id)

    def records(self, after: str = "", limit: int = -1) -> list[StoredDocument]:
        """Return documents with a doc_id greater than `after`, in order of doc_id."""
        with self._lock:
            return self._store.records(after, limit)

    def count(self) -> tuple[int, int]:
        """Return the numbers of documents and chunks."""
        with self._lock:
            return self._store.count()

    def chunk_ids_of(
        self,
        doc_ids: Sequence[str] | None = None,
        media_types: Sequence[str] | None = None,
        matches: Callable[[str], bool] | None = None,
        where: Condition | None = None,
    ) -> Ids:
        """See index.backend.Snapshot."""
        # SQLite's json_each ends a text at a NUL. No media type contains one.
        if media_types is not None:
            media_types = [each for each in media_types if "\0" not in each]
        if doc_ids is not None and any("\0" in doc_id for doc_id in doc_ids):
            matches, doc_ids = frozenset(doc_ids).__contains__, None
        rows = None if matches is None else self._rows_of(matches)
        with self._lock:
            return self._store.chunk_ids_of(rows, doc_ids, media_types, where)

    def _rows_of(self, matches: Callable[[str], bool]) -> list[int]:
        """Return the rows of the documents whose ids match.

        SQLite does not call `matches`: it would wait for the interpreter's lock at each row.
        """
        with self._lock:
            rows = self._store.doc_ids()
        return [row for row, doc_id in rows if matches(doc_id)]


def _ranks(hits: Hits, ids: Ids) -> NDArray[np.int64]:
    """Return the rank of each id among the hits, from 1; 0 if it is not a hit. ids: ascending."""
    ranks = np.zeros(len(ids), np.int64)
    ranks[np.searchsorted(ids, hits.ids)] = np.arange(1, len(hits) + 1)
    return ranks
