"""The protocols of a backend, which stores and searches an index.

A backend is a class that implements these protocols, and an entry in index.backends.
tests/index/test_backend_contract.py tests every backend.
"""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from index.conditions import Condition
from index.fingerprint import Fingerprint
from index.types import (
    Chunk,
    ChunkVectors,
    Document,
    DocumentRecord,
    Encoding,
    EncodingKey,
    FileVersion,
    Ids,
    IndexDescription,
    TokenVectors,
    Vector,
)

State = tuple[int, str | None]
"""A generation and the backend's token for it. The token differs between indexes."""


@dataclass(frozen=True, slots=True)
class CandidateSet:
    """The chunks that match a question's vector or terms, with both ranks of each.

    vectors:      of the chunks, in ascending order of their ids; `vectors.ids` are the ids
    dense_rank:   int64, (n,), from 1 by cosine of the chunk's vector; 0 for a match by terms only
    lexical_rank: int64, (n,), from 1 by BM25; 0 for a match by vector only
    bm25:         float64, (n,), of every chunk; 0 if it has none of the terms
    """

    vectors: ChunkVectors
    dense_rank: NDArray[np.int64]
    lexical_rank: NDArray[np.int64]
    bm25: NDArray[np.float64]


class Snapshot(Protocol):
    """One generation of an index: immutable, consistent, thread-safe."""

    @property
    def generation(self) -> int: ...

    @property
    def state(self) -> State: ...

    @property
    def fingerprint(self) -> Fingerprint:
        """The fingerprint of the model and the chunker that built the index."""
        ...

    @property
    def description(self) -> IndexDescription:
        """A description of the vector search for users."""
        ...

    @property
    def outdated(self) -> bool:
        """Whether the index must be opened again although its generation is the same."""
        ...

    @property
    def n_searched(self) -> int:
        """The number of searchable chunks."""
        ...

    def close(self) -> None: ...

    def release_log(self) -> None:
        """Keep this generation open, but let the backend discard its write-ahead log."""
        ...

    def candidates(
        self, query: Vector, terms: Sequence[str], n: int, within: Ids | None = None
    ) -> CandidateSet:
        """Return the n nearest chunks by vector together with the n best by BM25.

        query:  float32, (d,), unit length; a zero vector has no nearest chunks
        terms:  of the query, in order, from index.words.analyze
        within: search only these ids; ascending

        In both rankings, ties go to the smaller chunk_id. Raises IndexMismatch if d differs from
        the index's dimension.
        """
        ...

    def document_frequencies(self, terms: Sequence[str]) -> list[int]:
        """Return, for each term, the number of chunks that contain it."""
        ...

    def having(self, terms: Sequence[str], ids: Ids) -> NDArray[np.bool_]:
        """Return whether the text, title or headings of each chunk have each term, (n, t).

        terms: distinct; ids: (n,), distinct
        """
        ...

    def chunks(self, ids: Iterable[int]) -> list[Chunk]:
        """Return these chunks, in order of their ids."""
        ...

    def contents_lists(self, ids: Iterable[int]) -> list[int]:
        """Return the ids of these chunks that are contents lists, ascending."""
        ...

    def token_vectors(self, ids: Iterable[int]) -> Mapping[int, TokenVectors]:
        """Return the token vectors of these chunks, without the chunks that have none."""
        ...

    def document(self, doc_id: str) -> Document:
        """Return a document with its text. Raises IndexDamaged if it is not in the index."""
        ...

    def record(self, doc_id: str) -> DocumentRecord | None:
        """Return a document without its text; None if it is not in the index."""
        ...

    def records(self, after: str = "", limit: int = -1) -> Sequence[DocumentRecord]:
        """Return documents in order of doc_id, after the doc_id `after`.

        limit: at most so many; -1 for all
        """
        ...

    def count(self) -> tuple[int, int]:
        """Return the number of documents and of chunks."""
        ...

    def chunk_ids_of(
        self,
        doc_ids: Sequence[str] | None = None,
        media_types: Sequence[str] | None = None,
        matches: Callable[[str], bool] | None = None,
        where: Condition | None = None,
    ) -> Ids:
        """Return the chunk ids, ascending, of the documents that meet all given conditions.

        doc_ids:     the document has one of these ids; not together with `matches`
        media_types: the document has one of these media types
        matches:     this function is true for the doc_id
        where:       index.conditions.holds is true for the condition and the document's record
        """
        ...


@dataclass(frozen=True, slots=True)
class StoredEncoding:
    """The bytes that the backend stores for a chunk's encoding.

    `tokens` is empty if there are no token vectors.
    """

    vectors: bytes
    tokens: bytes


EncodedChunk = tuple[Chunk, Encoding | StoredEncoding]


class Transaction(Protocol):
    """The writes of one new generation."""

    @property
    def generation(self) -> int:
        """The generation that this transaction creates."""
        ...

    def put(
        self,
        document: Document,
        path: str | None,
        chunks: Iterable[EncodedChunk],
        version: FileVersion | None = None,
    ) -> int:
        """Put a document in, and return its number of chunks.

        This replaces a document with the same doc_id or file. The replaced encodings can be read
        until the last of `chunks` is taken.

        path:    of the document's file; None without a file
        version: of the file that was loaded
        """
        ...

    def delete(self, doc_id: str) -> None:
        """Delete a document; do nothing if it is not in the index."""
        ...

    def note_file(self, doc_id: str, path: str, version: FileVersion | None) -> None:
        """Store the current path and version of a document's file."""
        ...

    def set_metadata(self, doc_id: str, metadata: Mapping[str, str]) -> None:
        """Replace the metadata of a document in the index. Its text and chunks stay."""
        ...

    def set_fingerprint(self, fingerprint: Fingerprint) -> None:
        """Store the fingerprint of the model and the chunker of all chunks put after this call."""
        ...


class KnownDocuments(Protocol):
    """The documents of an index, without their texts."""

    def record(self, doc_id: str) -> DocumentRecord | None:
        """Return a document without its text; None if it is not in the index."""
        ...

    def record_of_file(self, path: str) -> DocumentRecord | None:
        """Return the document of the file at this path, or None."""
        ...

    def records(self) -> Sequence[DocumentRecord]:
        """Return all documents, in order of doc_id."""
        ...

    def has(self, doc_id: str) -> bool:
        """Return whether the index has a document with this id, damaged or not."""
        ...

    def is_intact(self, doc_id: str) -> bool:
        """Return whether the stored text of a document is undamaged."""
        ...


class Writer(KnownDocuments, Protocol):
    """The only writer of an index. Its reads include its own commits."""

    @property
    def fingerprint(self) -> Fingerprint: ...

    def digests_among(self, digests: Collection[bytes]) -> set[bytes]:
        """Return those of the digests that belong to chunks in the index."""
        ...

    def encoding(self, key: EncodingKey, since: int = 0) -> StoredEncoding | None:
        """Return the encoding of a chunk with this key from generation `since` or later.

        Return None if there is none, or it is damaged.
        """
        ...

    def transaction(self, *, makes_generation: bool = True) -> AbstractContextManager[Transaction]:
        """Commit all writes at the end of the block, or none if the block raises.

        makes_generation: False for writes that no search can see, such as `note_file`
        """
        ...


class Reader(KnownDocuments, Protocol):
    """The documents of one generation. Later writes do not change them."""

    def document(self, doc_id: str) -> Document:
        """Return a document with its text. Raises IndexDamaged if it cannot be read."""
        ...


class Backend(Protocol):
    """An index at a path. Many readers can open it; one process at a time can write to it."""

    @property
    def place(self) -> Path:
        """The path of the index, for messages."""
        ...

    def exists(self) -> bool:
        """Return whether there is an index, damaged or not."""
        ...

    def open(self) -> Snapshot:
        """Open the current generation.

        Raises IndexMissing if there is no index, IndexDamaged if it cannot be read.
        """
        ...

    def newer(self, than: State) -> Snapshot | None:
        """Open the current generation if its state differs from `than` and it is ready to search.

        Return None otherwise. This never waits.
        """
        ...

    def state(self) -> State:
        """Return the state of the current generation, without opening the rest of the index."""
        ...

    def fingerprint(self) -> Fingerprint:
        """Return the fingerprint of the model and chunker of the index. Raises IndexMissing."""
        ...

    def reader(self) -> AbstractContextManager[Reader]:
        """Open the documents of the current generation, without the search indexes."""
        ...

    def lock(self, *, existing: bool = False) -> AbstractContextManager[None]:
        """Prevent writes by other processes during the block.

        existing: whether the index must exist

        Raises IndexBusy if another process is writing, IndexProblem if this user may not write,
        IndexMissing if `existing` and there is no index.
        """
        ...

    def writer(self, new: Callable[[], Fingerprint]) -> AbstractContextManager[Writer]:
        """Write to the index; the caller must hold `lock`.

        At the end of the block, the commits are published, so that searches find them.

        new: called for the fingerprint of a new index, only if there is no index yet
        """
        ...

    def n_bytes(self) -> Mapping[str, int]:
        """Return the size of the index in bytes, by part. The part `log` is temporary."""
        ...
