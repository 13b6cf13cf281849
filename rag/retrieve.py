"""Candidates from both sides, scored by every signal, combined, and put in a total order.

Each side's best chunks are candidates. Every candidate gets all signals, wherever it came from: the
cosine of its vector, the cosine of its best sentence, and BM25 as a share of the most it could be.
Their weighted sum ranks the candidates; a reranker then looks at the first few.

The scales are the signals' own, not the query's: scaling each to its least and greatest among the
candidates loses a point of answer@1 and makes scores of two questions incomparable; reciprocal
ranks lose two (eval/LOG.md).
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from index.rows import StoredChunk
from index.snapshot import Snapshot
from index.types import Ids
from rag.late import Interaction, interact
from rag.question import Question
from rag.ranking import LATE_INTERACTION, NO_RERANKING, RankSettings

_DECIMALS = 6
"""Scores are rounded before they are compared: a chunk's vector differs in its seventh digit with
what it was batched with, and such noise must not order two equal passages."""


@dataclass(frozen=True, slots=True, eq=False)
class Candidate:
    """A chunk with what every signal gave it, and its score in [0, 1].

    dense, sentence:    cosines, in [-1, 1]
    lexical:            BM25, not negative; lexical_share: of the most it could be, in [0, 1]
    dense_rank, lexical_rank: among the candidates of FAISS and of BM25; None if it is not there
    first_score:        the sum of these, in [0, 1]; first_rank: by it; first_weight: its share of
                        the score
    reranked:           the reranker's score, in [0, 1]; None if it did not look
    interaction:        the question's tokens against its own; None if not computed
    """

    stored: StoredChunk
    dense: float
    sentence: float
    lexical: float
    lexical_share: float
    dense_rank: int | None
    lexical_rank: int | None
    first_score: float
    score: float
    first_rank: int = 0
    first_weight: float = 1.0
    reranked: float | None = None
    interaction: Interaction | None = None


CrossEncode = Callable[[str, list[str]], list[float]]
"""A question and texts to one score a text, in [0, 1]."""


def retrieve(
    snapshot: Snapshot,
    question: Question,
    settings: RankSettings,
    within: Ids | None = None,
    cross_encode: CrossEncode | None = None,
) -> list[Candidate]:
    """All candidates, best first; ties go to the smaller chunk_id.

    `within` limits the search to these chunks. `cross_encode` is the reranker if the settings name
    one.
    """
    first = _ordered(_candidates(snapshot, question, settings, within))
    first = [replace(each, first_rank=rank) for rank, each in enumerate(first, 1)]
    if settings.rerank == NO_RERANKING or not first:
        return first
    head, tail = first[: settings.n_rerank], first[settings.n_rerank :]
    if settings.rerank == LATE_INTERACTION:
        head = with_interactions(snapshot, question, head)
        if all(each.interaction is None for each in head):  # the model has no token vectors
            return first
        # A chunk of characters that the tokenizer drops has none either: it meets nothing.
        scores = [0.0 if each.interaction is None else each.interaction.score for each in head]
    else:
        assert cross_encode is not None
        scores = cross_encode(question.text, [_text(snapshot, each.stored) for each in head])
    reranked = [
        _reranked(each, score, settings.rerank_weight)
        for each, score in zip(head, scores, strict=True)
    ]
    # What is not looked at counts 0 with the reranker, and so stays behind what is.
    return _ordered(reranked) + [_reranked(each, None, settings.rerank_weight) for each in tail]


def _reranked(candidate: Candidate, score: float | None, weight: float) -> Candidate:
    total = weight * (score or 0.0) + (1 - weight) * candidate.first_score
    return replace(
        candidate,
        reranked=None if score is None else round(score, _DECIMALS),
        score=round(total, _DECIMALS),
        first_weight=1 - weight,
    )


def with_interactions(
    snapshot: Snapshot, question: Question, candidates: Sequence[Candidate]
) -> list[Candidate]:
    """The candidates, each with its interaction if there are token vectors to make it of."""
    missing = [each for each in candidates if each.interaction is None]
    found = snapshot.token_vectors(each.stored.chunk.chunk_id for each in missing)
    if not found or not len(question.token_vectors):
        return list(candidates)
    able = [each.stored.chunk for each in missing if each.stored.chunk.chunk_id in found]
    made = interact(
        question,
        [found[chunk.chunk_id] for chunk in able],
        [len(chunk.sentences) for chunk in able],
    )
    by_id = {chunk.chunk_id: each for chunk, each in zip(able, made, strict=True)}
    return [
        replace(each, interaction=by_id.get(each.stored.chunk.chunk_id, each.interaction))
        for each in candidates
    ]


def _candidates(
    snapshot: Snapshot, question: Question, settings: RankSettings, within: Ids | None
) -> list[Candidate]:
    n, terms = settings.n_candidates, question.terms
    dense_hits = snapshot.dense.search(question.vector, n, within)
    lexical_hits = snapshot.lexical.search(terms, n, within)
    ids = np.array(sorted({hit.chunk_id for hit in (*dense_hits, *lexical_hits)}), dtype=np.int64)
    stored = snapshot.chunks(ids)
    if not stored:
        return []
    bm25 = {hit.chunk_id: hit.score for hit in lexical_hits}
    unscored = np.array([i for i in ids if int(i) not in bm25], dtype=np.int64)
    # Fewer than were asked for: no other chunk holds any of the terms.
    if len(unscored) and len(lexical_hits) == n:
        found = snapshot.lexical.search(terms, len(unscored), unscored)
        bm25.update((hit.chunk_id, hit.score) for hit in found)
    dense_ranks = {hit.chunk_id: hit.rank for hit in dense_hits}
    lexical_ranks = {hit.chunk_id: hit.rank for hit in lexical_hits}
    # Not @, which may give equal vectors products that differ with where they stand.
    dense = np.einsum("nd,d->n", np.stack([each.vector for each in stored]), question.vector)

    def candidate(each: StoredChunk, cosine: float) -> Candidate:
        i = each.chunk.chunk_id
        sentence = float(np.einsum("nd,d->n", each.sentence_vectors, question.vector).max())
        lexical = bm25.get(i, 0.0)
        share = min(lexical / question.lexical_most, 1.0) if lexical else 0.0
        score = round(first_score(cosine, sentence, share, settings), _DECIMALS)
        return Candidate(
            stored=each,
            dense=round(cosine, _DECIMALS),
            sentence=round(sentence, _DECIMALS),
            lexical=round(lexical, _DECIMALS),
            lexical_share=round(share, _DECIMALS),
            dense_rank=dense_ranks.get(i),
            lexical_rank=lexical_ranks.get(i),
            first_score=score,
            score=score,
        )

    return [candidate(each, float(cosine)) for each, cosine in zip(stored, dense, strict=True)]


def first_score(dense: float, sentence: float, share: float, settings: RankSettings) -> float:
    """The weighted sum of both cosines, which count from 0 on, and of BM25's share.

    >>> first_score(0.4, 0.6, 0.3, RankSettings(lexical_weight=0.5, sentence_weight=0.5))
    0.4
    """
    weights = settings.weights
    return (
        weights.dense * min(max(dense, 0.0), 1.0)
        + weights.sentence * min(max(sentence, 0.0), 1.0)
        + weights.lexical * share
    )


def _ordered(candidates: list[Candidate]) -> list[Candidate]:
    return sorted(candidates, key=lambda each: (-each.score, each.stored.chunk.chunk_id))


def _text(snapshot: Snapshot, stored: StoredChunk) -> str:
    return stored.chunk.span.of(snapshot.document(stored.document).text)
