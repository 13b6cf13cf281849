"""Rerankers: what scores the first candidates again. One class each; by name in RERANKERS."""

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
"""A question and texts to one score for each text, in [0, 1]."""


@dataclass(frozen=True, slots=True)
class Reranking:
    """Scores of candidates, in their order.

    scores:       float64, (n,), in [0, 1]
    interactions: those that the scores come from; None for a reranker that has none
    places:       int64, (n,): each candidate's place among them; -1 for one that has none
    """

    scores: NDArray[np.float64]
    places: NDArray[np.int64]
    interactions: Interactions | None = None


class Reranker(Protocol):
    """Scores the first candidates of a question again."""

    def rerank(self, snapshot: Snapshot, question: Question, head: Candidates) -> Reranking | None:
        """The scores of these candidates, of which there is at least one; None if the reranker has
        nothing to go by, so that the first ranking stands."""
        ...


class NoReranker:
    """Leaves the first ranking as it is."""

    def rerank(
        self,
        snapshot: Snapshot,  # noqa: ARG002
        question: Question,  # noqa: ARG002
        head: Candidates,  # noqa: ARG002
    ) -> None:
        return None


class LateInteraction:
    """Scores by the token vectors of the model that encoded the chunks."""

    def rerank(self, snapshot: Snapshot, question: Question, head: Candidates) -> Reranking | None:
        chunks = zip(
            head.signals["chunk_id"].tolist(), head.signals["n_sentences"].tolist(), strict=True
        )
        places, interactions = interactions_with(snapshot, question, list(chunks))
        if interactions is None:  # the model has no token vectors
            return None
        # A chunk without token vectors matches nothing.
        return Reranking(np.append(interactions.scores, 0.0)[places], places, interactions)


class CrossEncoder:
    """Scores by a model that reads the question and a chunk's text together."""

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
"""By the value of the setting `rerank`; any other value names a cross-encoder."""
