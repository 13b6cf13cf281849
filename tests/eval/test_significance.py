"""Intervals and p-values against scipy, exact enumeration and values worked by hand."""

from itertools import product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats  # type: ignore[import-untyped]

from eval.measures.significance import difference, holm, paired_bootstrap, randomization_test
from eval.measures.weighted import auroc_of, calibration_error_of, mean_of
from index.types import Floats

RNG = np.random.default_rng(7)
A = RNG.random(60)
B = np.clip(A + RNG.normal(0.03, 0.1, 60), 0, 1)
LABELS = RNG.random(60) < 0.5


def pooled(a: Floats, b: Floats) -> Floats:
    return np.concatenate([a, b])


def test_the_interval_of_a_mean_is_scipys() -> None:
    ours = paired_bootstrap(mean_of(pooled(A, B)), 60)
    theirs = stats.bootstrap(
        (B - A,), np.mean, n_resamples=20_000, method="percentile", rng=np.random.default_rng(1)
    ).confidence_interval
    assert ours == pytest.approx([theirs.low, theirs.high], abs=0.001)


def test_the_interval_of_auroc_is_scipys_over_resampled_questions() -> None:
    def between(places: Floats, axis: int) -> Floats:
        assert axis == -1
        rows = np.atleast_2d(places).astype(int)
        differences = [_auroc(LABELS[row], B[row]) - _auroc(LABELS[row], A[row]) for row in rows]
        return np.array(differences)

    ours = paired_bootstrap(auroc_of(np.tile(LABELS, 2), pooled(A, B)), 60)
    theirs = stats.bootstrap(
        (np.arange(60),),
        between,
        n_resamples=4000,
        method="percentile",
        rng=np.random.default_rng(1),
    ).confidence_interval
    assert ours == pytest.approx([theirs.low, theirs.high], abs=0.005)


def _auroc(labels: Floats, confidences: Floats) -> float:
    """Compute AUROC by its definition, over all pairs."""
    above = confidences[labels == 1][:, np.newaxis] - confidences[labels == 0]
    return float(np.mean((above > 0) + 0.5 * (above == 0)))


def test_the_p_value_of_a_mean_is_scipys() -> None:
    ours = randomization_test(mean_of(pooled(A, B)), 60)
    theirs = stats.permutation_test(
        (A, B),
        lambda a, b, axis: np.mean(a, axis) - np.mean(b, axis),
        permutation_type="samples",
        vectorized=True,
        n_resamples=20_000,
        rng=np.random.default_rng(1),
    ).pvalue
    assert ours == pytest.approx(theirs, abs=0.006)


@pytest.mark.parametrize("make", [auroc_of, calibration_error_of])
def test_the_p_value_of_other_measures_is_that_of_all_permutations(make: object) -> None:
    assert callable(make)
    a, b, labels = A[:8], B[::-1][:8], np.arange(8) % 2 == 0

    def between(exchanged: Floats) -> float:
        one, other = np.where(exchanged, b, a), np.where(exchanged, a, b)
        weights = np.ones((1, 8))
        return float((make(labels, other)(weights) - make(labels, one)(weights))[0])

    bar = abs(between(np.zeros(8, bool))) - 1e-12
    exact = np.mean([abs(between(np.array(e))) >= bar for e in product([False, True], repeat=8)])
    ours = randomization_test(make(np.tile(labels, 2), pooled(a, b)), 8)
    assert ours == pytest.approx(exact, abs=0.015)


def test_equal_runs_have_difference_zero() -> None:
    pool = mean_of(pooled(A, A))
    assert difference(pool, 60) == pytest.approx(0, abs=1e-12)
    assert paired_bootstrap(pool, 60) == pytest.approx((0, 0), abs=1e-12)
    assert randomization_test(pool, 60) == 1


def test_a_p_value_is_never_zero() -> None:
    pool = mean_of(pooled(np.zeros(60), np.ones(60)))
    assert randomization_test(pool, 60, n_permutations=99) == 1 / 100


def test_the_difference_is_b_minus_a() -> None:
    pool = mean_of(pooled(np.array([0.0, 0.5]), np.array([1.0, 0.5])))
    assert difference(pool, 2) == 0.5
    low, high = paired_bootstrap(pool, 2)
    # Each resample is one of the two questions twice, or both: its mean is 0, .5 or 1.
    assert (low, high) == (0, 1)


def test_the_same_runs_give_the_same_numbers() -> None:
    pool = auroc_of(np.tile(LABELS, 2), pooled(A, B))
    assert paired_bootstrap(pool, 60) == paired_bootstrap(pool, 60)
    assert randomization_test(pool, 60) == randomization_test(pool, 60)


def test_resamples_without_both_kinds_of_question_are_omitted() -> None:
    labels = np.array([True, True, True, False])
    pool = auroc_of(np.tile(labels, 2), pooled(np.arange(4.0), np.arange(4.0)[::-1]))
    # A puts the unanswerable one above all others, B below them, in every resample with it.
    assert paired_bootstrap(pool, 4) == (1, 1)


def test_holms_correction_equals_values_worked_by_hand() -> None:
    # .01 x 4; .02 x 3; .03 x 2 stays at .06; .2 x 1.
    assert holm([0.2, 0.01, 0.03, 0.02]) == pytest.approx([0.2, 0.04, 0.06, 0.06])
    assert holm([0.6, 0.7]) == [1, 1]
    assert holm([]) == []


@given(st.lists(st.floats(0.0001, 1), min_size=1, max_size=8), st.floats(0.001, 0.5))
def test_holm_rejects_the_same_as_the_procedure_of_its_paper(
    p_values: list[float], level: float
) -> None:
    rejected: set[int] = set()
    for step, place in enumerate(sorted(range(len(p_values)), key=lambda i: p_values[i])):
        if p_values[place] * (len(p_values) - step) > level:
            break
        rejected.add(place)
    assert {i for i, p in enumerate(holm(p_values)) if p <= level} == rejected
