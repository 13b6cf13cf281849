"""The best unit of meaning across the first passages."""

from typing import NamedTuple

from rag.answer.choose import Anchor, Choice, Chooser
from rag.answer.meeting import Meeting
from rag.search.passages import RankedPassage
from rag.search.retrieve import Retrieval

PASSAGES_READ = 5
"""Passages that the answer is looked for in."""


class BestUnit(NamedTuple):
    """A unit, the passage that it stands in, and how the two meet the question."""

    passage: RankedPassage
    choice: Choice
    meeting: Meeting


class _Candidate(NamedTuple):
    score: float
    passage: RankedPassage
    chooser: Chooser
    anchor: Anchor


def best_unit(retrieval: Retrieval) -> BestUnit | None:
    """The best unit of the first passages; earlier passages win ties. None if no unit is an answer.

    A unit counts by how it meets the question and by what its passage scored. One that lacks an
    exact thing that is asked for comes after all that have it.
    """
    best: BestUnit | None = None
    for candidate in _candidates(retrieval):
        choice = candidate.chooser.choice_of(candidate.anchor)
        if choice is None:
            continue
        if best is None or len(choice.missing) < len(best.choice.missing):
            best = BestUnit(candidate.passage, choice, candidate.chooser.meeting)
        if not best.choice.missing:
            break
    return best


def _candidates(retrieval: Retrieval) -> list[_Candidate]:
    """The sentences of the passages that are read, best first."""
    candidates = []
    for passage in retrieval.passages[:PASSAGES_READ]:
        document = retrieval.document(passage)
        meeting = Meeting.of(document, passage.best, retrieval.question)
        chooser = Chooser(document, meeting, retrieval.question)
        candidates += [
            _Candidate(round(anchor.score + passage.best.score, 6), passage, chooser, anchor)
            for anchor in chooser.anchors()
        ]
    return sorted(candidates, key=lambda candidate: -candidate.score)
