"""The fit of the confidence, against scikit-learn and on evidence with a known answer."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import StandardScaler

from eval.datasets.load import BeirDataset, SpanDataset, load_dataset
from eval.runs.evaluate import IndexedDataset, index_dataset
from eval.studies.calibrate import (
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


def planted(n: int, collection: str = "planted") -> list[Example]:
    """Questions whose probability of a right answer rises with a feature."""
    rng = np.random.default_rng(7)
    examples = []
    for i in range(n):
        match = float(rng.random())
        features = dict.fromkeys(FEATURES, 0.0) | {"match": match, "dense": float(rng.random())}
        is_right = bool(rng.random() < 1 / (1 + np.exp(-(8 * match - 4))))
        answerable = is_right or i % 2 == 0
        examples.append(
            Example(collection, collection, f"q{i}", answerable, False, is_right, features)
        )
    return examples


def test_it_is_the_weighted_logistic_regression_of_scikit_learn() -> None:
    examples = [*planted(300, "large"), *(replace(e, deleted=True) for e in planted(100, "small"))]
    calibration = calibrate(examples, "model", "planted questions")
    values = np.array([list(example.features.values()) for example in examples])
    labels = [example.is_right for example in examples]
    # Each collection weighs the same.
    weights = [400 / 2 / 300] * 300 + [400 / 2 / 100] * 100
    scaled = StandardScaler().fit_transform(values)
    oracle = LogisticRegression(C=0.05, max_iter=1000).fit(scaled, labels, weights)
    mine = [calibration.probability(example.features) for example in examples]
    np.testing.assert_allclose(mine, oracle.predict_proba(scaled)[:, 1], atol=1e-4)


def test_a_deleted_answer_has_half_the_weight_of_a_present_one() -> None:
    examples = planted(200)
    mixed = [replace(e, deleted=i % 2 == 0) for i, e in enumerate(examples)]
    twice = [e for e in mixed for _ in range(1 if e.deleted else 2)]
    a, b = (calibrate(of, "model", "").weights["match"].weight for of in (mixed, twice))
    # Means, scales and the penalty see more examples; the weights are nearly the same.
    assert a == pytest.approx(b, rel=0.2)


def test_a_constant_feature_gets_no_weight() -> None:
    weights = calibrate(planted(200), "model", "").weights
    assert weights["match"].weight > 0.5
    assert weights["negation"].weight == 0


def test_held_out_questions_show_a_calibrated_confidence() -> None:
    examples = planted(4000)
    (row,) = check_held_out(examples, calibrate(examples, "model", "").threshold)
    assert row.n_questions == 4000
    assert row.calibration_error < 0.04
    assert row.auroc is not None
    assert row.auroc > 0.8


def test_no_other_threshold_is_right_more_often() -> None:
    examples = planted(400)
    threshold = calibrate(examples, "model", "").threshold
    (chosen,) = check_held_out(examples, threshold)
    for other in np.arange(0.05, 0.96, 0.05):
        (row,) = check_held_out(examples, float(other))
        assert row.right <= chosen.right + 1e-9


@pytest.mark.parametrize("risk", [0.05, 0.2, 0.4])
def test_the_share_of_wrong_stated_answers_is_at_most_the_risk(risk: float) -> None:
    examples = planted(2000)
    threshold = calibrate(examples, "model", "", risk).threshold
    # If every question is answerable, right is the share of right stated answers.
    all_answerable = [replace(e, answerable=True) for e in examples]
    (row,) = check_held_out(all_answerable, threshold)
    assert row.stated > 0
    assert 1 - row.right / row.stated <= risk
    assert calibrate(examples, "model", "", min(risk + 0.2, 0.9)).threshold <= threshold


def test_a_risk_that_no_threshold_satisfies_is_refused() -> None:
    with pytest.raises(BadDataset, match="raise --risk"):
        calibrate(planted(50), "model", "", 0.001)


def test_the_order_of_questions_changes_only_noise() -> None:
    examples = planted(200)
    forwards = calibrate(examples, "model", "")
    backwards = calibrate(examples[::-1], "model", "")
    assert forwards.weights["match"].weight == pytest.approx(
        backwards.weights["match"].weight, abs=1e-4
    )


def test_answers_of_one_kind_are_refused() -> None:
    examples = [e for e in planted(50) if e.is_right]
    with pytest.raises(BadDataset, match="label some spans"):
        calibrate(examples, "model", "")


def test_a_deleted_answer_is_not_retrieved(tmp_path: Path) -> None:
    dataset = load_dataset(span_set(tmp_path / "mine"))
    assert isinstance(dataset, SpanDataset)
    with index_dataset(dataset, HashEmbedder()) as corpus:
        examples = examples_of(corpus, RankSettings())
    own = [e for e in examples if not e.deleted]
    deleted = [e for e in examples if e.deleted]
    assert all(e.answerable == dataset.answerable[e.question_id] for e in own)
    assert any(e.is_right for e in own)
    assert deleted
    assert not any(e.is_right or e.answerable for e in deleted)
    assert all(e.features.keys() == FEATURES.keys() for e in examples)


def test_a_dataset_of_judged_documents_is_refused(tmp_path: Path) -> None:
    dataset = BeirDataset("b", [], {"q": "?"}, {"q": {"d": 1}}, 0, "test")
    corpus = IndexedDataset(dataset, HashEmbedder(), tmp_path, 0.0)
    with pytest.raises(BadDataset, match="requires spans"):
        examples_of(corpus, RankSettings())
