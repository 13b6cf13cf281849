"""Whether two runs over the same questions differ by more than chance.

A measure is given as a Statistic over a *pool*: the n values of run A, then the n of run B. So both
runs and every exchange between them are weightings of one set of values (see
eval.measures.weighted). Seeds are fixed: the same runs give the same numbers.
"""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np

from eval.measures.weighted import Floats, Statistic

N_RESAMPLES = 10_000
_BATCH = 500
"""Weightings made at a time: tens of megabytes for some thousands of questions."""

_EQUAL = 1e-12
"""Sums of the same values in another order differ by less."""


class Interval(NamedTuple):
    """Where a difference B - A lies with 95 % confidence."""

    low: float
    high: float


def difference(pool: Statistic, n: int) -> float:
    """B - A as measured, over n questions."""
    ones = np.ones((1, n))
    return float(_differences(pool, ones, np.zeros((1, n)))[0])


def paired_bootstrap(
    pool: Statistic, n: int, n_resamples: int = N_RESAMPLES, seed: int = 0
) -> Interval:
    """The 95 % percentile interval of B - A (Efron and Tibshirani 1993; Sakai 2006).

    Each resample draws n of the n questions with replacement, the same for both runs. One in which
    the measure is not defined, as AUROC without unanswerable questions, is left out.
    """
    rng = np.random.default_rng(seed)
    drawn = [
        _differences(pool, counts, np.zeros_like(counts))
        for counts in _resamples(n, n_resamples, rng)
    ]
    low, high = np.nanpercentile(np.concatenate(drawn), [2.5, 97.5])
    return Interval(float(low), float(high))


def randomization_test(
    pool: Statistic, n: int, n_permutations: int = N_RESAMPLES, seed: int = 0
) -> float:
    """The two-sided p-value of B - A, in (0, 1], by Fisher's randomization test (Smucker, Allan and
    Carterette 2007).

    Each permutation exchanges the runs' values on a random half of the questions. p is (1 + count)
    / (1 + permutations), counting those whose difference is at least the one measured.
    """
    rng = np.random.default_rng(seed)
    bar = abs(difference(pool, n)) - _EQUAL
    count = 0
    for size in _batches(n_permutations):
        kept = rng.integers(0, 2, (size, n), dtype=np.int8).astype(np.float64)
        count += int(np.sum(np.abs(_differences(pool, kept, 1 - kept)) >= bar))
    return (1 + count) / (1 + n_permutations)


def holm(p_values: Sequence[float]) -> list[float]:
    """The p-values corrected for there being several, in their order (Holm 1979).

    >>> holm([0.01, 0.04, 0.03])
    [0.03, 0.06, 0.06]
    """
    corrected, highest = [0.0] * len(p_values), 0.0
    for step, place in enumerate(sorted(range(len(p_values)), key=p_values.__getitem__)):
        highest = max(highest, min(1.0, (len(p_values) - step) * p_values[place]))
        corrected[place] = highest
    return corrected


def _differences(pool: Statistic, kept: Floats, exchanged: Floats) -> Floats:
    """B - A, where a run's own values have the weights `kept` and the other's have `exchanged`."""
    return pool(np.hstack([exchanged, kept])) - pool(np.hstack([kept, exchanged]))


def _resamples(n: int, n_resamples: int, rng: np.random.Generator) -> Iterator[Floats]:
    """How often each question is drawn, shape (batch, n)."""
    for size in _batches(n_resamples):
        drawn = rng.integers(0, n, (size, n)) + n * np.arange(size)[:, np.newaxis]
        counts = np.bincount(drawn.ravel(), minlength=size * n)
        yield counts.reshape(size, n).astype(np.float64)


def _batches(total: int) -> Iterator[int]:
    for begun in range(0, total, _BATCH):
        yield min(_BATCH, total - begun)
