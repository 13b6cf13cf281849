"""Weighted measures against scikit-learn, numpy and their definitions."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from sklearn.metrics import roc_auc_score

from eval.measures.weighted import auroc_of, calibration_error_of, mean_of

CONFIDENCE = st.one_of(
    st.sampled_from([0.0, 0.1, 0.3, 0.6, 0.7, 1.0]), st.floats(0, 1, allow_subnormal=False)
)
QUESTIONS = st.lists(st.tuples(st.booleans(), CONFIDENCE, st.integers(0, 3)), min_size=1)


def in_bins(
    questions: list[tuple[bool, float, int]],
) -> list[list[tuple[bool, float]]]:
    """Group the questions by bin, each repeated as often as its weight."""
    edges = [m / 10 for m in range(11)]
    repeated = [(y, c) for y, c, weight in questions for _ in range(weight)]
    return [
        [(y, c) for y, c in repeated if low < c <= high or (c == 0 and low == 0)]
        for low, high in pairwise(edges)
    ]


@given(QUESTIONS)
def test_the_calibration_error_is_that_of_repeated_questions(
    questions: list[tuple[bool, float, int]],
) -> None:
    labels, confidences, weights = map(np.array, zip(*questions, strict=True))
    n = int(weights.sum())
    assume(n > 0)
    expected = 0.0
    for members in in_bins(questions):
        if members:
            share = sum(y for y, _ in members) / len(members)
            confidence = sum(c for _, c in members) / len(members)
            expected += len(members) / n * abs(share - confidence)
    (measured,) = calibration_error_of(labels, confidences)(weights[np.newaxis])
    assert measured == pytest.approx(expected)


@given(QUESTIONS)
def test_auroc_is_scikit_learns_under_the_same_weights(
    questions: list[tuple[bool, float, int]],
) -> None:
    labels, confidences, weights = map(np.array, zip(*questions, strict=True))
    (measured,) = auroc_of(labels, confidences)(weights[np.newaxis].astype(float))
    if weights[labels].sum() == 0 or weights[~labels].sum() == 0:
        assert np.isnan(measured)
    else:
        oracle = roc_auc_score(labels, confidences, sample_weight=weights)
        assert measured == pytest.approx(oracle)


@given(st.lists(st.tuples(st.floats(0, 1), st.integers(1, 5)), min_size=1))
def test_the_mean_is_numpys_average(values: list[tuple[float, int]]) -> None:
    of, weights = map(np.array, zip(*values, strict=True))
    (measured,) = mean_of(of)(weights[np.newaxis].astype(float))
    assert measured == pytest.approx(np.average(of, weights=weights))


def test_each_row_of_weights_is_measured_separately() -> None:
    labels, confidences = np.array([True, False, True]), np.array([0.8, 0.3, 0.2])
    rows = np.array([[1.0, 1, 1], [1, 1, 0], [0, 1, 1], [0, 0, 1]])
    for measure in (auroc_of(labels, confidences), calibration_error_of(labels, confidences)):
        alone = [measure(row[np.newaxis])[0] for row in rows]
        np.testing.assert_array_equal(measure(rows), alone)
    np.testing.assert_array_equal(auroc_of(labels, confidences)(rows), [0.5, 1.0, 0.0, np.nan])
