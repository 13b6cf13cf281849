"""The storage and search backend of an index: what is searched, and how readers open it.

A backend is an adapter that conforms to these protocols by shape, and a line in index.backends.
tests/index/test_backend_contract.py runs over every adapter.
"""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

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
"""A generation and the backend's token for it: another index's same number is another state."""


@dataclass(frozen=True, slots=True)
class CandidateSet:
    """The chunks that a question's vector or its terms find, with both signals of each.

    vectors:      of the chunks, in ascending order of their ids; `vectors.ids` are the ids
    dense_rank:   int64, (n,), from 1 by cosine of the chunk's vector; 0 for a chunk that only the
                  terms find
    lexical_rank: int64, (n,), from 1 by BM25; 0 for a chunk that only the vector finds
    bm25:         float64, (n,), of every chunk, however it was found; 0 if it holds none of the
                  terms
    """

    vectors: ChunkVectors
    dense_rank: NDArray[np.int64]
    lexical_rank: NDArray[np.int64]
    bm25: NDArray[np.float64]


class Snapshot(Protocol):
    """One generation of an index: immutable, consistent, safe in many threads."""

    @property
    def generation(self) -> int: ...

    @property
    def state(self) -> State: ...

    @property
    def fingerprint(self) -> Fingerprint:
        """Of the model and the chunker that the index was built with."""
        ...

    @property
    def description(self) -> IndexDescription:
        """How the nearest vectors are found, for people."""
        ...

    @property
    def outdated(self) -> bool:
        """Whether the index has to be opened anew although its generation is the same."""
        ...

    @property
    def n_searched(self) -> int:
        """How many chunks are searched."""
        ...

    def close(self) -> None: ...

    def release_log(self) -> None:
        """Hold the same generation in a way that lets the backend discard its write-ahead log."""
        ...

    def candidates(
        self, query: Vector, terms: Sequence[str], n: int, within: Ids | None = None
    ) -> CandidateSet:
        """The n nearest chunks by vector together with the n best by BM25.

        query:  float32, (d,), unit length; a zero vector is near nothing
        terms:  the query's, in its order, as index.words.analyze gives them
        within: ids that the search is limited to, ascending

        On either side ties go to the smaller chunk_id. Raises IndexMismatch if d differs from the
        index's dimension.
        """
        ...

    def document_frequencies(self, terms: Sequence[str]) -> list[int]:
        """The number of chunks that hold each of the terms."""
        ...

    def chunks(self, ids: Iterable[int]) -> list[Chunk]:
        """These chunks, in order of their ids."""
        ...

    def token_vectors(self, ids: Iterable[int]) -> Mapping[int, TokenVectors]:
        """The token vectors of these chunks; a chunk that has none is left out."""
        ...

    def document(self, doc_id: str) -> Document:
        """A document with its text. Raises IndexDamaged if it is not there."""
        ...

    def record(self, doc_id: str) -> DocumentRecord | None:
        """A document without its text; None if the index does not hold it."""
        ...

    def records(self, after: str = "", limit: int = -1) -> Sequence[DocumentRecord]:
        """Documents in order of doc_id, from behind `after`; all of them unless limited."""
        ...

    def count(self) -> tuple[int, int]:
        """How many documents and chunks there are."""
        ...

    def chunk_ids_of(
        self,
        doc_ids: Sequence[str] | None = None,
        media_types: Sequence[str] | None = None,
        matches: Callable[[str], bool] | None = None,
    ) -> Ids:
        """The ids, ascending, of the chunks of documents that meet every condition that is given.

        doc_ids:     the document has one of these ids; not together with `matches`
        media_types: it has one of these media types
        matches:     this is true of its id
        """
        ...


@dataclass(frozen=True, slots=True)
class StoredEncoding:
    """A chunk's encoding, byte for byte as the backend stores it; `tokens` is empty if it has no
    token vectors."""

    vectors: bytes
    tokens: bytes


EncodedChunk = tuple[Chunk, Encoding | StoredEncoding]


class Transaction(Protocol):
    """The writes of one new generation."""

    @property
    def generation(self) -> int:
        """The generation that this transaction makes."""
        ...

    def put(
        self,
        document: Document,
        path: str | None,
        chunks: Iterable[EncodedChunk],
        version: FileVersion | None = None,
    ) -> int:
        """Put a document in, in place of the one of the same doc_id or file; return its number of
        chunks.

        path: of its file; version: what of that file it was loaded from. The encodings that it
        replaces can be read until the last of `chunks` is taken.
        """
        ...

    def delete(self, doc_id: str) -> None:
        """Take a document out; harmless if it is not there."""
        ...

    def note_file(self, doc_id: str, path: str, version: FileVersion | None) -> None:
        """Store where the file of a document is now, and which version of it was seen."""
        ...

    def set_fingerprint(self, fingerprint: Fingerprint) -> None:
        """Store the model and the chunker of the chunks that are put from now on."""
        ...


class Writer(Protocol):
    """The only writer of an index. It reads what it has committed."""

    @property
    def fingerprint(self) -> Fingerprint: ...

    def record(self, doc_id: str) -> DocumentRecord | None:
        """A document without its text; None if the index does not hold it."""
        ...

    def record_of_file(self, path: str) -> DocumentRecord | None:
        """The document of the file at this path."""
        ...

    def records(self) -> Sequence[DocumentRecord]:
        """All documents, in order of doc_id."""
        ...

    def has(self, doc_id: str) -> bool:
        """Whether there is a document of this id, damaged or not."""
        ...

    def is_intact(self, doc_id: str) -> bool:
        """Whether the stored text of a document is what was put in."""
        ...

    def digests_among(self, digests: Collection[bytes]) -> set[bytes]:
        """Those of the digests that chunks of the index have."""
        ...

    def encoding(self, key: EncodingKey, since: int = 0) -> StoredEncoding | None:
        """The encoding of a chunk of this key that was put in in generation `since` or later; none
        that is damaged."""
        ...

    def transaction(self, *, makes_generation: bool = True) -> AbstractContextManager[Transaction]:
        """All that is written in it is committed at the end of the block, or nothing if the block
        raises.

        makes_generation: False for what no search can see, as `note_file`
        """
        ...


class Reader(Protocol):
    """The documents of one generation, whatever is written meanwhile."""

    def records(self) -> Sequence[DocumentRecord]:
        """All documents, in order of doc_id."""
        ...

    def document(self, doc_id: str) -> Document:
        """A document with its text. Raises IndexDamaged."""
        ...


class Backend(Protocol):
    """An index at a place, to be opened by readers and written to by one process at a time."""

    @property
    def place(self) -> Path:
        """Where the index is, for messages."""
        ...

    def exists(self) -> bool:
        """Whether there is an index, intact or not."""
        ...

    def open(self) -> Snapshot:
        """The present generation.

        Raises IndexMissing if there is no index, IndexDamaged if it cannot be read.
        """
        ...

    def newer(self, than: State) -> Snapshot | None:
        """The present generation, if its state is another than the one given and it can be searched
        already; else None. Never waits."""
        ...

    def state(self) -> State:
        """The state of the present generation, without opening the rest of the index."""
        ...

    def fingerprint(self) -> Fingerprint:
        """Of the model and the chunker that the index was built with. Raises IndexMissing."""
        ...

    def reader(self) -> AbstractContextManager[Reader]:
        """The documents of the present generation, without opening what is searched."""
        ...

    def lock(self, *, existing: bool = False) -> AbstractContextManager[None]:
        """Let no other process write during the block.

        existing: whether there has to be an index. Raises IndexBusy, IndexProblem if this user may
        not write to it, and IndexMissing.
        """
        ...

    def writer(self, new: Callable[[], Fingerprint]) -> AbstractContextManager[Writer]:
        """Write to the index under `lock`. When the block ends what was committed is published, so
        that searches find it.

        new: the fingerprint of an index that is to be created, if there is none yet
        """
        ...

    def n_bytes(self) -> Mapping[str, int]:
        """The bytes that the index takes, by part; the part `log` comes and goes."""
        ...
