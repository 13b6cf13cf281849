"""How a question meets a passage and what the passage's sentences hang under, word by word."""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from index.types import Chunk, Document, Span
from index.words.analyze import distinct_terms
from rag.search.candidates import Candidate
from rag.search.question import Question

_IN_CONTEXT = 0.8
"""What a word of the question counts that stands in a heading, a lead-in or a parent only: one in
the sentence itself meets the question's with a cosine of about .9."""
_OF_CONTEXT = 0.9
"""Of how the question meets a sentence, where that sentence is context."""

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Meeting:
    """A question and a candidate passage.

    weights:  (t,), of each token of the question or, without token vectors, of each term
    terms:    of each of these the term; empty for a token of none
    matches:  (t, n), how well each meets each of the n sentences, at most 1
    prior:    (n,), what each sentence has beside its matches
    has_tokens: whether the matches are cosines of tokens; otherwise 1 for a word that is there
    """

    document: Document
    chunk: Chunk
    weights: Floats
    terms: tuple[str, ...]
    matches: Floats
    prior: Floats
    has_tokens: bool = True

    @classmethod
    def of(cls, document: Document, candidate: Candidate, question: Question) -> "Meeting":
        chunk = candidate.chunk
        if candidate.interaction is not None:
            return cls(
                document,
                chunk,
                question.token_weights.astype(np.float64),
                question.token_terms,
                candidate.interaction.matches.astype(np.float64),
                np.zeros(len(chunk.sentences)),
            )
        # Without token vectors: the mean of the sentence's cosine and the share of its words.
        terms = tuple(question.idf)
        weights = np.array([question.idf[term] for term in terms])
        held = [distinct_terms(sentence.of(document.text)) for sentence in chunk.sentences]
        matches = np.array([[float(term in its) for its in held] for term in terms])
        return cls(
            document,
            chunk,
            weights / (2 * max(weights.sum(), 1e-12)),
            terms,
            matches.reshape(len(terms), len(held)),
            candidate.sentences.astype(np.float64) / 2,
            has_tokens=False,
        )

    def met_by(self, sentences: Iterable[int]) -> Floats:
        """How well each token is met by the best of several sentences, (t,)."""
        chosen = list(sentences)
        if len(chosen) == 1:
            return np.asarray(self.matches[:, chosen[0]])
        return np.asarray(self.matches[:, chosen].max(axis=1, initial=-1.0))

    def met_by_context(self, spans: Iterable[Span]) -> Floats:
        """How well each token is met by what a sentence hangs under, (t,)."""
        met = np.full(len(self.weights), -1.0)
        for span in spans:
            met = np.maximum(met, self._context(span))
        return met

    def score(self, met: Floats) -> float:
        """The weighted mean of what the tokens are met with."""
        return float(self.weights @ met)

    def sentences_in(self, span: Span) -> list[int]:
        """The passage's sentences that lie in a span, or begin there."""
        return [
            i for i, each in enumerate(self.chunk.sentences) if span.start <= each.start < span.end
        ]

    def _context(self, span: Span) -> Floats:
        if span not in self._contexts:
            held = distinct_terms(span.of(self.document.text))
            by_words = np.array([_IN_CONTEXT if term in held else -1.0 for term in self.terms])
            inside = self.sentences_in(span)
            if inside:
                by_words = np.maximum(by_words, _OF_CONTEXT * self.met_by(inside))
            self._contexts[span] = by_words
        return self._contexts[span]

    @cached_property
    def _contexts(self) -> dict[Span, Floats]:
        return {}
