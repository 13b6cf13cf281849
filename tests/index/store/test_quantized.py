"""Eight bits per dimension preserve a vector's length, and cosines to about 0.0005."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays

from index.store.vector_codec import QuantizedVectors, quantize, row_bytes
from index.types import Matrix

matrices = arrays(
    np.float32,
    array_shapes(min_dims=2, max_dims=2, min_side=1, max_side=9),
    elements=st.floats(-1, 1, width=32),
)


def units(seed: int, n: int, d: int) -> Matrix:
    rows = np.random.default_rng(seed).standard_normal((n, d))
    return np.asarray(rows / np.linalg.norm(rows, axis=1, keepdims=True), dtype=np.float32)


def test_a_row_worked_by_hand() -> None:
    made = quantize(np.array([[0.6, -0.8, 0.0]], np.float32))
    # .8 becomes 127, and .6 becomes 95.25, so 95; the length of (95, 127) is 158.6.
    assert made.codes.tolist() == [[95, -127, 0]]
    assert made.scales == pytest.approx([1 / 158.6], rel=1e-5)
    assert made.expand() == pytest.approx(np.array([[0.59899, -0.80076, 0]]), abs=1e-5)


def test_a_cosine_has_an_error_of_about_half_a_thousandth() -> None:
    documents, queries = units(0, 2000, 384), units(1, 50, 384)
    off = quantize(documents).expand() @ queries.T - documents @ queries.T
    assert 0.0003 < off.std() < 0.0006
    assert abs(off).max() < 0.003


@given(matrices)
def test_a_row_keeps_its_length_and_each_coordinate_within_a_step(vectors: Matrix) -> None:
    made = quantize(vectors)
    assert made.codes.dtype == np.int8
    assert made.codes.min() >= -127
    expanded = made.expand()
    assert expanded.dtype == np.float32
    np.testing.assert_allclose(
        np.linalg.norm(expanded, axis=1), np.linalg.norm(vectors, axis=1), rtol=1e-5, atol=1e-20
    )
    step = abs(vectors).max(axis=1, keepdims=True) / 127
    # Half a step is rounding; the rest preserves the length, and is largest if all coordinates
    # round in the same direction.
    assert (abs(expanded - vectors) <= step + 1e-20).all()


@given(matrices)
def test_rows_survive_a_round_trip_through_bytes_and_bytes_can_be_joined(vectors: Matrix) -> None:
    made, dimension = quantize(vectors), vectors.shape[1]
    value = made.to_bytes()
    assert len(value) == len(vectors) * row_bytes(dimension) == len(vectors) * (dimension + 4)
    twice = QuantizedVectors.from_bytes(value + value, dimension)
    np.testing.assert_array_equal(twice.codes, np.concatenate([made.codes, made.codes]))
    np.testing.assert_array_equal(twice.scales, np.concatenate([made.scales, made.scales]))


def test_zero_rows_are_zero_bytes() -> None:
    none = quantize(np.zeros((0, 5), np.float32))
    assert none.to_bytes() == b""
    assert QuantizedVectors.from_bytes(b"", 5).expand().shape == (0, 5)
