"""Selection of the best unit of meaning in the first passages."""

from dataclasses import dataclass, replace
from functools import cached_property
from statistics import fmean
from typing import TYPE_CHECKING, NamedTuple

from index.types import Span
from index.words.analyze import distinct_terms
from rag.answer.anchors import Anchor
from rag.answer.choose import Choice, Chooser
from rag.answer.code_units import KINDS_OF_CODE, is_code
from rag.answer.other_forms import other_forms
from rag.answer.reader import PASSAGES_READ, ReadPassages
from rag.answer.token_matches import TokenMatches
from rag.search.passages import RankedPassage
from rag.search.recency import date_of, newest_first
from rag.search.retrieve import Retrieval

if TYPE_CHECKING:
    from index.encode.phrases import Phrase

_OTHERS = 5
"""The number of next candidates for the lead: more than one, as neighbours often say the same."""


@dataclass(frozen=True)
class BestUnit:
    """A unit, its passage, and the matches of both with the question.

    lead:     score of its sentence minus the mean score of the next few sentences
    is_first: whether it is in the first passage
    phrase:   the best phrase within it, in the document; None without a reader or a phrase
    phrase_elsewhere: how much larger the margin of the best phrase of all passages is, at least 0
    """

    passage: RankedPassage
    choice: Choice
    token_matches: TokenMatches
    lead: float = 0.0
    is_first: bool = True
    phrase: "Phrase | None" = None
    phrase_elsewhere: float = 0.0

    @cached_property
    def text(self) -> str:
        """The text of the document's title, the unit and its context."""
        unit = self.choice.unit
        return "\n".join(
            [self.token_matches.document.title, self._quote(*unit.spans, *unit.context)]
        )

    @cached_property
    def quote(self) -> str:
        """The unit's text without its context."""
        return self._quote(*self.choice.unit.spans)

    @cached_property
    def terms(self) -> frozenset[str]:
        """The distinct terms of `text`, also in other forms, and the words for kinds of code."""
        own = distinct_terms(self.text) | other_forms(self.text)
        document = self.token_matches.document
        if not is_code(document):
            return own
        context = document.context_of(self.choice.unit.spans[-1])
        return own | KINDS_OF_CODE | distinct_terms("\n".join(context))

    def _quote(self, *spans: Span) -> str:
        return "\n".join(span.of(self.token_matches.document.text) for span in spans)


class _Candidate(NamedTuple):
    score: float
    passage: RankedPassage
    chooser: Chooser
    anchor: Anchor

    @property
    def span(self) -> Span:
        """From the first of its sentences to the last."""
        sentences = self.chooser.token_matches.chunk.sentences
        first, last = self.anchor.sentences[0], self.anchor.sentences[-1]
        return Span(sentences[first].start, sentences[last].end)


def best_unit(retrieval: Retrieval, read: ReadPassages | None = None) -> BestUnit | None:
    """Return the best unit of the first passages; None if no unit is an answer.

    The score of a unit is the score of its sentence plus that of its passage. Ties go to the
    earlier passage. A unit without an exact term of the question ranks after all units that have
    every exact term.

    read: what a reader found in the passages. A sentence with a phrase that the reader prefers to
    no answer ranks before the other sentences, in the order of the phrases' margins.
    """
    best: BestUnit | None = None
    candidates = _candidates(retrieval)
    if retrieval.prefer == "newest":
        candidates = _newest_first(candidates, retrieval)
    if read is not None:
        candidates = _by_phrase(candidates, read)
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
    return best if best is None or read is None else _with_phrase(best, read)


def _newest_first(candidates: list[_Candidate], retrieval: Retrieval) -> list[_Candidate]:
    return newest_first(
        candidates,
        lambda candidate: candidate.score,
        lambda candidate: date_of(retrieval.document(candidate.passage).metadata),
    )


def _by_phrase(candidates: list[_Candidate], read: ReadPassages) -> list[_Candidate]:
    """Move the candidates whose sentences hold their passage's best phrase to the front, if the
    phrase's margin is positive."""

    def key(candidate: _Candidate) -> float:
        phrase = read.best(candidate.passage)
        if phrase is None or phrase.margin <= 0 or not candidate.span.contains(phrase.span):
            return 0.0
        return -phrase.margin

    return sorted(candidates, key=key)


def _with_phrase(best: BestUnit, read: ReadPassages) -> BestUnit:
    phrase = read.best_in(best.passage, best.choice.unit.spans)
    most = read.best_margin()
    elsewhere = 0.0 if phrase is None or most is None else max(most - phrase.margin, 0.0)
    return replace(best, phrase=phrase, phrase_elsewhere=elsewhere)


def _lead(candidates: list[_Candidate]) -> float:
    """Return the best candidate's score minus the mean of the next few; 0 if there are none."""
    others = [candidate.score for candidate in candidates[1 : 1 + _OTHERS]]
    return candidates[0].score - fmean(others) if others else 0.0


def _candidates(retrieval: Retrieval) -> list[_Candidate]:
    """Return the sentences, and pairs of sentences, of the first passages, best first."""
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
