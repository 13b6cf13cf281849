"""One generation of an index, to be searched: immutable, consistent, safe in many threads."""

import threading
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from typing import TypeVar

from index.cores import cores
from index.publish.lru import Recent
from index.publish.open import Derived, State, newer_derived, open_derived
from index.store.rows import StoredChunk, StoredDocument, StoredVectors, stored_vectors
from index.store.sqlite import has_log
from index.store.store import Store
from index.types import Document, Ids, TokenVectors

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

_Made = TypeVar("_Made")


class Snapshot:
    """The documents, chunks and indexes of one generation.

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
        self._documents = Recent(
            lambda rows: {row: self._store.document(row) for row in rows},
            lambda document: max(len(document.text), _LEAST_CHARACTERS),
            _CHARACTERS_KEPT,
        )
        self._vectors = Recent(lambda ids: self._store.vectors_in_bytes(ids), len, _BYTES_KEPT)
        self._tokens = Recent(
            lambda ids: self._store.token_vectors(ids), lambda tokens: tokens.n_bytes, _BYTES_KEPT
        )

    @classmethod
    def open(cls, folder: Path) -> "Snapshot":
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
    def newer(cls, folder: Path, than: State) -> "Snapshot | None":
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

    def let_go(self) -> None:
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
            if _state(fresh) != self.state:  # the next refresh goes over to it
                return
            with self._lock:
                if not self._closed:
                    self._store, fresh = fresh, self._store
        finally:
            fresh.close()
        with closing(Store.open(folder)) as other:
            other.empty_log()

    def begun(self, call: Callable[[], _Made]) -> Callable[[], _Made]:
        """What the call returns, to be fetched once: a large index has it made in another thread
        meanwhile."""
        if len(self.lexical) < LARGE:
            return call
        return self._aside.submit(call).result

    def chunks(self, ids: Iterable[int]) -> list[StoredChunk]:
        """These chunks, in order of their id."""
        with self._lock:
            return self._store.chunks(ids)

    def vectors_of(self, ids: Iterable[int]) -> StoredVectors:
        """The vectors of these chunks and of their sentences, to rank by."""
        with self._lock:
            blobs = self._vectors.of(ids)
        return stored_vectors(blobs, self.fingerprint.model.dimension)

    def token_vectors(self, ids: Iterable[int]) -> dict[int, TokenVectors]:
        """The token vectors of these chunks; a chunk that has none is left out."""
        with self._lock:
            return self._tokens.of(ids)

    def document(self, document: int) -> Document:
        """A document whole, by its row; the last few are kept."""
        with self._lock:
            return self._documents.of([document])[document]

    def document_row(self, doc_id: str) -> StoredDocument | None:
        with self._lock:
            return self._store.document_row(doc_id=doc_id)

    def documents(self, after: str = "", limit: int = -1) -> list[StoredDocument]:
        """Documents in order of doc_id, from behind `after`."""
        with self._lock:
            return self._store.documents(after, limit)

    def count(self) -> tuple[int, int]:
        """How many documents and chunks there are."""
        with self._lock:
            return self._store.count()

    def doc_ids(self) -> list[tuple[int, str]]:
        """Every document's row and id."""
        with self._lock:
            return self._store.doc_ids()

    def chunk_ids_of(
        self,
        documents: Iterable[int] | None = None,
        doc_ids: Sequence[str] | None = None,
        media_types: Sequence[str] | None = None,
    ) -> Ids:
        """See Store.chunk_ids_of."""
        with self._lock:
            return self._store.chunk_ids_of(documents, doc_ids, media_types)


def state_of(folder: Path) -> State:
    """What the index in a folder is at, without opening the rest of it."""
    store = Store.open(folder)
    try:
        store.pin()
        return _state(store)
    finally:
        store.close()


def _state(store: Store) -> State:
    generation = store.generation
    return generation, store.token(generation)
