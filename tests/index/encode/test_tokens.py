"""Two bits per dimension: the accuracy of stored vectors, and equal codes on every machine."""

from hashlib import sha256

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from index.encode.token_codec import compress, expand, rotated
from index.types import Matrix


def unit_rows(n: int, dimension: int, seed: int = 1) -> Matrix:
    rows = np.random.default_rng(seed).standard_normal((n, dimension))
    return np.asarray(rows / np.linalg.norm(rows, axis=1, keepdims=True), dtype=np.float32)


def round_trip(vectors: Matrix) -> Matrix:
    tokens = compress(vectors, np.zeros(len(vectors), dtype=np.int64))
    return expand(tokens.codes, tokens.scales, vectors.shape[1])


def test_products_with_other_vectors_have_a_small_error() -> None:
    vectors, others = unit_rows(200, 384), unit_rows(200, 384, seed=2)
    off = np.abs(rotated(others) @ round_trip(vectors).T - others @ vectors.T)
    assert off.max() < 0.1
    assert 0.01 < off.mean() < 0.025


@pytest.mark.parametrize("dimension", [384, 64, 33, 2, 1])
def test_the_product_with_the_vector_itself_is_1(dimension: int) -> None:
    vectors = unit_rows(50, dimension)
    products = (rotated(vectors) * round_trip(vectors)).sum(axis=1)
    np.testing.assert_allclose(products, 1, atol=2**-10)


def test_vectors_that_are_not_random_have_no_larger_error() -> None:
    """The rotation makes a vector with one nonzero coordinate similar to the others."""
    axes, others = np.eye(384, dtype=np.float32), unit_rows(200, 384)
    off = np.abs(rotated(others) @ round_trip(axes).T - others @ axes.T)
    assert off.max() < 0.1


@pytest.mark.parametrize("dimension", [384, 7, 2, 1])
def test_the_rotation_preserves_every_product(dimension: int) -> None:
    turned = rotated(np.eye(dimension, dtype=np.float32))
    np.testing.assert_allclose(turned @ turned.T, np.eye(dimension), atol=1e-5)


@pytest.mark.parametrize(("dimension", "width"), [(384, 96), (5, 2), (4, 1), (3, 1)])
def test_four_dimensions_share_a_byte(dimension: int, width: int) -> None:
    tokens = compress(unit_rows(3, dimension), np.zeros(3, dtype=np.int64))
    assert tokens.codes.shape == (3, width)
    assert expand(tokens.codes, tokens.scales, dimension).shape == (3, dimension)


@given(st.lists(st.integers(0, 5), max_size=20))
def test_tokens_are_in_the_order_of_their_sentences(sentence_of: list[int]) -> None:
    vectors = unit_rows(20, 8)[: len(sentence_of)]
    tokens = compress(vectors, np.array(sentence_of, dtype=np.int64))
    order = sorted(range(len(sentence_of)), key=sentence_of.__getitem__)
    assert tokens.sentence_of.tolist() == sorted(sentence_of)
    np.testing.assert_array_equal(
        expand(tokens.codes, tokens.scales, 8), round_trip(vectors)[order]
    )


def test_the_codes_are_the_same_on_every_machine() -> None:
    """An index is used by later versions: another rotation would need another store schema."""
    axes = np.eye(16, dtype=np.float32)
    # No coordinate is so near a boundary that rounding on a machine could change its code.
    edges = np.array([-0.9957, 0, 0.9957])
    assert np.abs(rotated(axes)[..., None] * 4 - edges).min() > 1e-4
    codes = compress(axes, np.zeros(16, dtype=np.int64)).codes
    assert sha256(codes.tobytes()).hexdigest()[:16] == "5959ba1fbe534aea"


def test_an_empty_set_of_tokens_is_encoded() -> None:
    tokens = compress(np.zeros((0, 384), np.float32), np.zeros(0, dtype=np.int64))
    assert (len(tokens), tokens.codes.shape) == (0, (0, 96))
    assert expand(tokens.codes, tokens.scales, 384).shape == (0, 384)
