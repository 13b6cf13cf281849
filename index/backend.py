"""The storage and search backend of an index: what is searched, and how readers open it.

A backend is an adapter that conforms to these protocols by shape, and a line in index.backends.
tests/index/test_backend_contract.py runs over every adapter.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
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


class Backend(Protocol):
    """An index at a place, to be opened by readers."""

    @property
    def place(self) -> Path:
        """Where the index is, for messages."""
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

    def records(self) -> Sequence[DocumentRecord]:
        """All documents, in order of doc_id, without opening what is searched."""
        ...

    def n_bytes(self) -> Mapping[str, int]:
        """The bytes that the index takes, by part; the part `log` comes and goes."""
        ...
