"""What decides the ranking, as plain values: nothing heavy is imported to read the settings."""

from dataclasses import dataclass, replace
from typing import NamedTuple

NO_RERANKING = "none"
LATE_INTERACTION = "late-interaction"


@dataclass(frozen=True, slots=True)
class RankSettings:
    """How candidates are found and what weighs how much; weights are in [0, 1].

    n_candidates:    chunks fetched from each side. It does not depend on k, so a shorter result is
                     the beginning of a longer one.
    lexical_weight:  BM25's share of the first score; the vectors have the rest
    sentence_weight: the best sentence's share of what the vectors have
    rerank:          `none`, `late-interaction`, or the name or folder of a cross-encoder
    n_rerank:        how many of the first candidates the reranker looks at
    rerank_weight:   its share of the final score
    """

    n_candidates: int = 100
    lexical_weight: float = 0.5
    sentence_weight: float = 0.5
    rerank: str = LATE_INTERACTION
    n_rerank: int = 20
    rerank_weight: float = 0.75

    @property
    def weights(self) -> "Weights":
        """The shares of the first score."""
        vectors = 1 - self.lexical_weight
        return Weights(
            dense=vectors * (1 - self.sentence_weight),
            sentence=vectors * self.sentence_weight,
            lexical=self.lexical_weight,
        )


def bm25_alone(ranking: RankSettings) -> RankSettings:
    """The same settings for a search without a model."""
    return replace(ranking, lexical_weight=1.0, rerank=NO_RERANKING)


class Weights(NamedTuple):
    """Shares of the first score, which sum to 1."""

    dense: float
    sentence: float
    lexical: float
