"""Extractive answers: the sentence, or two neighbours, that answer a question best, across the top
passages. No language model: every word of an answer is the documents' own, and cited."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np
import regex

from index.types import Span
from index.words.analyze import terms_of
from rag.answer import cite
from rag.answer.explain import Found
from rag.answer.highlight import sentence_scores
from rag.results import AnswerSentence, Passage
from rag.search.passages import Ranked

PASSAGES_READ = 5
"""Passages that the answer is looked for in."""

NOT_ANSWERED = "The documents do not answer this."

_PAIR_GAIN = 0.08
"""How much better two neighbouring sentences together must meet the question than the better one
alone: they do when a name stands in one and what is asked of it in the next."""

_ASKS = r"(?:who|whom|whose|what|when|where|which|why|how)\b"
_IS = r"(?:is|are|was|were|do|does|did|has|have|had|can|could|will|would|should)\b"
# After a bare comma only what cannot begin a relative clause: "the drug, which was approved" is one
# question, and so is "the man, when he died"; "what …", "when did …" ask anew.
_BETWEEN = regex.compile(
    rf"(?<=\?)\s+(?=\S)|(?<=[？؟])\s*(?=\S)"
    rf"|[,;]?\s+(?:and|or|but)\s+(?:also\s+)?(?={_ASKS})"
    rf"|;\s+(?={_ASKS})|,\s+(?=(?:what|why|how|(?:when|where)\s+{_IS})\b)",
    regex.IGNORECASE,
)
_ASKING = regex.compile(rf"\b{_ASKS}|[?？؟]", regex.IGNORECASE)
_REFERS = regex.compile(
    r"\b(?:it|its|he|his|him|she|her|hers|they|their|theirs|them|this|that|these|those|there)\b",
    regex.IGNORECASE,
)


class QuestionPart(NamedTuple):
    """A part of a question as it was asked, and the words that are searched for it."""

    asked: str
    searched: str


def questions_in(text: str) -> list[QuestionPart]:
    """The parts of a question that asks for several things; empty if it asks for one.

    A part that refers to what an earlier one named is searched for with the first one's words.

    >>> questions_in("Who leads Norway, and when was he elected?")[1]
    QuestionPart(asked='when was he elected?', searched='Who leads Norway when was he elected?')
    """
    parts = _parts(text)
    if len(parts) < 2:
        return []
    first = parts[0]
    return [
        QuestionPart(part, f"{first} {part}" if i and _REFERS.search(part) else part)
        for i, part in enumerate(parts)
    ]


def _parts(text: str) -> list[str]:
    """The stretches that each ask something; one that does not belongs to its neighbour."""
    parts: list[str] = []
    start = 0
    for between in _BETWEEN.finditer(text):
        if _asks(text[start : between.start()]) and _asks(text[between.end() :]):
            parts.append(text[start : between.start()].strip())
            start = between.end()
    return [*parts, text[start:].strip()]


def _asks(text: str) -> bool:
    return _ASKING.search(text) is not None and bool(terms_of(text))


class Choice(NamedTuple):
    """Sentences of a passage, and how well they answer."""

    score: float
    ranked: Ranked
    span: Span


def best_choice(found: Found) -> Choice:
    """The best sentence, or two, of what was found; earlier passages win ties.

    A sentence counts by how it meets the question and by what its passage scored.
    """
    choices = [
        choice for ranked in found.ranked[:PASSAGES_READ] for choice in _choices(found, ranked)
    ]
    return max(choices, key=lambda choice: round(choice.score, 6))


def sentence_of(found: Found, choice: Choice, asked: str, confidence: float) -> AnswerSentence:
    """A choice with its proven citation. asked: the question, in the user's words."""
    citation = cite.cite(found.document(choice.ranked), choice.ranked.parts, choice.span)
    return AnswerSentence(question=asked, confidence=confidence, citation=citation)


def in_passage(sentence: AnswerSentence, passages: Sequence[Passage]) -> bool:
    """Whether one of the passages holds the sentence."""
    inner = sentence.citation
    return any(
        outer.doc_id == inner.doc_id and outer.start <= inner.start and inner.end <= outer.end
        for outer in (passage.citation for passage in passages)
    )


def _choices(found: Found, ranked: Ranked) -> Iterator[Choice]:
    best = ranked.best
    spans = best.stored.chunk.sentences
    scores = sentence_scores(found.document(ranked).text, best, found.question)
    for i, (span, score) in enumerate(zip(spans, scores, strict=True)):
        yield Choice(best.score + float(score), ranked, span)
        if best.interaction is not None and i + 1 < len(spans):
            matches = best.interaction.matches[:, i : i + 2].max(axis=1)
            together = float(np.float64(found.question.token_weights @ matches))
            if together - max(float(score), float(scores[i + 1])) >= _PAIR_GAIN:
                yield Choice(
                    best.score + together - _PAIR_GAIN, ranked, Span(span.start, spans[i + 1].end)
                )
