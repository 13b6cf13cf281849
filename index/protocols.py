"""What the rest of the house asks of a model and of the two indexes; adapters conform by shape."""

from collections.abc import Sequence
from typing import Protocol

from index.fingerprint import ModelFingerprint
from index.types import Encoding, Hits, Ids, IndexDescription, QueryEncoding, Span, Vector


class Tokenizer(Protocol):
    """A model's own tokenizer, without truncation and without special tokens."""

    def offsets(self, text: str) -> list[tuple[int, int]]:
        """Half-open code-point offsets of each token, in order."""
        ...


class Embedder(Protocol):
    """A model that makes vectors of chunks, sentences and queries, all of unit length."""

    @property
    def fingerprint(self) -> ModelFingerprint: ...

    @property
    def tokenizer(self) -> Tokenizer: ...

    def encode(self, texts: Sequence[str], sentences: Sequence[Sequence[Span]]) -> list[Encoding]:
        """One encoding a text; `sentences[i]` are spans of `texts[i]`."""
        ...

    def encode_query(self, text: str) -> QueryEncoding: ...

    def encode_queries(self, texts: Sequence[str]) -> list[QueryEncoding]:
        """Several queries at once, each as `encode_query` gives it."""
        ...


class VectorIndex(Protocol):
    """Nearest chunks by inner product. An index that is being searched is never changed."""

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
        """The k nearest chunks, best first, ties to the smaller chunk_id.

        query: float32, shape (d,), unit length; scores are cosines in [-1, 1]. `within` limits
        the search to these chunks. Fewer than k hits only when there are fewer.

        Raises IndexMismatch if d differs from the index's dimension.
        """
        ...


class LexicalIndex(Protocol):
    """BM25 over terms, and over pairs of terms that follow one another, as index.words.analyze
    makes them."""

    def __len__(self) -> int: ...

    def search(self, terms: Sequence[str], k: int, within: Ids | None = None) -> Hits:
        """The k best chunks holding any of the terms, best first, ties to the smaller chunk_id.

        terms: the query's, in its order.
        """
        ...

    def document_frequencies(self, terms: Sequence[str]) -> list[int]:
        """The number of chunks that hold each of the terms."""
        ...

    @property
    def changed(self) -> bool:
        """Whether its files have been written to since it was opened."""
        ...
