"""Readers find the phrase of a passage that answers a question.

A reader is an extractive question-answering model. It reads the first passages of a retrieval. The
unit of meaning that holds its best phrase becomes the answer, and its score for no answer is
evidence for the confidence.
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Protocol

from index.types import Span
from rag.search.passages import RankedPassage
from rag.search.retrieve import Retrieval

if TYPE_CHECKING:  # it imports a tokenizer, which a search without a model does not need
    from index.encode.phrases import Phrase, ReadText

PASSAGES_READ = 5
"""An answer is selected from the units of this many passages."""


class Reader(Protocol):
    """Reads texts with a question. digest: of the model's files; it identifies the model."""

    @property
    def digest(self) -> str: ...

    def read(self, question: str, texts: Sequence[str]) -> "Sequence[ReadText]":
        """Return for each text what was read in it."""
        ...


class ReadPassages:
    """The first passages of a retrieval, as a reader has read them. Spans are of documents."""

    def __init__(self, passages: Sequence[RankedPassage], texts: "Sequence[ReadText]") -> None:
        self._passages = passages
        self._texts = texts
        self._best = [self._phrase(i, None) for i in range(len(passages))]

    def best(self, passage: RankedPassage) -> "Phrase | None":
        """Return the best phrase of a passage; None if it has none or was not read."""
        number = self._number(passage)
        return None if number is None else self._best[number]

    def best_in(self, passage: RankedPassage, spans: Sequence[Span]) -> "Phrase | None":
        """Return the best phrase of a passage within one of these spans of its document."""
        number = self._number(passage)
        if number is None:
            return None
        whole = self._best[number]
        if whole is None or any(span.contains(whole.span) for span in spans):
            return whole
        phrases = [self._phrase(number, span) for span in spans]
        return max(
            (phrase for phrase in phrases if phrase is not None),
            key=lambda phrase: phrase.probability,
            default=None,
        )

    def best_margin(self) -> float | None:
        """Return the largest margin of a passage's best phrase; None without any phrase."""
        return max((each.margin for each in self._best if each is not None), default=None)

    def _number(self, passage: RankedPassage) -> int | None:
        return next((i for i, each in enumerate(self._passages) if each is passage), None)

    def _phrase(self, number: int, span: Span | None) -> "Phrase | None":
        start = self._passages[number].best.chunk.span.start
        within = None if span is None else Span(span.start - start, span.end - start)
        phrase = self._texts[number].best(within)
        if phrase is None:
            return None
        return replace(phrase, span=Span(phrase.span.start + start, phrase.span.end + start))


def read_passages(reader: Reader, retrieval: Retrieval) -> ReadPassages:
    """Read the first passages of a retrieval."""
    passages = retrieval.passages[:PASSAGES_READ]
    texts = [each.best.chunk.span.of(retrieval.document(each).text) for each in passages]
    return ReadPassages(passages, reader.read(retrieval.question.text, texts))
