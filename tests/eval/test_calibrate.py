"""The fit of the confidence, against scikit-learn and on evidence with a known answer."""

from pathlib import Path

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from eval.datasets.load import load_dataset
from eval.runs.evaluate import index_dataset
from eval.studies.calibrate import (
    KEEP_SHARE,
    N_FOREIGN,
    Example,
    calibrate,
    check_held_out,
    examples_of,
)
from fakes import HashEmbedder
from index.errors import BadDataset
from known_runs import span_set
from rag.answer.confidence import FEATURES
from rag.search.ranking import RankSettings


def planted(n: int, source: str = "planted") -> list[Example]:
    """Questions whose probability of being answerable rises with their features."""
    rng = np.random.default_rng(7)
    examples = []
    for i in range(n):
        match = float(rng.random())
        features = dict.fromkeys(FEATURES, 0.0) | {"match": match, "dense": float(rng.random())}
        answerable = bool(rng.random() < 1 / (1 + np.exp(-(8 * match - 4))))
        examples.append(Example(source, f"q{i}", answerable, features))
    return examples


def test_it_is_the_logistic_regression_of_scikit_learn() -> None:
    examples = planted(300)
    calibration = calibrate(examples, "model", "planted questions")
    values = np.array([list(example.features.values()) for example in examples])
    labels = [example.answerable for example in examples]
    oracle = make_pipeline(StandardScaler(), LogisticRegression(C=0.1)).fit(values, labels)
    mine = [calibration.probability(example.features) for example in examples]
    np.testing.assert_allclose(mine, oracle.predict_proba(values)[:, 1], atol=1e-4)


def test_a_feature_that_never_changes_gets_no_weight() -> None:
    weights = calibrate(planted(200), "model", "").weights
    assert weights["match"].weight > 0.5
    assert weights["negation"].weight == 0


def test_held_out_questions_show_a_calibrated_confidence() -> None:
    examples = planted(4000)
    (row,) = check_held_out(examples, calibrate(examples, "model", "").threshold)
    assert row.n_answerable + row.n_unanswerable == 4000
    assert row.calibration_error < 0.04
    assert row.auroc is not None
    assert row.auroc > 0.8
    assert row.answered_share == pytest.approx(KEEP_SHARE, abs=0.01)


def test_the_threshold_keeps_its_share_of_every_dataset() -> None:
    easy = planted(400, "easy")
    hard = [
        Example(
            "hard", e.question_id, e.answerable, e.features | {"match": e.features["match"] / 2}
        )
        for e in planted(400)
    ]
    calibration = calibrate([*easy, *hard], "model", "")
    for row in check_held_out([*easy, *hard], calibration.threshold):
        assert row.answered_share is not None
        assert row.answered_share >= KEEP_SHARE - 0.005


def test_the_order_of_questions_changes_nothing_but_noise() -> None:
    examples = planted(200)
    forwards = calibrate(examples, "model", "")
    backwards = calibrate(examples[::-1], "model", "")
    assert forwards.weights["match"].weight == pytest.approx(
        backwards.weights["match"].weight, abs=1e-4
    )


def test_questions_of_one_kind_are_refused() -> None:
    examples = [e for e in planted(50) if e.answerable]
    with pytest.raises(BadDataset, match="name a second dataset"):
        calibrate(examples, "model", "")


def test_questions_of_other_datasets_are_unanswerable(tmp_path: Path) -> None:
    dataset = load_dataset(span_set(tmp_path / "mine"))
    other = load_dataset(span_set(tmp_path / "other"))
    with index_dataset(dataset, HashEmbedder()) as corpus:
        examples = examples_of(corpus, RankSettings(), [other])
    own = [e for e in examples if e.source == "mine"]
    foreign = [e for e in examples if e.source == "other asked of mine"]
    assert {e.question_id: e.answerable for e in own} == dataset.answerable
    assert 0 < len(foreign) <= N_FOREIGN
    assert not any(e.answerable for e in foreign)
    assert all(e.features.keys() == FEATURES.keys() for e in examples)
