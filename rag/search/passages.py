"""From ranked chunks to passages: near-identical ones kept once, neighbours joined if asked to."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field

import numpy as np

from index.backend import Snapshot
from index.types import Chunk, Matrix, Span
from index.words.analyze import distinct_terms
from rag.search.candidates import Candidate, Candidates

_ALIKE_COSINE = 0.95
"""Below it two chunks are not compared further: texts that share nine words of ten are above."""

_ALIKE_TERMS = 0.9
"""Of all terms of the two. Numbers must be the same, and the question's terms that they have: two
reports of one form are not one passage if the question tells them apart."""


@dataclass(slots=True, eq=False)
class RankedPassage:
    """A chunk that ranks, with the neighbours joined to it and the near-identical chunks that it
    stands for.

    parts:      its chunk and those joined to it, in order of their place
    duplicates: near-identical chunks that ranked lower
    """

    best: Candidate
    parts: list[Chunk]
    duplicates: list[Candidate] = field(default_factory=list)

    @property
    def span(self) -> Span:
        return Span(self.parts[0].span.start, self.parts[-1].span.end)


def distinct(
    snapshot: Snapshot, candidates: Candidates, k: int, query_terms: Collection[str]
) -> list[RankedPassage]:
    """The first k chunks no two of which are near-identical; all candidates that are so to one of
    these are noted with it.

    query_terms: the question's, which near-identical chunks must share.
    """

    def terms_in(row: int) -> frozenset[str]:
        chunk = candidates[row].chunk
        return distinct_terms(chunk.span.of(snapshot.document(chunk.doc_id).text))

    def alike(one: int, other: int) -> bool:
        mine, theirs = terms_in(one), terms_in(other)
        differ = mine ^ theirs
        if any(term in query_terms or any(map(str.isdigit, term)) for term in differ):
            return False
        return len(differ) <= (1 - _ALIKE_TERMS) * len(mine | theirs)

    kept: dict[int, list[int]] = {}
    near: dict[int, list[int]] = {}
    vectors = candidates.own_vectors()
    close: dict[int, list[int]] = {}
    looked_at = 0
    for row in range(len(candidates)):
        if len(kept) == k and row not in near:
            continue
        same = next((r for r in near.get(row, ()) if alike(r, row)), None)
        if same is not None:
            kept[same].append(row)
        elif len(kept) < k:
            kept[row] = []
            if row >= looked_at:
                close, looked_at = _close(vectors, row, k), row + k
            for other in close.get(row, ()):
                near.setdefault(other, []).append(row)
    bests = candidates.at(list(kept))
    return [
        RankedPassage(best, [best.chunk], candidates.at(rows))
        for best, rows in zip(bests, kept.values(), strict=True)
    ]


def _close(vectors: Matrix, first: int, n: int) -> dict[int, list[int]]:
    """The rows behind each of n rows that it is worth comparing with, where there are any."""
    rows, others = np.nonzero(vectors[first : first + n] @ vectors.T >= _ALIKE_COSINE)
    close: dict[int, list[int]] = {}
    for row, other in zip((rows + first).tolist(), others.tolist(), strict=True):
        if other > row:
            close.setdefault(row, []).append(other)
    return close


def joined(passages: Sequence[RankedPassage]) -> list[RankedPassage]:
    """Passages that follow one another in their document made one, which stands where the best of
    them stood and has its score."""
    remaining = list(passages)
    result: list[RankedPassage] = []
    while remaining:
        first = remaining.pop(0)
        whole = RankedPassage(first.best, list(first.parts), list(first.duplicates))
        while True:
            neighbour = next((each for each in remaining if _adjoin(whole, each)), None)
            if neighbour is None:
                break
            remaining.remove(neighbour)
            whole.parts = sorted([*whole.parts, *neighbour.parts], key=lambda part: part.ordinal)
            whole.duplicates += neighbour.duplicates
        result.append(whole)
    return result


def _adjoin(one: RankedPassage, other: RankedPassage) -> bool:
    if one.best.chunk.doc_id != other.best.chunk.doc_id:
        return False
    mine, theirs = one.parts, other.parts
    return mine[-1].ordinal + 1 == theirs[0].ordinal or theirs[-1].ordinal + 1 == mine[0].ordinal
