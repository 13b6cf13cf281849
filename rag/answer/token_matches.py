"""Matches of each token of a question with the sentences of a passage and with their context.

Context: the headings, lead-ins and parent items of a sentence.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from index.types import Chunk, Document, Floats, Span
from index.words.analyze import distinct_terms
from rag.search.candidates import Candidate
from rag.search.question import Question

_IN_CONTEXT = 0.8
"""The match of a word that is only in a heading, a lead-in or a parent. The same word in the
sentence itself has a cosine of about 0.9."""
_OF_CONTEXT = 0.9
"""The factor on the match with a sentence that is the context of another one."""


@dataclass(frozen=True)
class TokenMatches:
    """The matches of a question's t tokens with the n sentences of a candidate passage.

    Without token vectors, the question's terms replace its tokens.

    weights:    (t,), the weight of each token
    terms:      the term that each token is part of; empty for a token without a term
    matches:    (t, n), at most 1: cosines; without token vectors 1 if the sentence has the term
    prior:      (n,), added to each sentence's score
    has_tokens: whether there are token vectors
    """

    document: Document
    chunk: Chunk
    weights: Floats
    terms: tuple[str, ...]
    matches: Floats
    prior: Floats
    has_tokens: bool = True

    @classmethod
    def of(cls, document: Document, candidate: Candidate, question: Question) -> "TokenMatches":
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

    def matches_in(self, sentences: Iterable[int]) -> Floats:
        """Return the best match of each token with any of several sentences, (t,)."""
        chosen = list(sentences)
        if len(chosen) == 1:
            return np.asarray(self.matches[:, chosen[0]])
        return np.asarray(self.matches[:, chosen].max(axis=1, initial=-1.0))

    def matches_in_context(self, spans: Iterable[Span]) -> Floats:
        """Return the best match of each token with any of these spans of context, (t,)."""
        matched = np.full(len(self.weights), -1.0)
        for span in spans:
            matched = np.maximum(matched, self._context(span))
        return matched

    def score(self, matched: Floats) -> float:
        """Return the weighted sum of the tokens' matches. matched: (t,)"""
        return float(self.weights @ matched)

    def sentences_in(self, span: Span) -> list[int]:
        """Return the numbers of the passage's sentences that begin in a span."""
        return [
            i for i, each in enumerate(self.chunk.sentences) if span.start <= each.start < span.end
        ]

    def _context(self, span: Span) -> Floats:
        if span not in self._contexts:
            held = distinct_terms(span.of(self.document.text))
            by_words = np.array([_IN_CONTEXT if term in held else -1.0 for term in self.terms])
            inside = self.sentences_in(span)
            if inside:
                by_words = np.maximum(by_words, _OF_CONTEXT * self.matches_in(inside))
            self._contexts[span] = by_words
        return self._contexts[span]

    @cached_property
    def _contexts(self) -> dict[Span, Floats]:
        return {}
