"""From a question to its ranked passages, in the order of the steps.

1. Candidates: the best chunks by vector and the best by BM25. Each gets every signal, whichever
   side it came from: the cosine of its vector, the cosine of its best sentence, and BM25 as a share
   of the most it could be.
2. First score: the weighted sum of the signals.
3. Reranking: a reranker scores the first candidates again.
4. Passages: near-identical chunks are kept once.

Each signal keeps its own scale. Scaling each to its least and greatest among the candidates loses
.01 answer@1 and makes the scores of two questions incomparable; reciprocal ranks lose .02
(eval/LOG.md).
"""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from index.backend import Snapshot
from index.types import Document, Ids
from rag.search.candidates import SIGNALS, Candidate, Candidates
from rag.search.late_interaction import interactions_with
from rag.search.passages import RankedPassage, distinct
from rag.search.question import Question
from rag.search.ranking import RankSettings
from rag.search.rerankers import Reranker

_DECIMALS = 6
"""Scores are rounded before they are compared: noise in the seventh digit must not order two equal
passages."""

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Retrieval:
    """A question with its distinct passages, best first, and the documents that they stand in. It
    needs no snapshot any more.

    passages: at least two, if the index has two
    """

    question: Question
    passages: tuple[RankedPassage, ...]
    documents: dict[str, Document]

    def document(self, passage: RankedPassage) -> Document:
        return self.documents[passage.best.chunk.doc_id]


def retrieve(
    snapshot: Snapshot,
    question: Question,
    settings: RankSettings,
    reranker: Reranker,
    k: int,
    within: Ids | None = None,
) -> Retrieval:
    """The k best passages, or two if k is 1: confidence needs the lead over the second.

    within: ids that the search is limited to, ascending
    """
    candidates = rank_candidates(snapshot, question, settings, reranker, within)
    passages = distinct(snapshot, candidates, max(k, 2), question.idf.keys())
    bests = with_interactions(snapshot, question, [passage.best for passage in passages])
    for passage, best in zip(passages, bests, strict=True):
        passage.best = best
    doc_ids = {passage.best.chunk.doc_id for passage in passages}
    documents = {doc_id: snapshot.document(doc_id) for doc_id in doc_ids}
    return Retrieval(question, tuple(passages), documents)


def rank_candidates(
    snapshot: Snapshot,
    question: Question,
    settings: RankSettings,
    reranker: Reranker,
    within: Ids | None = None,
) -> Candidates:
    """All candidates, best first; ties go to the smaller chunk_id."""
    first = _candidates(snapshot, question, settings, within).in_order()
    first.signals["first_rank"] = np.arange(1, len(first) + 1)
    head = first.head(settings.n_rerank)
    reranking = reranker.rerank(snapshot, question, head) if len(head) else None
    if reranking is None:
        return first
    # A candidate that is not reranked counts 0 there, and so stays behind those that are.
    weight = settings.rerank_weight
    head.signals["interaction"] = reranking.places
    head.signals["reranked"] = reranking.scores.round(_DECIMALS)
    first.signals["score"] = (1 - weight) * first.signals["first_score"]
    head.signals["score"] += weight * reranking.scores
    first.signals["score"] = first.signals["score"].round(_DECIMALS)
    reranked = replace(first, first_weight=1 - weight, interactions=reranking.interactions or ())
    return reranked.in_order(len(head))


def _candidates(
    snapshot: Snapshot, question: Question, settings: RankSettings, within: Ids | None
) -> Candidates:
    """The candidates with every signal and the first score, in order of their ids."""
    fetched = snapshot.candidates(question.vector, question.terms, settings.n_candidates, within)
    vectors, bm25 = fetched.vectors, fetched.bm25
    cosines = vectors.cosines(question.vector)
    dense, sentence = _own_and_best(cosines, vectors.firsts[:-1])
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


def with_interactions(
    snapshot: Snapshot, question: Question, candidates: list[Candidate]
) -> list[Candidate]:
    """The candidates, each with its interaction if there are token vectors to make it of. Those
    that the reranker did not score, or scored in another way, lack it."""
    missing = [i for i, each in enumerate(candidates) if each.interaction is None]
    chunks = [candidates[i].chunk for i in missing]
    sizes = [(chunk.chunk_id, len(chunk.sentences)) for chunk in chunks]
    places, interactions = interactions_with(snapshot, question, sizes)
    completed = list(candidates)
    for i, place in zip(missing, places.tolist(), strict=True):
        if interactions is not None and place >= 0:
            completed[i] = replace(candidates[i], interaction=interactions[place])
    return completed
