"""A question prepared for search: its vectors and terms, and their weights."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from index.backend import Snapshot
from index.encode.token_codec import rotated
from index.types import Matrix, QueryEncoding, Vector
from index.words.analyze import Term, analyze, is_stop_word
from index.words.bm25 import idf_of, upper_bound

TokenWeights = NDArray[np.float32]
"""float32, (t,): the weight of each token of the question; they sum to 1."""


@dataclass(frozen=True, slots=True)
class Question:
    """A question with the term weights of one generation of an index.

    vector:        (d,), unit length
    token_vectors: (t, d), unit rows, rotated as in index.encode.token_codec; t is 0 for a model
                   without token vectors
    token_weights: (t,)
    terms:         the terms of index.words.analyze, in order, with repetitions
    idf:           the inverse document frequency of each distinct term
    lexical_most:  the highest BM25 score that a chunk can have for the terms
    unread:        the share of its letters and digits that the model's vocabulary lacks
    token_terms:   (t,), the term that each token is part of; empty for a token of none
    """

    text: str
    vector: Vector
    token_vectors: Matrix
    token_weights: TokenWeights
    terms: tuple[str, ...]
    idf: Mapping[str, float]
    lexical_most: float
    unread: float = 0.0
    token_terms: tuple[str, ...] = ()

    @property
    def by_words_alone(self) -> bool:
        """Whether the model cannot read it, so that BM25 alone ranks."""
        return not self.vector.any()


def question_of(text: str, encoding: QueryEncoding | None, snapshot: Snapshot) -> Question:
    """Return the question with the weights that its terms have in the snapshot.

    Without an encoding, its vector is zero and it has no token vectors: only BM25 ranks.
    """
    if encoding is None:
        encoding = QueryEncoding.none(snapshot.fingerprint.model.dimension)
    places = list(analyze(text))
    n_chunks, distinct = snapshot.n_searched, list(dict.fromkeys(p.text for p in places))
    frequencies = dict(zip(distinct, snapshot.document_frequencies(distinct), strict=True))
    # WHO is an acronym if a chunk has it in capitals too; otherwise it is only emphasised.
    places = [p for p in places if frequencies[p.text] or not is_stop_word(text[p.start : p.end])]
    terms = tuple(place.text for place in places)
    idf = {term: idf_of(frequencies[term], n_chunks) for term in dict.fromkeys(terms)}
    words = [(place.start, place.end, idf[place.text]) for place in places]
    return Question(
        text=text,
        vector=encoding.vector,
        token_vectors=rotated(encoding.token_vectors),
        token_weights=token_weights(encoding.offsets, words),
        token_terms=_token_terms(encoding.offsets, places),
        terms=terms,
        idf=idf,
        lexical_most=upper_bound(idf.values()),
        unread=encoding.unread,
    )


def _token_terms(offsets: Sequence[tuple[int, int]], places: Sequence[Term]) -> tuple[str, ...]:
    return tuple(
        next((term.text for term in places if a < term.end and b > term.start), "")
        for a, b in offsets
    )


def token_weights(
    offsets: Sequence[tuple[int, int]], words: Sequence[tuple[int, int, float]]
) -> TokenWeights:
    """Return the weight of each token: 1, plus the idf of its word divided by the number of the
    word's tokens; then all are scaled to sum to 1.

    offsets: start and end of each token. words: start, end and idf of each term. Function words are
    no terms. Their tokens keep the weight 1, because they indicate the type of answer.

    >>> token_weights([(0, 3), (4, 7), (7, 10)], [(4, 10, 4.0)])
    array([0.14285715, 0.42857143, 0.42857143], dtype=float32)
    """
    weights = np.ones(len(offsets))
    for start, end, idf in words:
        inside = [i for i, (first, last) in enumerate(offsets) if first < end and last > start]
        if inside:
            weights[inside] = 1 + idf / len(inside)
    return np.asarray(weights / max(weights.sum(), 1e-12), dtype=np.float32)
