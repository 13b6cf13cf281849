"""The best unit of meaning across the first passages."""

from statistics import fmean
from typing import NamedTuple

from rag.answer.choose import Anchor, Choice, Chooser
from rag.answer.token_matches import TokenMatches
from rag.search.passages import RankedPassage
from rag.search.retrieve import Retrieval

PASSAGES_READ = 5
"""Passages that the answer is looked for in."""


_OTHERS = 5
"""Other candidates that the lead is over: more than one, for two neighbours often say the same."""


class BestUnit(NamedTuple):
    """A unit, the passage that it stands in, and how the two meet the question.

    lead:     of its sentence's score over the mean of the next few sentences'
    is_first: whether it stands in the first passage
    """

    passage: RankedPassage
    choice: Choice
    token_matches: TokenMatches
    lead: float = 0.0
    is_first: bool = True


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
    candidates = _candidates(retrieval)
    for candidate in candidates:
        choice = candidate.chooser.choice_of(candidate.anchor)
        if choice is None:
            continue
        if best is None or len(choice.missing) < len(best.choice.missing):
            best = BestUnit(
                passage=candidate.passage,
                choice=choice,
                token_matches=candidate.chooser.token_matches,
                lead=_lead(candidates),
                is_first=candidate.passage is retrieval.passages[0],
            )
        if not best.choice.missing:
            break
    return best


def _lead(candidates: list[_Candidate]) -> float:
    """Of the best candidate's score over the mean of the next few; 0 without any."""
    others = [candidate.score for candidate in candidates[1 : 1 + _OTHERS]]
    return candidates[0].score - fmean(others) if others else 0.0


def _candidates(retrieval: Retrieval) -> list[_Candidate]:
    """The sentences of the passages that are read, best first."""
    candidates = []
    for passage in retrieval.passages[:PASSAGES_READ]:
        document = retrieval.document(passage)
        token_matches = TokenMatches.of(document, passage.best, retrieval.question)
        chooser = Chooser(document, token_matches, retrieval.question)
        candidates += [
            _Candidate(round(anchor.score + passage.best.score, 6), passage, chooser, anchor)
            for anchor in chooser.anchors()
        ]
    return sorted(candidates, key=lambda candidate: -candidate.score)
