"""Rerankers score the first candidates again. RERANKERS names the classes."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from index.backend import Snapshot
from rag.search.candidates import Candidates
from rag.search.late_interaction import Interactions, interactions_with
from rag.search.question import Question
from rag.search.ranking import LATE_INTERACTION, NO_RERANKING

CrossEncode = Callable[[str, list[str]], list[float]]
"""A function of a question and n texts. It returns n scores in [0, 1]."""


@dataclass(frozen=True, slots=True)
class Reranking:
    """Scores of n candidates, in the candidates' order.

    scores:       float64, (n,), in [0, 1]
    places:       int64, (n,): index of each candidate's interaction, or -1
    interactions: the interactions behind the scores; None if the reranker computes none
    """

    scores: NDArray[np.float64]
    places: NDArray[np.int64]
    interactions: Interactions | None = None


class Reranker(Protocol):
    """Scores the first candidates of a question again."""

    def rerank(self, snapshot: Snapshot, question: Question, head: Candidates) -> Reranking | None:
        """Score the candidates in `head`, at least one. None keeps the first ranking."""
        ...


class NoReranker:
    """Keeps the first ranking."""

    def rerank(
        self,
        snapshot: Snapshot,
        question: Question,
        head: Candidates,
    ) -> None:
        return None


class LateInteraction:
    """Scores candidates by late interaction with the question's tokens."""

    def rerank(self, snapshot: Snapshot, question: Question, head: Candidates) -> Reranking | None:
        chunks = zip(
            head.signals["chunk_id"].tolist(), head.signals["n_sentences"].tolist(), strict=True
        )
        places, interactions = interactions_with(snapshot, question, list(chunks))
        if interactions is None:  # the model has no token vectors
            return None
        # A chunk without token vectors scores 0: its place is -1, which takes the appended 0.
        return Reranking(np.append(interactions.scores, 0.0)[places], places, interactions)


class CrossEncoder:
    """Scores candidates with a model that encodes the question and a chunk's text together."""

    def __init__(self, cross_encode: CrossEncode) -> None:
        self._cross_encode = cross_encode

    def rerank(self, snapshot: Snapshot, question: Question, head: Candidates) -> Reranking | None:
        chunks = [candidate.chunk for candidate in head]
        texts = [chunk.span.of(snapshot.document(chunk.doc_id).text) for chunk in chunks]
        scores = np.array(self._cross_encode(question.text, texts), dtype=np.float64)
        return Reranking(scores, np.full(len(head), -1))


RERANKERS: Mapping[str, Callable[[], Reranker]] = {
    NO_RERANKING: NoReranker,
    LATE_INTERACTION: LateInteraction,
}
"""Keys are values of the setting `rerank`. Any other value names a cross-encoder."""
