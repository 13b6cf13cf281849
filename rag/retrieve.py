"""Candidates from both sides, scored by every signal, fused, and put in a total order.

Each side's best chunks are candidates. Every candidate gets all signals, wherever it came from: the
cosine of its vector, the cosine of its best sentence, and BM25. (dense + sentence) and BM25 are
each scaled min-max over the candidates and summed with weights that add up to 1. Reciprocal ranks
are no substitute: they rank below the better single side on some collections, which this never did.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from index.rows import StoredChunk
from index.snapshot import Snapshot
from index.types import Ids, Vector

Signal = NDArray[np.float64]
"""Shape (n,): one value a candidate."""

_DECIMALS = 6
"""Scores are rounded before they are compared: a chunk's vector differs in its seventh digit with
what it was batched with, and such noise must not order two equal passages."""


@dataclass(frozen=True, slots=True)
class RankSettings:
    """n_candidates: chunks fetched from each side. It does not depend on k, so a shorter result is
    the beginning of a longer one. lexical_weight: BM25's share of the score, in [0, 1]."""

    n_candidates: int = 100
    lexical_weight: float = 0.4


@dataclass(frozen=True, slots=True)
class Candidate:
    """A chunk with what every signal gave it, and its score in [0, 1].

    dense_rank, lexical_rank: among the candidates of FAISS and of BM25; None if it is not there
    semantic_scaled, lexical_scaled: dense + sentence and BM25 over all candidates, in [0, 1]
    """

    stored: StoredChunk
    dense: float
    sentence: float
    lexical: float
    score: float
    dense_rank: int | None
    lexical_rank: int | None
    semantic_scaled: float
    lexical_scaled: float


def retrieve(
    snapshot: Snapshot,
    query: Vector,
    terms: Sequence[str],
    settings: RankSettings,
    within: Ids | None = None,
) -> list[Candidate]:
    """All candidates, best first; ties go to the smaller chunk_id.

    query: float32, shape (d,), unit length. terms: the query's, as index.analyze makes them.
    `within` limits the search to these chunks.
    """
    dense_hits = snapshot.dense.search(query, settings.n_candidates, within)
    lexical_hits = snapshot.lexical.search(terms, settings.n_candidates, within)
    ids = np.array(sorted({hit.chunk_id for hit in (*dense_hits, *lexical_hits)}), dtype=np.int64)
    stored = snapshot.chunks(ids)
    if not stored:
        return []
    bm25 = {hit.chunk_id: hit.score for hit in lexical_hits}
    unscored = np.array([i for i in ids if int(i) not in bm25], dtype=np.int64)
    # Fewer than were asked for: no other chunk holds any of the terms.
    if len(unscored) and len(lexical_hits) == settings.n_candidates:
        found = snapshot.lexical.search(terms, len(unscored), unscored)
        bm25.update((hit.chunk_id, hit.score) for hit in found)

    dense = np.stack([s.encoding.vector for s in stored]) @ query
    sentence = np.array([float(np.max(s.encoding.sentence_vectors @ query)) for s in stored])
    lexical = np.array([bm25.get(s.chunk.chunk_id, 0.0) for s in stored])
    fused = fuse(dense + sentence, lexical, settings.lexical_weight)
    dense_ranks = {hit.chunk_id: hit.rank for hit in dense_hits}
    lexical_ranks = {hit.chunk_id: hit.rank for hit in lexical_hits}
    candidates = [
        Candidate(
            stored=found,
            dense=round(float(dense[i]), _DECIMALS),
            sentence=round(float(sentence[i]), _DECIMALS),
            lexical=round(float(lexical[i]), _DECIMALS),
            score=float(fused.scores[i]),
            dense_rank=dense_ranks.get(found.chunk.chunk_id),
            lexical_rank=lexical_ranks.get(found.chunk.chunk_id),
            semantic_scaled=float(fused.semantic[i]),
            lexical_scaled=float(fused.lexical[i]),
        )
        for i, found in enumerate(stored)
    ]
    return sorted(candidates, key=lambda c: (-c.score, c.stored.chunk.chunk_id))


class Fused(NamedTuple):
    """The scores of some candidates, and the two scaled signals they are sums of; all rounded."""

    scores: Signal
    semantic: Signal
    lexical: Signal


def fuse(semantic: Signal, lexical: Signal, lexical_weight: float) -> Fused:
    """The convex sum of two signals, each scaled to [0, 1].

    >>> fuse(np.array([0.9, 0.5, 0.1]), np.array([0.0, 8.0, 2.0]), 0.5).scores
    array([0.5  , 0.75 , 0.125])
    """
    semantic, lexical = _min_max(semantic), _min_max(lexical)
    scores = (1 - lexical_weight) * semantic + lexical_weight * lexical
    return Fused(scores.round(_DECIMALS), semantic.round(_DECIMALS), lexical.round(_DECIMALS))


def _min_max(signal: Signal) -> Signal:
    """Scaled so that the least is 0 and the greatest 1. A signal that is the same for all prefers
    none of them: all 1, or all 0 if it found nothing."""
    low, high = float(signal.min()), float(signal.max())
    if high - low < 10**-_DECIMALS:
        return np.full(signal.shape, 1.0 if high > 0 else 0.0)
    return (signal - low) / (high - low)
