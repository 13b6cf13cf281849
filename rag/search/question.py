"""A question as it is searched for: its vectors, its terms, and how much each of them says."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from index.backend import Snapshot
from index.encode.token_codec import rotated
from index.types import Matrix, QueryEncoding, Vector
from index.words.analyze import analyze
from index.words.bm25 import idf_of, upper_bound

Weights = NDArray[np.float32]
"""Shape (t,): the share of each token in the question; they sum to 1."""


@dataclass(frozen=True, slots=True)
class Question:
    """A question against one generation of an index.

    vector:        (d,), unit length
    token_vectors: (t, d), unit rows, in the space of index.encode.token_codec; none for some models
    token_weights: (t,)
    terms:         as index.words.analyze makes them, in order, with repetitions
    idf:           of each distinct term
    lexical_most:  the most that BM25 of the terms could be
    """

    text: str
    vector: Vector
    token_vectors: Matrix
    token_weights: Weights
    terms: tuple[str, ...]
    idf: Mapping[str, float]
    lexical_most: float


def question_of(text: str, encoding: QueryEncoding | None, snapshot: Snapshot) -> Question:
    """A question with the weights that its terms have in an index. Without an encoding its vector
    is zero and it has no token vectors, so that BM25 alone ranks."""
    if encoding is None:
        encoding = QueryEncoding.none(snapshot.fingerprint.model.dimension)
    places = list(analyze(text))
    terms = tuple(place.text for place in places)
    n_chunks, distinct = snapshot.n_searched, list(dict.fromkeys(terms))
    frequencies = snapshot.document_frequencies(distinct)
    idf = {t: idf_of(n, n_chunks) for t, n in zip(distinct, frequencies, strict=True)}
    words = [(place.start, place.end, idf[place.text]) for place in places]
    return Question(
        text=text,
        vector=encoding.vector,
        token_vectors=rotated(encoding.token_vectors),
        token_weights=token_weights(encoding.offsets, words),
        terms=terms,
        idf=idf,
        lexical_most=upper_bound(idf.values()),
    )


def token_weights(
    offsets: Sequence[tuple[int, int]], words: Sequence[tuple[int, int, float]]
) -> Weights:
    """One for each token, and the idf of the word it is part of, shared among that word's tokens;
    scaled to sum to 1.

    words: start, end and idf of the terms. Function words, which are no terms, keep the one: they
    say what kind of answer is wanted.

    >>> token_weights([(0, 3), (4, 7), (7, 10)], [(4, 10, 4.0)])
    array([0.14285715, 0.42857143, 0.42857143], dtype=float32)
    """
    weights = np.ones(len(offsets))
    for start, end, idf in words:
        inside = [i for i, (a, b) in enumerate(offsets) if a < end and b > start]
        if inside:
            weights[inside] = 1 + idf / len(inside)
    return np.asarray(weights / max(weights.sum(), 1e-12), dtype=np.float32)
