"""The input of an answer."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from rag.answer.question_parts import QuestionPart
from rag.answer.reader import ReadPassages
from rag.results import Correction, Passage
from rag.search.retrieve import Retrieval


@dataclass(frozen=True, slots=True)
class Reading:
    """The input of an answer: the question's parts, and what was retrieved. It holds no snapshot.

    query:      the question
    parts:      the parts of the question, or the question itself; at least one
    retrievals: what was retrieved, by query: the question's and each part's
    read:       what the reader found in the first passages, by query; empty without a reader
    passages:   the passages of the result, best first
    corrections: the words of the query that were corrected
    k:          the most passages of the answer
    reason:     why there is no passage; None if there is one
    began:      time.perf_counter() when the call began
    """

    query: str
    corrections: Sequence[Correction]
    parts: Sequence[QuestionPart]
    retrievals: Mapping[str, Retrieval]
    read: Mapping[str, ReadPassages]
    passages: Sequence[Passage]
    generation: int
    reason: str | None
    k: int
    explain: bool
    token_budget: int | None
    began: float
