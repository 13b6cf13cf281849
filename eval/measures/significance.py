"""Intervals and p-values of the difference between two runs over the same questions.

A measure is a Statistic over a *pool*: the n values of run A, then the n values of run B. Run A is
the pool with weights 1 on its first half and 0 on its second; run B is the opposite; a permutation
mixes the two (see eval.measures.weighted). Seeds are fixed: the same runs give the same numbers.
"""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np

from eval.measures.weighted import Statistic
from index.types import Floats

N_RESAMPLES = 10_000
_BATCH = 500
"""Weight vectors computed at a time: tens of megabytes for a few thousand questions."""

_EQUAL = 1e-12
"""Sums of the same values in different orders differ by less than this."""


class Interval(NamedTuple):
    """The bounds of a 95 % confidence interval."""

    low: float
    high: float


def difference(pool: Statistic, n: int) -> float:
    """Return the observed difference B - A over n questions."""
    ones = np.ones((1, n))
    return float(_differences(pool, ones, np.zeros((1, n)))[0])


def paired_bootstrap(
    pool: Statistic, n: int, n_resamples: int = N_RESAMPLES, seed: int = 0
) -> Interval:
    """Return the 95 % percentile interval of B - A (Efron and Tibshirani 1993; Sakai 2006).

    Each resample draws n questions with replacement, the same for both runs. Resamples in which
    the measure is undefined are left out, for example AUROC without an unanswerable question.
    """
    rng = np.random.default_rng(seed)
    samples = [
        _differences(pool, counts, np.zeros_like(counts))
        for counts in _resamples(n, n_resamples, rng)
    ]
    low, high = np.nanpercentile(np.concatenate(samples), [2.5, 97.5])
    return Interval(float(low), float(high))


def randomization_test(
    pool: Statistic, n: int, n_permutations: int = N_RESAMPLES, seed: int = 0
) -> float:
    """Return the two-sided p-value of B - A, in (0, 1], by Fisher's randomization test (Smucker,
    Allan and Carterette 2007).

    Each permutation exchanges the two runs' values of each question with probability 1/2. p is
    (1 + count) / (1 + n_permutations), where count is the number of permutations whose absolute
    difference is at least the observed one.
    """
    rng = np.random.default_rng(seed)
    observed = abs(difference(pool, n)) - _EQUAL
    count = 0
    for size in _batches(n_permutations):
        own = rng.integers(0, 2, (size, n), dtype=np.int8).astype(np.float64)
        count += int(np.sum(np.abs(_differences(pool, own, 1 - own)) >= observed))
    return (1 + count) / (1 + n_permutations)


def holm(p_values: Sequence[float]) -> list[float]:
    """Return the p-values corrected for multiple tests, in the given order (Holm 1979).

    >>> holm([0.01, 0.04, 0.03])
    [0.03, 0.06, 0.06]
    """
    corrected, highest = [0.0] * len(p_values), 0.0
    for step, place in enumerate(sorted(range(len(p_values)), key=p_values.__getitem__)):
        highest = max(highest, min(1.0, (len(p_values) - step) * p_values[place]))
        corrected[place] = highest
    return corrected


def _differences(pool: Statistic, own: Floats, exchanged: Floats) -> Floats:
    """Return B - A, where each run weighs its own values by `own` and the other run's by
    `exchanged`, both of shape (batch, n)."""
    return pool(np.hstack([exchanged, own])) - pool(np.hstack([own, exchanged]))


def _resamples(n: int, n_resamples: int, rng: np.random.Generator) -> Iterator[Floats]:
    """Yield how often each question is drawn, shape (batch, n)."""
    for size in _batches(n_resamples):
        samples = rng.integers(0, n, (size, n)) + n * np.arange(size)[:, np.newaxis]
        counts = np.bincount(samples.ravel(), minlength=size * n)
        yield counts.reshape(size, n).astype(np.float64)


def _batches(total: int) -> Iterator[int]:
    for start in range(0, total, _BATCH):
        yield min(_BATCH, total - start)
