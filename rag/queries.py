"""Correct, encode and weight queries: query texts become questions."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from index.backend import Snapshot
from index.types import QueryEncoding
from rag.live_index import LiveIndex
from rag.models.query_batching import BatchingEmbedder
from rag.search.question import Question, question_of
from rag.search.spelling import CorrectedQuery, correct_spelling


class Queries:
    """The queries of an index: correction, encoding, weights. Safe to call from several threads."""

    def __init__(self, index: LiveIndex, embedder: BatchingEmbedder | None) -> None:
        """embedder: None neither corrects nor encodes."""
        self._index = index
        self._embedder = embedder

    @contextmanager
    def questions(
        self, queries: Sequence[str]
    ) -> Iterator[tuple[Snapshot, list[Question], list[CorrectedQuery]]]:
        """Correct and encode the queries. Yield a snapshot, and the questions with its weights.

        No snapshot is held while the model runs. The next snapshot may lack the word that is
        searched for instead of another; that word then finds nothing, as the other would.
        """
        corrected = self._corrected(queries)
        encodings = self._encode([each.text for each in corrected])
        with self._index.borrow() as snapshot:
            questions = [
                question_of(each.text, encoding, snapshot)
                for each, encoding in zip(corrected, encodings, strict=True)
            ]
            yield snapshot, questions, corrected

    def _corrected(self, queries: Sequence[str]) -> list[CorrectedQuery]:
        """Without a model as they are: `came` would become `same` in a small index without it."""
        if self._embedder is None:
            return [CorrectedQuery(query) for query in queries]
        offsets = self._embedder.tokenizer.offsets
        with self._index.borrow() as snapshot:
            return [
                correct_spelling(query, snapshot, lambda word: len(offsets(word)) == 1)
                for query in queries
            ]

    def _encode(self, queries: Sequence[str]) -> Sequence[QueryEncoding | None]:
        if self._embedder is None:
            return [None] * len(queries)
        return self._embedder.encode_queries(queries)
