"""Extractive answers: the sentence, or two neighbours, that answer a question best, across the top
passages. No language model: every word of an answer is the documents' own, and cited."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np

from index.types import Span
from rag.answer import cite
from rag.answer.answerer import PASSAGES_READ, Part
from rag.answer.highlight import sentence_scores
from rag.results import AnswerSentence
from rag.search.passages import RankedPassage
from rag.search.retrieve import Retrieval

_PAIR_GAIN = 0.08
"""How much better two neighbouring sentences together must meet the question than the better one
alone: they do when a name stands in one and what is asked of it in the next."""


class Choice(NamedTuple):
    """Sentences of a passage, and how well they answer."""

    score: float
    passage: RankedPassage
    span: Span


class ExtractiveAnswerer:
    """An Answerer that quotes the best sentences."""

    waits = False

    def answer(self, parts: Sequence[Part]) -> list[AnswerSentence]:
        return [_sentence(part) for part in parts]


def _sentence(part: Part) -> AnswerSentence:
    """The best sentences of a part's passages, with their proven citation."""
    choice = best_choice(part.retrieval)
    document = part.retrieval.document(choice.passage)
    citation = cite.cite(document, choice.passage.parts, choice.span)
    return AnswerSentence(question=part.text, confidence=part.confidence, citation=citation)


def best_choice(retrieval: Retrieval) -> Choice:
    """The best sentence, or two, of the first passages; earlier passages win ties.

    A sentence counts by how it meets the question and by what its passage scored.
    """
    choices = [
        choice
        for passage in retrieval.passages[:PASSAGES_READ]
        for choice in _choices(retrieval, passage)
    ]
    return max(choices, key=lambda choice: round(choice.score, 6))


def _choices(retrieval: Retrieval, passage: RankedPassage) -> Iterator[Choice]:
    best, question = passage.best, retrieval.question
    spans = best.chunk.sentences
    scores = sentence_scores(retrieval.document(passage).text, best, question)
    for i, (span, score) in enumerate(zip(spans, scores, strict=True)):
        yield Choice(best.score + float(score), passage, span)
        if best.interaction is not None and i + 1 < len(spans):
            matches = best.interaction.matches[:, i : i + 2].max(axis=1)
            together = float(np.float64(question.token_weights @ matches))
            if together - max(float(score), float(scores[i + 1])) >= _PAIR_GAIN:
                pair = Span(span.start, spans[i + 1].end)
                yield Choice(best.score + together - _PAIR_GAIN, passage, pair)
