"""Measures as functions of the questions' weights.

A bootstrap resample or a permutation changes only the weights: a question that is drawn twice
weighs 2, one that is left out weighs 0. The values are sorted and binned once; a measure is then
computed for thousands of weight vectors at a time.
"""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from index.types import Floats

Labels = NDArray[np.bool_]

Statistic = Callable[[Floats], Floats]
"""Maps non-negative weights, shape (b, n), to the measure under each row, shape (b,)."""

N_BINS = 10
_EDGES = np.arange(1, N_BINS) / N_BINS


def mean_of(values: Floats) -> Statistic:
    """Return the weighted mean of values, shape (n,).

    >>> mean_of(np.array([1.0, 0.0]))(np.array([[1.0, 1.0], [3.0, 1.0]]))
    array([0.5 , 0.75])
    """
    return lambda weights: weights @ values / weights.sum(axis=1)


def auroc_of(answerable: Labels, confidences: Floats) -> Statistic:
    """Return the probability that an answerable question has a higher confidence than an
    unanswerable one; a tie counts as half (Fawcett 2006). nan if the weights of either kind sum to
    0.

    >>> auroc_of(np.array([True, False]), np.array([0.9, 0.2]))(np.ones((1, 2)))
    array([1.])
    """
    order = np.argsort(confidences, kind="stable")
    ranked, positive = confidences[order], answerable[order].astype(np.float64)
    ties = np.flatnonzero(np.append(True, ranked[1:] != ranked[:-1]))

    def auroc(weights: Floats) -> Floats:
        weights = weights[:, order]
        positives = np.add.reduceat(weights * positive, ties, axis=1)
        negatives = np.add.reduceat(weights * (1 - positive), ties, axis=1)
        below = np.cumsum(negatives, axis=1) - negatives / 2
        pairs = positives.sum(axis=1) * negatives.sum(axis=1)
        right = (positives * below).sum(axis=1)
        return _ratio(right, pairs)

    return auroc


def calibration_error_of(answerable: Labels, confidences: Floats) -> Statistic:
    """Return the expected calibration error (Naeini et al. 2015; bins as in Guo et al. 2017), in
    [0, 1].

    Confidences fall into 10 bins of equal width, ((m-1)/10, m/10]; 0 falls into the first. A bin's
    error is the absolute difference between its share of answerable questions and its mean
    confidence. The result is the mean over bins, each weighted by its questions.

    >>> calibration_error_of(np.array([True, False]), np.array([0.9, 0.2]))(np.ones((1, 2)))
    array([0.15])
    """
    # A bin's weight cancels: w/W · |share - mean| is |sum of (label - confidence)| / W.
    gaps = np.zeros((len(confidences), N_BINS))
    bins = np.digitize(confidences, _EDGES, right=True)
    gaps[np.arange(len(confidences)), bins] = answerable - confidences
    return lambda weights: np.abs(weights @ gaps).sum(axis=1) / weights.sum(axis=1)


def aurc_of(correct: Labels, confidences: Floats) -> Statistic:
    """Return the area under the risk-coverage curve (Geifman, Uziel and El-Yaniv 2019), in [0, 1]:
    the mean, over the questions, of the share of wrong answers among the questions whose confidence
    is at least theirs. nan if the weights sum to 0.

    >>> aurc_of(np.array([True, False]), np.array([0.9, 0.2]))(np.ones((1, 2)))
    array([0.25])
    """
    order = np.argsort(-confidences, kind="stable")
    ranked, wrong = confidences[order], 1.0 - correct[order]
    ends = np.flatnonzero(np.append(ranked[1:] != ranked[:-1], True))

    def area(weights: Floats) -> Floats:
        weights = weights[:, order]
        n_answered = np.cumsum(weights, axis=1)[:, ends]
        n_wrong = np.cumsum(weights * wrong, axis=1)[:, ends]
        n_new = np.diff(n_answered, axis=1, prepend=0.0)
        risk = np.divide(n_wrong, n_answered, out=np.zeros_like(n_wrong), where=n_answered > 0)
        return _ratio((n_new * risk).sum(axis=1), n_answered[:, -1])

    return area


def _ratio(numerators: Floats, denominators: Floats) -> Floats:
    """Return the quotients; nan where the denominator is 0."""
    quotients: Floats = np.full(len(denominators), np.nan)
    np.divide(numerators, denominators, out=quotients, where=denominators > 0)
    return quotients
