"""Candidates from both sides, scored by every signal, combined, and put in a total order.

Each side's best chunks are candidates. Every candidate gets all signals, wherever it came from: the
cosine of its vector, the cosine of its best sentence, and BM25 as a share of the most it could be.
Their weighted sum ranks the candidates; a reranker then looks at the first few.

The scales are the signals' own, not the query's: scaling each to its least and greatest among the
candidates loses a point of answer@1 and makes scores of two questions incomparable; reciprocal
ranks lose two (eval/LOG.md).
"""

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from index.publish.snapshot import Snapshot
from index.store.rows import StoredVectors
from index.types import Hits, Ids
from rag.search.candidates import SIGNALS, Candidate, Candidates
from rag.search.late_interaction import Interaction, Interactions
from rag.search.question import Question
from rag.search.ranking import LATE_INTERACTION, NO_RERANKING, RankSettings

_DECIMALS = 6
"""Scores are rounded before they are compared: noise in the seventh digit must not order two equal
passages."""

Floats = NDArray[np.float64]

CrossEncode = Callable[[str, list[str]], list[float]]
"""A question and texts to one score a text, in [0, 1]."""


def retrieve(
    snapshot: Snapshot,
    question: Question,
    settings: RankSettings,
    within: Ids | None = None,
    cross_encode: CrossEncode | None = None,
) -> Candidates:
    """All candidates, best first; ties go to the smaller chunk_id.

    `within` limits the search to these chunks. `cross_encode` is the reranker if the settings name
    one.
    """
    first = _candidates(snapshot, question, settings, within).in_order()
    first.signals["first_rank"] = np.arange(1, len(first) + 1)
    if settings.rerank == NO_RERANKING or not len(first):
        return first
    head = first.signals[: settings.n_rerank]
    if settings.rerank == LATE_INTERACTION:
        # A chunk of characters that the tokenizer drops has no token vectors: it meets nothing.
        numbers, interactions = _interactions(
            snapshot, question, head["chunk_id"], head["n_sentences"]
        )
        if not interactions:  # the model has no token vectors
            return first
        head["interaction"] = numbers
        scores = np.append(interactions.scores, 0.0)[numbers]
        first = replace(first, interactions=interactions)
    else:
        assert cross_encode is not None
        texts = [_text(snapshot, each) for each in first[: settings.n_rerank]]
        scores = np.array(cross_encode(question.text, texts))
    # What is not looked at counts 0 with the reranker, and so stays behind what is.
    weight = settings.rerank_weight
    head["reranked"] = scores.round(_DECIMALS)
    first.signals["score"] = (1 - weight) * first.signals["first_score"]
    head["score"] += weight * scores
    first.signals["score"] = first.signals["score"].round(_DECIMALS)
    return replace(first, first_weight=1 - weight).in_order(len(head))


def _interactions(
    snapshot: Snapshot, question: Question, ids: Ids, n_sentences: NDArray[np.int64]
) -> tuple[NDArray[np.int64], Interactions | None]:
    """The interactions of the chunks that have token vectors, and which is each chunk's: -1 for
    those without."""
    numbers = np.full(len(ids), -1)
    found = snapshot.token_vectors(ids.tolist()) if len(question.token_vectors) else {}
    able = [row for row, i in enumerate(ids.tolist()) if i in found]
    if not able:
        return numbers, None
    numbers[able] = np.arange(len(able))
    passages = [found[int(i)] for i in ids[able]]
    return numbers, Interactions(question, passages, n_sentences[able])


def with_interactions(
    snapshot: Snapshot, question: Question, candidates: Sequence[Candidate]
) -> list[Candidate]:
    """The candidates, each with its interaction if there are token vectors to make it of."""
    missing = [each.stored.chunk for each in candidates if each.interaction is None]
    if not missing:
        return list(candidates)
    ids = np.array([chunk.chunk_id for chunk in missing])
    n_sentences = np.array([len(chunk.sentences) for chunk in missing])
    numbers, made = _interactions(snapshot, question, ids, n_sentences)
    by_id: dict[int, Interaction] = {
        int(i): made[number]
        for i, number in zip(ids, numbers, strict=True)
        if made is not None and number >= 0
    }
    return [
        replace(each, interaction=by_id[each.stored.chunk.chunk_id])
        if each.stored.chunk.chunk_id in by_id
        else each
        for each in candidates
    ]


def _candidates(
    snapshot: Snapshot, question: Question, settings: RankSettings, within: Ids | None
) -> Candidates:
    """What each side finds, with the signals of both, in order of their ids."""
    n, terms = settings.n_candidates, question.terms
    bm25 = snapshot.begun(lambda: snapshot.lexical.search(terms, n, within))
    # A zero vector is near nothing: BM25 alone is asked.
    nowhere = not question.vector.any()
    dense_hits = Hits.none() if nowhere else snapshot.dense.search(question.vector, n, within)
    lexical_hits = bm25()
    ids = np.sort(np.concatenate([dense_hits.ids, lexical_hits.ids]))
    ids = ids[np.diff(ids, prepend=-1) > 0]
    signals = np.zeros(len(ids), SIGNALS)
    signals["chunk_id"], signals["place"] = ids, np.arange(len(ids))
    for name, hits in (("dense_rank", dense_hits), ("lexical_rank", lexical_hits)):
        signals[name][np.searchsorted(ids, hits.ids)] = np.arange(1, len(hits) + 1)
    lexical = np.zeros(len(ids))
    lexical[np.searchsorted(ids, lexical_hits.ids)] = lexical_hits.scores
    # Where fewer were found than asked for, no other chunk holds any of the terms.
    unscored = ids[signals["lexical_rank"] == 0] if len(lexical_hits) == n else ids[:0]
    bm25 = snapshot.begun(lambda: snapshot.lexical.search(terms, len(unscored), unscored))
    vectors = snapshot.vectors_of(ids.tolist())
    others = bm25()
    lexical[np.searchsorted(ids, others.ids)] = others.scores
    signals["n_sentences"] = np.diff(vectors.firsts) - 1
    cosines = _cosines(vectors, question)
    dense, sentence = _own_and_best(cosines, vectors.firsts[:-1])
    share = np.minimum(lexical / max(question.lexical_most, 1e-12), 1.0)
    score = first_score(dense, sentence, share, settings)
    rounded = np.stack([dense, sentence, lexical, share, score]).round(_DECIMALS)
    names = ("dense", "sentence", "lexical", "lexical_share", "first_score")
    for name, values in zip(names, rounded, strict=True):
        signals[name] = values
    signals["score"] = signals["first_score"]
    signals["reranked"], signals["interaction"] = np.nan, -1
    return Candidates(snapshot, signals, vectors, cosines)


def _cosines(vectors: StoredVectors, question: Question) -> NDArray[np.float32]:
    """Of each vector with the question's, (rows,)."""
    # Not @, which may give equal vectors products that differ with where they stand.
    cosines = np.einsum("nd,d->n", vectors.codes.astype(np.float32), question.vector)
    return np.asarray(cosines * vectors.scales, dtype=np.float32)


def _own_and_best(cosines: NDArray[np.float32], firsts: NDArray[np.int64]) -> tuple[Floats, Floats]:
    """Of each chunk its own vector's cosine, and the best of its sentences'."""
    dense = cosines[firsts]
    of_sentences = cosines.copy()
    of_sentences[firsts] = -1.0
    best = np.maximum.reduceat(of_sentences, firsts) if len(firsts) else dense
    return dense.astype(np.float64), best.astype(np.float64)


def first_score(dense: Floats, sentence: Floats, share: Floats, settings: RankSettings) -> Floats:
    """The weighted sum of both cosines, which count from 0 on, and of BM25's share.

    >>> first_score(np.array([0.4]), np.array([0.6]), np.array([0.3]), RankSettings())
    array([0.4])
    """
    weights = settings.weights
    return (
        weights.dense * np.clip(dense, 0.0, 1.0)
        + weights.sentence * np.clip(sentence, 0.0, 1.0)
        + weights.lexical * share
    )


def _text(snapshot: Snapshot, candidate: Candidate) -> str:
    stored = candidate.stored
    return stored.chunk.span.of(snapshot.document(stored.document).text)
