"""Extractive answers: quote the unit of meaning that answers a question best.

There is no language model: every word of an answer is from a document, with a citation.
"""

from collections.abc import Sequence

from rag.answer import cite
from rag.answer.answerer import Part
from rag.results import AnswerSentence, Citation


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
    return AnswerSentence.quoting(part.text, part.confidence, citations, _phrase(part))


def _phrase(part: Part) -> Citation | None:
    """Return the citation of the reader's phrase in the unit.

    None without a reader, or if the reader prefers no answer to every phrase of the unit.
    """
    best = part.best
    if best.phrase is None or best.phrase.margin <= 0:
        return None
    document = part.retrieval.document(best.passage)
    return cite.cite(document, [best.passage.best.chunk], best.phrase.span)
