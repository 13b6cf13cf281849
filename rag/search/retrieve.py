"""Retrieve the ranked passages for a question.

1. Candidates: the best chunks by vector and the best by BM25. Every signal is computed for each:
   the cosine of its vector, the cosine of its best sentence, and its BM25 score divided by the
   highest possible one.
2. First score: the weighted sum of the signals. A chunk of source code that defines an identifier
   of the question gains (rag.search.definitions).
3. Reranking: a reranker scores the first candidates again; rag.search.adjustments lowers some.
4. Passages: near-identical chunks are grouped.

Each signal keeps its own scale. Min-max scaling over the candidates loses .01 answer@1 and makes
the scores of two questions incomparable. Reciprocal rank fusion loses .02 (eval/LOG.md).
"""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from index.backend import Snapshot
from index.types import Document, Floats, Ids
from rag.search.adjustments import adjusted
from rag.search.candidates import SIGNALS, Candidate, Candidates
from rag.search.definitions import DEFINES, definition_gain
from rag.search.late_interaction import interactions_with
from rag.search.passages import RankedPassage, deduplicate
from rag.search.question import Question
from rag.search.ranking import Preference, RankSettings
from rag.search.recency import prefer_newest
from rag.search.rerankers import Reranker

_DECIMALS = 6
"""Scores are rounded to this many decimals before sorting, so that floating-point noise does not
order two equal passages."""


@dataclass(frozen=True, slots=True)
class Retrieval:
    """A question, its passages and their documents. It can be used after the snapshot is closed.

    passages:  best first; at least two if the index has two
    documents: the passages' documents by id
    prefer:    the order of passages that match nearly equally well; None: by score
    """

    question: Question
    passages: tuple[RankedPassage, ...]
    documents: dict[str, Document]
    prefer: Preference | None = None

    def document(self, passage: RankedPassage) -> Document:
        return self.documents[passage.best.chunk.doc_id]


def retrieve(
    snapshot: Snapshot,
    question: Question,
    settings: RankSettings,
    reranker: Reranker,
    k: int,
    within: Ids | None = None,
    prefer: Preference | None = None,
) -> Retrieval:
    """Return the k best passages, or two if k is 1: confidence compares the first two.

    within: ids of the only chunks to search, ascending; None to search all.
    prefer: see rag.search.recency
    """
    candidates = rank_candidates(snapshot, question, settings, reranker, within)
    if prefer == "newest":
        candidates = prefer_newest(snapshot, candidates, settings.n_rerank)
    passages = deduplicate(snapshot, candidates, max(k, 2), question.idf.keys())
    bests = add_interactions(snapshot, question, [passage.best for passage in passages])
    for passage, best in zip(passages, bests, strict=True):
        passage.best = best
    doc_ids = {passage.best.chunk.doc_id for passage in passages}
    documents = {doc_id: snapshot.document(doc_id) for doc_id in doc_ids}
    return Retrieval(question, tuple(passages), documents, prefer)


def rank_candidates(
    snapshot: Snapshot,
    question: Question,
    settings: RankSettings,
    reranker: Reranker,
    within: Ids | None = None,
) -> Candidates:
    """Return all candidates, best first; ties go to the smaller chunk_id.

    within: ids of the only chunks to search, ascending; None to search all.
    """
    candidates = _candidates(snapshot, question, settings, within)
    gain = definition_gain(snapshot, question, candidates.signals["chunk_id"])
    candidates.signals["first_score"] = np.minimum(candidates.signals["first_score"] + gain, 1.0)
    candidates.signals["score"] = candidates.signals["first_score"]
    defining = candidates.signals["chunk_id"][gain > 0]
    first = candidates.in_order()
    first.signals["first_rank"] = np.arange(1, len(first) + 1)
    head = first.head(settings.n_rerank)
    reranking = reranker.rerank(snapshot, question, head) if len(head) else None
    if reranking is None:
        return first
    # A candidate that is not reranked gets 0 from the reranker, so it ranks after the others.
    weight = settings.rerank_weight
    raised = reranking.scores + DEFINES * np.isin(head.signals["chunk_id"], defining)
    scores = adjusted(snapshot, question, head, raised).round(_DECIMALS)
    head.signals["interaction"] = reranking.places
    head.signals["reranked"] = scores
    first.signals["score"] = (1 - weight) * first.signals["first_score"]
    head.signals["score"] += weight * scores
    first.signals["score"] = first.signals["score"].round(_DECIMALS)
    reranked = replace(first, first_weight=1 - weight, interactions=reranking.interactions or ())
    return reranked.in_order(len(head))


def _candidates(
    snapshot: Snapshot, question: Question, settings: RankSettings, within: Ids | None
) -> Candidates:
    """Fetch the candidates and compute their signals and first scores; ordered by chunk id."""
    fetched = snapshot.candidates(question.vector, question.terms, settings.n_candidates, within)
    vectors, bm25 = fetched.vectors, fetched.bm25
    cosines = vectors.cosines(question.vector)
    dense, sentence = _cosines_by_chunk(cosines, vectors.firsts[:-1])
    share = np.minimum(bm25 / max(question.lexical_most, 1e-12), 1.0)
    score = first_score(dense, sentence, share, settings)
    signals = np.zeros(len(vectors.ids), SIGNALS)
    signals["chunk_id"], signals["place"] = vectors.ids, np.arange(len(vectors.ids))
    signals["n_sentences"] = np.diff(vectors.firsts) - 1
    signals["dense_rank"], signals["lexical_rank"] = fetched.dense_rank, fetched.lexical_rank
    rounded = np.stack([dense, sentence, bm25, share, score]).round(_DECIMALS)
    names = ("dense", "sentence", "lexical", "lexical_share", "first_score")
    for name, values in zip(names, rounded, strict=True):
        signals[name] = values
    signals["score"] = signals["first_score"]
    signals["reranked"], signals["interaction"] = np.nan, -1
    return Candidates(snapshot, signals, vectors, cosines)


def _cosines_by_chunk(
    cosines: NDArray[np.float32], firsts: NDArray[np.int64]
) -> tuple[Floats, Floats]:
    """Return for each chunk the cosine of its own vector and the best cosine of its sentences.

    cosines: (rows,). firsts: (n,), the row of each chunk's own vector; its sentences follow.
    """
    dense = cosines[firsts]
    sentence_cosines = cosines.copy()
    sentence_cosines[firsts] = -1.0
    best = np.maximum.reduceat(sentence_cosines, firsts) if len(firsts) else dense
    return dense.astype(np.float64), best.astype(np.float64)


def first_score(dense: Floats, sentence: Floats, share: Floats, settings: RankSettings) -> Floats:
    """Return the weighted sum of the cosines, negative ones counted as 0, and of BM25's share.

    All arrays have the shape (n,).

    >>> first_score(np.array([0.4]), np.array([0.6]), np.array([0.3]), RankSettings())
    array([0.4])
    """
    weights = settings.weights
    return (
        weights.dense * np.clip(dense, 0.0, 1.0)
        + weights.sentence * np.clip(sentence, 0.0, 1.0)
        + weights.lexical * share
    )


def add_interactions(
    snapshot: Snapshot, question: Question, candidates: list[Candidate]
) -> list[Candidate]:
    """Return the candidates with the interactions that the reranker did not compute. Chunks without
    token vectors stay without one."""
    without_interaction = [
        i for i, candidate in enumerate(candidates) if candidate.interaction is None
    ]
    if not without_interaction:
        return list(candidates)
    chunks = [candidates[i].chunk for i in without_interaction]
    sizes = [(chunk.chunk_id, len(chunk.sentences)) for chunk in chunks]
    places, interactions = interactions_with(snapshot, question, sizes)
    results = list(candidates)
    for i, place in zip(without_interaction, places.tolist(), strict=True):
        if interactions is not None and place >= 0:
            results[i] = replace(candidates[i], interaction=interactions[place])
    return results
