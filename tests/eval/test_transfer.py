"""A calibration on collections that it was not fitted on."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import roc_auc_score

from eval.studies.calibrate import Example, calibrate
from eval.studies.transfer import check_transfer, shifted
from index.errors import BadDataset
from rag.answer.confidence import FEATURES


def planted(collection: str, n: int, offset: float) -> list[Example]:
    """Questions whose log-odds of being answered rightly are a feature and an offset."""
    rng = np.random.default_rng(7)
    examples = []
    for i in range(n):
        match = float(rng.random())
        is_right = bool(rng.random() < 1 / (1 + np.exp(-(8 * match - 4 + offset))))
        features = dict.fromkeys(FEATURES, 0.0) | {"match": match}
        examples.append(
            Example(collection, collection, f"q{i}", is_right, False, is_right, features)
        )
    return examples


@given(st.lists(st.floats(0, 1), min_size=1, max_size=20), st.floats(0.01, 0.99))
def test_shifted_confidences_have_the_mean_and_the_order(
    confidences: list[float], share: float
) -> None:
    found = shifted(np.array(confidences), share)
    assert found.mean() == pytest.approx(share, abs=1e-6)
    order = np.argsort(confidences, kind="stable")
    assert np.all(np.diff(found[order]) >= 0)


def test_a_shift_adds_one_number_to_the_log_odds() -> None:
    # 1:1, 1:3 and 3:1 become 3:1, 1:1 and 9:1 with log 3 more.
    found = shifted(np.array([1 / 2, 1 / 4, 3 / 4]), (3 / 4 + 1 / 2 + 9 / 10) / 3)
    assert found == pytest.approx([3 / 4, 1 / 2, 9 / 10])


def test_each_collection_is_judged_by_a_fit_on_the_others_alone() -> None:
    a, b, c = planted("a", 300, 0.0), planted("b", 300, 0.0), planted("c", 3000, -1.5)
    deleted = [replace(each, deleted=True, is_right=False, answerable=False) for each in c]
    rows = check_transfer([*a, *b, *c, *deleted])
    assert [(row.collection, row.n_questions) for row in rows] == [
        ("a", 300),
        ("b", 300),
        ("c", 3000),
    ]
    fit = calibrate([*a, *b], "", "")
    confidences = np.array([fit.probability(each.features) for each in c])
    labels = np.array([each.is_right for each in c])
    row = rows[2]
    assert row.n_right == labels.sum()
    assert row.auroc == pytest.approx(roc_auc_score(labels, confidences))
    assert row.stated == np.mean(confidences >= fit.threshold)
    assert row.right == np.mean(np.where(confidences >= fit.threshold, labels, ~labels))
    # Only the share of right answers differs, so that a shift removes most of the error.
    assert row.shifted_error < 0.5 * row.calibration_error


def test_one_collection_alone_is_refused() -> None:
    with pytest.raises(BadDataset, match="at least two"):
        check_transfer(planted("a", 50, 0.0))
