"""Answerers: what makes the sentences of an answer from passages. One class each, and a
line in rag.answer.answerers."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from rag.answer.best_unit import BestUnit
from rag.results import AnswerSentence
from rag.search.retrieve import Retrieval


@dataclass(frozen=True, slots=True)
class Part:
    """A part of a question that the documents answer, with the passages to answer it from.

    text:       in the user's words
    confidence: that the documents answer it, in [0, 1]; None if it is not known
    retrieval:  with at least one passage
    best:       what of its passages answers best, to be quoted
    """

    text: str
    confidence: float | None
    retrieval: Retrieval
    best: BestUnit


class Answerer(Protocol):
    """Makes sentences from passages.

    It is given all that it needs, so no snapshot and no search thread is held while it runs.
    """

    @property
    def waits(self) -> bool:
        """Whether it mostly waits, as for another process, so that it runs beside searches."""
        ...

    def answer(self, parts: Sequence[Part]) -> list[AnswerSentence]:
        """At most one for each part, in their order. Each quotes a span of a document in the part's
        retrieval, proven by rag.answer.cite."""
        ...
