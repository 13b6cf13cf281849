"""The protocol of answerers, which make the sentences of an answer from passages.

Each answerer is one class and one line in rag.answer.answerers.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from rag.answer.best_unit import BestUnit
from rag.results import AnswerSentence
from rag.search.retrieve import Retrieval


@dataclass(frozen=True, slots=True)
class Part:
    """A part of a question that the documents answer, with its passages.

    text:       the part in the user's words
    confidence: that the documents answer it, in [0, 1]; None if it is unknown
    retrieval:  the search results, with at least one passage
    best:       the unit of the passages that answers best
    """

    text: str
    confidence: float | None
    retrieval: Retrieval
    best: BestUnit


class Answerer(Protocol):
    """Makes sentences from passages.

    Its arguments contain all that it needs, so it runs without a snapshot or a search thread.
    """

    @property
    def waits(self) -> bool:
        """Whether it mostly waits, for example for another process. If so, it runs in parallel with
        searches."""
        ...

    def answer(self, parts: Sequence[Part]) -> list[AnswerSentence]:
        """Return at most one sentence for each part, in the order of the parts.

        Each quotes a span of a document in the part's retrieval, verified by rag.answer.cite.
        """
        ...
