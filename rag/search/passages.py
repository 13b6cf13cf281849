"""Turn ranked chunks into passages: group near-identical chunks and merge adjacent ones."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field

import numpy as np

from index.backend import Snapshot
from index.types import Chunk, Matrix, Span
from index.words.analyze import distinct_terms
from rag.search.candidates import Candidate, Candidates

_MIN_DUPLICATE_COSINE = 0.95
"""The terms of two chunks are compared only if the cosine of their vectors is at least this. Texts
that share nine words in ten have a higher cosine."""

_MIN_SHARED_TERMS = 0.9
"""The share of the two chunks' distinct terms that must occur in both. Terms with a digit and terms
of the question must all occur in both: two reports that follow one template differ in these."""


@dataclass(slots=True, eq=False)
class RankedPassage:
    """A ranked chunk, the adjacent chunks merged with it, and its near-identical chunks.

    parts:      the chunk and those merged with it, in document order
    duplicates: near-identical chunks that ranked lower, best first
    """

    best: Candidate
    parts: list[Chunk]
    duplicates: list[Candidate] = field(default_factory=list)

    @property
    def span(self) -> Span:
        return Span(self.parts[0].span.start, self.parts[-1].span.end)


def deduplicate(
    snapshot: Snapshot, candidates: Candidates, k: int, query_terms: Collection[str]
) -> list[RankedPassage]:
    """Return the first k chunks of which no two are near-identical, best first. Each lists the
    lower-ranked candidates that are near-identical to it.

    query_terms: the question's distinct terms; near-identical chunks contain the same ones.
    """

    def terms_in(row: int) -> frozenset[str]:
        chunk = candidates[row].chunk
        return distinct_terms(chunk.span.of(snapshot.document(chunk.doc_id).text))

    def near_identical(one: int, other: int) -> bool:
        terms, other_terms = terms_in(one), terms_in(other)
        unshared = terms ^ other_terms
        if any(term in query_terms or any(map(str.isdigit, term)) for term in unshared):
            return False
        return len(unshared) <= (1 - _MIN_SHARED_TERMS) * len(terms | other_terms)

    duplicates_of: dict[int, list[int]] = {}
    compared_with: dict[int, list[int]] = {}
    vectors = candidates.own_vectors()
    similar: dict[int, list[int]] = {}
    n_compared = 0
    for row in range(len(candidates)):
        if len(duplicates_of) == k and row not in compared_with:
            continue
        original = next((r for r in compared_with.get(row, ()) if near_identical(r, row)), None)
        if original is not None:
            duplicates_of[original].append(row)
        elif len(duplicates_of) < k:
            duplicates_of[row] = []
            if row >= n_compared:
                similar, n_compared = _pairs_to_compare(vectors, row, k), row + k
            for other in similar.get(row, ()):
                compared_with.setdefault(other, []).append(row)
    bests = candidates.at(list(duplicates_of))
    return [
        RankedPassage(best, [best.chunk], candidates.at(rows))
        for best, rows in zip(bests, duplicates_of.values(), strict=True)
    ]


def _pairs_to_compare(vectors: Matrix, first: int, n: int) -> dict[int, list[int]]:
    """For each of the n rows from `first` on, the later rows whose vectors are similar enough to
    compare the terms. Rows without any are left out."""
    rows, others = np.nonzero(vectors[first : first + n] @ vectors.T >= _MIN_DUPLICATE_COSINE)
    similar: dict[int, list[int]] = {}
    for row, other in zip((rows + first).tolist(), others.tolist(), strict=True):
        if other > row:
            similar.setdefault(row, []).append(other)
    return similar


def merge_adjacent(passages: Sequence[RankedPassage]) -> list[RankedPassage]:
    """Merge passages that are adjacent in a document. A merged passage has the rank and score of
    the best of them."""
    remaining = list(passages)
    result: list[RankedPassage] = []
    while remaining:
        first = remaining.pop(0)
        whole = RankedPassage(first.best, list(first.parts), list(first.duplicates))
        while True:
            neighbour = next((other for other in remaining if _are_adjacent(whole, other)), None)
            if neighbour is None:
                break
            remaining.remove(neighbour)
            whole.parts = sorted([*whole.parts, *neighbour.parts], key=lambda part: part.ordinal)
            whole.duplicates += neighbour.duplicates
        result.append(whole)
    return result


def _are_adjacent(one: RankedPassage, other: RankedPassage) -> bool:
    if one.best.chunk.doc_id != other.best.chunk.doc_id:
        return False
    first, last = sorted((one.parts, other.parts), key=lambda parts: parts[0].ordinal)
    return first[-1].ordinal + 1 == last[0].ordinal
