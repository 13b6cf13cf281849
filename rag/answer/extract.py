"""Extractive answers: quote the unit of meaning that answers a question best.

There is no language model: every word of an answer is from a document, with a citation.
"""

from collections.abc import Sequence

from rag.answer import cite
from rag.answer.answerer import Part
from rag.results import AnswerSentence


class ExtractiveAnswerer:
    """An Answerer that quotes the best unit."""

    waits = False

    def answer(self, parts: Sequence[Part]) -> list[AnswerSentence]:
        return [_sentence(part) for part in parts]


def _sentence(part: Part) -> AnswerSentence:
    """Return the best unit of a part's passages, with its verified citations."""
    best = part.best
    document = part.retrieval.document(best.passage)
    spans = best.choice.unit.spans
    citations = [cite.cite_near(document, best.passage.parts, span) for span in spans]
    return AnswerSentence.quoting(part.text, part.confidence, citations)
