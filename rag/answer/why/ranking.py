"""The steps of a passage that is a candidate: reranking, near-identical passages, rank."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from index.backend import Snapshot
from index.types import Chunk
from rag.answer.why.compare import (
    before_reranking,
    compare,
    lacking_in_words,
    lead_in_words,
    place,
)
from rag.answer.why.result import WhyStep
from rag.search.candidates import Candidate, Candidates
from rag.search.passages import RankedPassage, deduplicate
from rag.search.question import Question
from rag.search.ranking import RankSettings
from rag.search.rerankers import Reranker


@dataclass(frozen=True, slots=True)
class Search:
    """A question and the settings of its search."""

    snapshot: Snapshot
    question: Question
    ranking: RankSettings
    reranker: Reranker

    def lacking(self, *chunks: Chunk) -> str:
        """Return a sentence with the question words that none of these chunks has."""
        texts = [chunk.span.of(self.snapshot.document(chunk.doc_id).text) for chunk in chunks]
        return lacking_in_words(self.question.text, "\n".join(texts))


def ranked_steps(search: Search, candidates: Candidates, row: int, k: int) -> Iterator[WhyStep]:
    """Yield the steps from the candidates to the rank among the distinct passages.

    candidates: best first; row: of the expected passage; k: number of passages in the response
    """
    expected = candidates[row]
    yield _candidate_step(expected, search.ranking.n_candidates)
    if not np.isnan(candidates.signals["reranked"]).all():
        yield _reranking_step(search, candidates, expected)
    passages = deduplicate(search.snapshot, candidates, max(row + 1, k), search.question.idf.keys())
    chunk_id = expected.chunk.chunk_id
    rank, passage = next(
        (rank, passage)
        for rank, passage in enumerate(passages, 1)
        for candidate in (passage.best, *passage.duplicates)
        if candidate.chunk.chunk_id == chunk_id
    )
    if passage.best.chunk.chunk_id == chunk_id:
        detail = "No passage above it has nearly the same text."
        yield WhyStep(stage="duplicates", passed=True, detail=detail)
        yield _rank_step(search, passages, rank, k)
    else:
        where = place(search.snapshot, passage.best.chunk)
        detail = f"It is nearly the same as {where}, passage {rank}, which is shown instead."
        yield WhyStep(stage="duplicates", passed=False, detail=detail)


def _candidate_step(expected: Candidate, n: int) -> WhyStep:
    sides = (("FAISS", expected.dense_rank), ("BM25", expected.lexical_rank))
    ranks = " and ".join(
        f"#{rank:,} of {side}" if rank is not None else f"not among the first {n} of {side}"
        for side, rank in sides
    )
    detail = f"It is a candidate: {ranks}."
    return WhyStep(stage="candidates", passed=True, detail=detail)


def _reranking_step(search: Search, candidates: Candidates, expected: Candidate) -> WhyStep:
    n = search.ranking.n_rerank
    detail = f"By vectors and words it is #{expected.first_rank}; the first {n} are reranked"
    if expected.reranked is not None:
        detail += f", and it gets {expected.reranked:.3f}."
        return WhyStep(stage="reranking", passed=True, detail=detail)
    (last,) = np.flatnonzero(candidates.signals["first_rank"] == n)
    other = before_reranking(candidates[int(last)])
    comparison = compare(before_reranking(expected), other, search.ranking)
    detail += f". #{n} ({place(search.snapshot, other.chunk)}) leads it most by "
    detail += f"{lead_in_words(comparison)}." + search.lacking(expected.chunk)
    return WhyStep(stage="reranking", passed=False, detail=detail, comparison=comparison)


def _rank_step(search: Search, passages: list[RankedPassage], rank: int, k: int) -> WhyStep:
    expected = passages[rank - 1].best
    detail = f"It is passage {rank}, with score {expected.score:.3f}"
    detail += f"; the first {k} are shown." if rank > k else "."
    if rank == 1:
        return WhyStep(stage="rank", passed=True, detail=detail)
    # Compare with the k-th passage if the expected one ranks below it, else with the first.
    above = k if rank > k else 1
    other = passages[above - 1].best
    comparison = compare(expected, other, search.ranking)
    detail += f" Passage {above} ({place(search.snapshot, other.chunk)}, {other.score:.3f}) leads "
    detail += f"it most by {lead_in_words(comparison)}."
    detail += search.lacking(expected.chunk)
    return WhyStep(stage="rank", passed=rank <= k, detail=detail, comparison=comparison)
