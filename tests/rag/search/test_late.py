"""Late interaction against a loop over all tokens."""

from math import exp, log

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from fakes import question_with
from index.encode.token_codec import compress, expand, rotated
from index.store.vector_codec import quantize
from index.types import Matrix, TokenVectors
from rag.search.late_interaction import SENTENCE_SHARE, SOFTNESS, Interactions, soft_maximum
from rag.search.question import Question

DIMENSION = 32


def unit_rows(rng: np.random.Generator, n: int) -> Matrix:
    rows = rng.standard_normal((n, DIMENSION))
    return np.asarray(rows / np.linalg.norm(rows, axis=1, keepdims=True), dtype=np.float32)


def question_of_tokens(tokens: Matrix, weights: NDArray[np.float64] | None = None) -> Question:
    weights = np.ones(len(tokens)) if weights is None else weights
    return question_with(tokens=rotated(tokens), weights=list(weights / weights.sum()))


def brute_force(
    question: Question, tokens: TokenVectors, n: int
) -> tuple[list[list[float]], list[float], list[float], float]:
    """Compute matches, best sentences and score token by token."""
    vectors = expand(tokens.codes, tokens.scales, DIMENSION)
    rows = quantize(question.token_vectors).expand()
    matches, anywhere = [], []
    for row in rows:
        products = [float(row @ vector) for vector in vectors]
        anywhere.append(max(products))
        matches.append(
            [
                max(
                    [p for p, of in zip(products, tokens.sentence_of, strict=True) if of == i]
                    or [-1]
                )
                for i in range(n)
            ]
        )
    weights = [float(weight) for weight in question.token_weights]
    sentences = [sum(w * row[i] for w, row in zip(weights, matches, strict=True)) for i in range(n)]
    mean = sum(w * exp(SOFTNESS * m) for w, m in zip(weights, anywhere, strict=True))
    score = (1 - SENTENCE_SHARE) * log(mean) / SOFTNESS + SENTENCE_SHARE * max(sentences)
    return matches, anywhere, sentences, min(max(score, 0.0), 1.0)


@given(st.integers(0, 10_000), st.integers(1, 9), st.integers(1, 4))
def test_interactions_equal_a_loop_over_all_tokens(
    seed: int, n_question_tokens: int, n_passages: int
) -> None:
    rng = np.random.default_rng(seed)
    question = question_of_tokens(
        unit_rows(rng, n_question_tokens), rng.random(n_question_tokens) + 0.1
    )
    n_sentences = [int(n) for n in rng.integers(1, 5, n_passages)]
    passages = []
    for n in n_sentences:
        n_tokens = int(rng.integers(1, 12))
        # Up to n: tokens of no sentence. Some sentences have no token.
        passages.append(compress(unit_rows(rng, n_tokens), rng.integers(0, n + 1, n_tokens)))
    interactions = Interactions(question, passages, n_sentences)
    assert len(interactions) == n_passages
    for interaction, tokens, n in zip(interactions, passages, n_sentences, strict=True):
        matches, anywhere, sentences, score = brute_force(question, tokens, n)
        np.testing.assert_allclose(interaction.matches, matches, atol=1e-5)
        np.testing.assert_allclose(interaction.anywhere, anywhere, atol=1e-5)
        np.testing.assert_allclose(interaction.sentences, sentences, atol=1e-5)
        assert interaction.score == pytest.approx(score, abs=1e-5)
        assert 0 <= interaction.score <= 1


def test_a_passage_has_the_same_score_alone_and_among_others() -> None:
    rng = np.random.default_rng(3)
    question = question_of_tokens(unit_rows(rng, 5))
    passages = [compress(unit_rows(rng, 7), rng.integers(0, 3, 7)) for _ in range(6)]
    together = Interactions(question, passages, [3] * 6)
    for passage, interaction in zip(passages, together, strict=True):
        (alone,) = Interactions(question, [passage], [3])
        assert alone.score == pytest.approx(interaction.score, abs=1e-6)
        np.testing.assert_allclose(alone.matches, interaction.matches, atol=1e-6)


def test_a_passage_of_the_questions_own_tokens_scores_1() -> None:
    tokens = unit_rows(np.random.default_rng(4), 6)
    (same,) = Interactions(
        question_of_tokens(tokens), [compress(tokens, np.zeros(6, dtype=np.int64))], [1]
    )
    assert same.score == pytest.approx(1, abs=1e-3)


def test_a_heading_counts_for_its_passage_and_for_none_of_its_sentences() -> None:
    token, other = np.split(unit_rows(np.random.default_rng(5), 2), 2)
    question = question_of_tokens(token)
    heading, sentence = np.int64(1), np.int64(0)
    (with_heading,) = Interactions(
        question, [compress(np.concatenate([token, other]), np.array([heading, sentence]))], [1]
    )
    (without,) = Interactions(question, [compress(other, np.array([sentence]))], [1])
    assert with_heading.anywhere == pytest.approx(1, abs=1e-3)
    np.testing.assert_allclose(with_heading.matches, without.matches, atol=1e-6)
    np.testing.assert_allclose(with_heading.sentences, without.sentences, atol=1e-6)
    assert with_heading.score > without.score + 0.5


def test_one_good_match_weighs_more_than_two_fair_ones() -> None:
    halves = np.array([0.5, 0.5], dtype=np.float32)
    good = soft_maximum(halves, np.array([1.0, 0.0], dtype=np.float32))
    assert good == pytest.approx(log((exp(4) + 1) / 2) / 4)
    assert good > soft_maximum(halves, np.array([0.6, 0.6], dtype=np.float32)) == pytest.approx(0.6)


@given(
    st.lists(
        st.tuples(st.floats(0.01, 1), st.floats(-1, 1)),
        min_size=1,
        max_size=20,
    )
)
def test_the_softened_mean_is_between_the_mean_and_the_maximum(
    pairs: list[tuple[float, float]],
) -> None:
    weights = np.array([weight for weight, _ in pairs])
    weights /= weights.sum()
    matches = np.array([match for _, match in pairs])
    assert weights @ matches - 1e-9 <= soft_maximum(weights, matches) <= matches.max() + 1e-9
