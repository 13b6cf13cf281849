"""The settings of the ranking. This module imports nothing slow, because every command reads it."""

from dataclasses import dataclass, replace
from typing import Literal, NamedTuple

NO_RERANKING = "none"
LATE_INTERACTION = "late-interaction"

Preference = Literal["newest"]
"""What to prefer among results that match nearly equally well (rag.search.recency)."""


@dataclass(frozen=True, slots=True)
class RankSettings:
    """The number of candidates and the weights of the scores; weights are in [0, 1].

    n_candidates:    chunks fetched by vector, and chunks fetched by BM25. It does not depend on k,
                     so the results for a smaller k are the first results for a larger one.
    lexical_weight:  BM25's weight in the first score; the vectors' weight is 1 - lexical_weight
    sentence_weight: the share of the best sentence's cosine in the vectors' weight
    rerank:          `none`, `late-interaction`, or the name or folder of a cross-encoder
    n_rerank:        number of candidates that the reranker scores
    rerank_weight:   the reranker's weight in the final score
    """

    n_candidates: int = 100
    lexical_weight: float = 0.5
    sentence_weight: float = 0.5
    rerank: str = LATE_INTERACTION
    n_rerank: int = 20
    rerank_weight: float = 0.75

    @property
    def weights(self) -> "SignalWeights":
        """The weights of the signals in the first score."""
        vectors = 1 - self.lexical_weight
        return SignalWeights(
            dense=vectors * (1 - self.sentence_weight),
            sentence=vectors * self.sentence_weight,
            lexical=self.lexical_weight,
        )


def bm25_alone(ranking: RankSettings) -> RankSettings:
    """Return the settings for a search without a model: BM25 has weight 1, and no reranker."""
    return replace(ranking, lexical_weight=1.0, rerank=NO_RERANKING)


class SignalWeights(NamedTuple):
    """The weights of the signals in the first score. They sum to 1."""

    dense: float
    sentence: float
    lexical: float
