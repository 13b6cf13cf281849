"""Late interaction: compare each token of the question with each token of a passage.

Khattab and Zaharia (2020) train a model for this. Here the token vectors come from the model that
encoded the chunks, without further training.

The score is a soft maximum of the question tokens' best cosines and not their mean: one good match,
such as one of a rare word, counts more than several fair ones. Cranfield: .566 nDCG@10 against .539
for the weighted mean. Wikipedia articles: .850 answer@1 against .841 (eval/LOG.md).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import overload

import numpy as np
from numpy.typing import NDArray

from index.backend import Snapshot
from index.encode.token_codec import products
from index.types import TokenVectors
from rag.search.question import Question

SOFTNESS = 4.0
"""Factor in the exponents of the soft maximum. 3 to 5 rank equally well; 0 would be the weighted
mean, infinity the maximum."""

SENTENCE_SHARE = 0.25
"""The weight of the best sentence in a passage's score."""

_NO_MATCH = -1.0
"""The cosine that stands for a sentence without tokens: the lowest possible."""


@dataclass(frozen=True, slots=True)
class Interaction:
    """Matches of the question's t tokens with a passage of n sentences.

    matches:   (t, n), the best cosine of each question token with the tokens of each sentence
    anywhere:  (t,), the best cosine of each with the tokens of the passage and its headings
    sentences: (n,), the weighted mean of each sentence's matches
    score:     in [0, 1]
    """

    matches: NDArray[np.float32]
    anywhere: NDArray[np.float32]
    sentences: NDArray[np.float32]
    score: float


class Interactions(Sequence[Interaction]):
    """The interactions of a question with several passages, computed in one pass.

    scores: float64, (passages,), each in [0, 1]
    """

    def __init__(
        self,
        question: Question,
        passages: Sequence[TokenVectors],
        n_sentences: Sequence[int] | NDArray[np.int64],
    ) -> None:
        """passages: the token vectors of at least one passage; each has at least one token.

        n_sentences: the number of sentences of each passage, at least 1.
        """
        self._weights = question.token_weights
        self._n_sentences = np.asarray(n_sentences)
        sentence_of = np.concatenate([tokens.sentence_of for tokens in passages])
        firsts = np.cumsum([0, *map(len, passages)])[:-1]
        # A passage's tokens are ordered by sentence: each sentence with tokens is one run of them.
        starts_run = np.diff(sentence_of, prepend=sentence_of[:1]) != 0
        starts_run[firsts] = True
        runs = np.flatnonzero(starts_run)
        self._sentence_of = sentence_of[runs]
        cosines = products(
            question.token_vectors,
            np.concatenate([tokens.codes for tokens in passages]),
            np.concatenate([tokens.scales for tokens in passages]),
        )
        self._best = np.maximum.reduceat(cosines, runs, axis=1)
        self._means = self._weights @ self._best
        # Passage i has the runs bounds[i] to bounds[i + 1] - 1.
        self._bounds = np.append(np.searchsorted(runs, firsts), len(runs))
        self._anywhere = np.maximum.reduceat(self._best, self._bounds[:-1], axis=1)
        self.scores = self._score_passages()

    def _score_passages(self) -> NDArray[np.float64]:
        in_a_sentence = self._sentence_of < np.repeat(self._n_sentences, np.diff(self._bounds))
        means = np.where(in_a_sentence, self._means, _NO_MATCH)
        best = np.maximum.reduceat(means, self._bounds[:-1])
        total = (1 - SENTENCE_SHARE) * soft_maximum(self._weights, self._anywhere)
        return np.clip(total + SENTENCE_SHARE * best, 0.0, 1.0)

    def __len__(self) -> int:
        return len(self._n_sentences)

    @overload
    def __getitem__(self, i: int) -> Interaction: ...
    @overload
    def __getitem__(self, i: slice) -> list[Interaction]: ...
    def __getitem__(self, i: int | slice) -> Interaction | list[Interaction]:
        if isinstance(i, slice):
            return [self[j] for j in range(len(self))[i]]
        i = range(len(self))[i]
        first, last, n = self._bounds[i], self._bounds[i + 1], self._n_sentences[i]
        sentence_numbers = self._sentence_of[first:last]
        # Tokens of the headings belong to no sentence and come last.
        last -= sentence_numbers[-1] == n
        matches, sentences = self._best[:, first:last], self._means[first:last]
        if last - first < n:  # some sentences have no token
            sentence_numbers = sentence_numbers[: last - first]
            matches = _scatter(matches, sentence_numbers, n)
            sentences = _scatter(sentences, sentence_numbers, n)
        return Interaction(matches, self._anywhere[:, i], sentences, float(self.scores[i]))


def interactions_with(
    snapshot: Snapshot, question: Question, chunks: Sequence[tuple[int, int]]
) -> tuple[NDArray[np.int64], Interactions | None]:
    """Compute the interactions of the question with the chunks that have token vectors.

    chunks: the id and the number of sentences of each chunk.
    Returns for each chunk the index of its interaction, and the interactions (None if no chunk has
    token vectors). The index is -1 for a chunk without token vectors, for example if the tokenizer
    drops all its characters.
    """
    places = np.full(len(chunks), -1)
    tokens = snapshot.token_vectors([i for i, _ in chunks]) if len(question.token_vectors) else {}
    with_vectors = [place for place, (i, _) in enumerate(chunks) if i in tokens]
    if not with_vectors:
        return places, None
    places[with_vectors] = np.arange(len(with_vectors))
    ids, n_sentences = zip(*(chunks[place] for place in with_vectors), strict=True)
    return places, Interactions(question, [tokens[i] for i in ids], n_sentences)


def _scatter(
    values: NDArray[np.float32], places: NDArray[np.uint16], n: int
) -> NDArray[np.float32]:
    """Put the columns of `values` at `places` among n columns; fill the others with _NO_MATCH."""
    scattered = np.full((*values.shape[:-1], n), _NO_MATCH, dtype=np.float32)
    scattered[..., places] = values
    return scattered


def soft_maximum(weights: NDArray[np.float32], matches: NDArray[np.float32]) -> NDArray[np.float64]:
    """Return the logarithm of the weighted mean of exponentials, divided by SOFTNESS. It lies
    between the weighted mean and the maximum.

    weights: (t,), sum 1; matches: (t,) or (t, n). The result has the shape () or (n,).

    >>> round(float(soft_maximum(np.array([0.5, 0.5]), np.array([0.2, 0.8]))), 3)
    0.648
    """
    return np.asarray(np.log(weights @ np.exp(SOFTNESS * matches)) / SOFTNESS, dtype=np.float64)
