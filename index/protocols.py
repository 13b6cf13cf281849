"""The protocols of models and of the vector and lexical indexes."""

from collections.abc import Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from index.fingerprint import ModelFingerprint
from index.types import Encoding, Hits, Ids, IndexDescription, QueryEncoding, Span, Vector


class Tokenizer(Protocol):
    """A model's own tokenizer, without truncation and without special tokens."""

    def offsets(self, text: str) -> list[tuple[int, int]]:
        """Return the half-open code-point offsets of each token, in order."""
        ...


class Embedder(Protocol):
    """A model that encodes chunks, sentences and queries as vectors of unit length."""

    @property
    def fingerprint(self) -> ModelFingerprint: ...

    @property
    def tokenizer(self) -> Tokenizer: ...

    def encode(self, texts: Sequence[str], sentences: Sequence[Sequence[Span]]) -> list[Encoding]:
        """Return one encoding per text; `sentences[i]` are spans of `texts[i]`."""
        ...

    def encode_query(self, text: str) -> QueryEncoding: ...

    def encode_queries(self, texts: Sequence[str]) -> list[QueryEncoding]:
        """Return for each query the result of `encode_query`."""
        ...


class VectorIndex(Protocol):
    """Finds the nearest chunks by inner product. An index is never changed while it is searched."""

    def __len__(self) -> int: ...

    @property
    def dimension(self) -> int: ...

    @property
    def description(self) -> IndexDescription: ...

    @property
    def changed(self) -> bool:
        """Whether its files have been written to since it was opened."""
        ...

    def search(self, query: Vector, k: int, within: Ids | None = None) -> Hits:
        """Return the k nearest chunks, best first, ties to the smaller chunk_id.

        query:  float32, shape (d,), unit length
        within: search only these chunks

        Scores are cosines in [-1, 1]. There are fewer than k hits only if there are fewer chunks.

        Raises IndexMismatch if d differs from the index's dimension.
        """
        ...


class LexicalIndex(Protocol):
    """Ranks chunks by BM25 over terms and pairs of adjacent terms from index.words.analyze."""

    def __len__(self) -> int: ...

    def search(self, terms: Sequence[str], k: int, within: Ids | None = None) -> Hits:
        """Return the k best chunks with any of the terms, best first, ties to the smaller id.

        terms: of the query, in order
        """
        ...

    def document_frequencies(self, terms: Sequence[str]) -> list[int]:
        """Return, for each term, the number of chunks that contain it."""
        ...

    def having(self, terms: Sequence[str], ids: Ids) -> NDArray[np.bool_]:
        """Return whether each chunk has each term, (n, t). terms and ids: distinct."""
        ...

    @property
    def changed(self) -> bool:
        """Whether its files have been written to since it was opened."""
        ...
