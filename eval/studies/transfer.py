"""Test a calibration on collections that it was not fitted on: each is left out of the fit once."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from eval.measures.measures import auroc, calibration_error
from eval.studies.calibrate import Example, calibrate
from index.errors import BadDataset
from index.types import Floats

_LARGEST_SHIFT = 30.0
_LEAST = 1e-6
"""A confidence has six decimals; 0 and 1 have no log-odds."""


@dataclass(frozen=True, slots=True)
class Transfer:
    """A collection's own questions, judged by a fit on the other collections.

    n_right:           whose answer is right
    auroc:             None without right and wrong answers
    calibration_error: of the confidence against right answers
    shifted_error:     the same after one number is added to the log-odds of each confidence, so
                       that their mean is the share of right answers: what is left if only that
                       share differs from the fit
    stated, right:     at the threshold of the fit, as in HeldOutConfidence
    """

    collection: str
    n_questions: int
    n_right: int
    auroc: float | None
    calibration_error: float
    shifted_error: float
    stated: float
    right: float


def check_transfer(examples: Sequence[Example]) -> list[Transfer]:
    """Judge each collection by a fit on the others.

    Raises BadDataset with fewer than two collections.
    """
    collections = list(dict.fromkeys(example.collection for example in examples))
    if len(collections) < 2:
        raise BadDataset("to leave one dataset out of the fit, name at least two datasets")
    return [_judged(examples, collection) for collection in collections]


def _judged(examples: Sequence[Example], collection: str) -> Transfer:
    fit = calibrate([e for e in examples if e.collection != collection], "", "")
    own = [e for e in examples if e.collection == collection and not e.deleted]
    labels = [example.is_right for example in own]
    confidences = np.array([fit.probability(example.features) for example in own])
    stated = confidences >= fit.threshold
    right = np.where(stated, labels, [not example.answerable for example in own])
    return Transfer(
        collection=collection,
        n_questions=len(own),
        n_right=sum(labels),
        auroc=auroc(labels, list(confidences)) if len(set(labels)) == 2 else None,
        calibration_error=calibration_error(labels, list(confidences)),
        shifted_error=calibration_error(labels, list(shifted(confidences, float(np.mean(labels))))),
        stated=float(stated.mean()),
        right=float(right.mean()),
    )


def shifted(confidences: Floats, share: float) -> Floats:
    """Return the confidences with one number added to their log-odds, so that `share` is the mean.

    confidences, share: in [0, 1]
    """
    inside = np.clip(confidences, _LEAST, 1 - _LEAST)
    odds = np.log(inside / (1 - inside))
    low, high = -_LARGEST_SHIFT, _LARGEST_SHIFT
    for _ in range(60):
        middle = (low + high) / 2
        too_low = float(np.mean(_probabilities(odds + middle))) < share
        low, high = (middle, high) if too_low else (low, middle)
    return _probabilities(odds + (low + high) / 2)


def _probabilities(odds: Floats) -> Floats:
    return np.asarray(1 / (1 + np.exp(-odds)), dtype=np.float64)
