"""Fit the confidence: a logistic regression from the features of rag.answer.confidence to whether
the question is answerable, checked by cross-validation."""

from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass
from hashlib import blake2b

import numpy as np
from numpy.typing import NDArray

from eval.datasets.load import Dataset
from eval.measures.measures import auroc, calibration_error
from eval.runs.evaluate import IndexedDataset, QuestionCallback
from index.errors import BadDataset
from rag.answer.confidence import FEATURES, Calibration, Weight
from rag.pipeline import Pipeline
from rag.search.ranking import RankSettings

N_FOLDS = 5
KEEP_SHARE = 0.9
"""The threshold lies below the confidence of this share of each dataset's held-out answerable
questions. To withhold a correct answer is worse than to show a passage without one."""

N_FOREIGN = 500
"""At most so many questions are taken of another dataset, evenly spaced. They are easy to tell
apart, so more of them would hide the hard ones."""

_PENALTY = 0.1
"""scikit-learn's C. Values from 0.03 to 0.3 change no figure by more than 0.001."""

Matrix = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Example:
    """A question and its features.

    source: the name of the dataset, or "A asked of B" for questions of A on the documents of B
    """

    source: str
    question_id: str
    answerable: bool
    features: dict[str, float]


@dataclass(frozen=True, slots=True)
class HeldOutConfidence:
    """Measures of the confidence on questions that it was not fitted on.

    auroc: None without questions of both kinds
    calibration_error: ECE, in [0, 1]
    answered_share: share of answerable questions at or above the threshold; None without any
    declined_share: share of unanswerable questions below the threshold; None without any
    """

    source: str
    n_answerable: int
    n_unanswerable: int
    auroc: float | None
    calibration_error: float
    answered_share: float | None
    declined_share: float | None


def examples_of(
    corpus: IndexedDataset,
    ranking: RankSettings,
    others: Sequence[Dataset] = (),
    *,
    on_question: QuestionCallback = lambda n_done, total: None,
) -> list[Example]:
    """Return an example for each of the dataset's questions, and for questions of the other
    datasets, which its documents do not answer. A question without a passage is left out."""
    name, dataset = corpus.dataset.name, corpus.dataset
    queries = [
        (name, i, text, dataset.answerable.get(i, True)) for i, text in dataset.queries.items()
    ]
    for other in others:
        source = f"{other.name} asked of {name}"
        step = -(-len(other.queries) // N_FOREIGN)
        some = list(other.queries.items())[::step]
        queries += [(source, i, text, False) for i, text in some]
    examples = []
    with closing(Pipeline.over(corpus.folder, corpus.embedder, ranking)) as pipeline:
        for n_done, (source, i, text, answerable) in enumerate(queries, 1):
            features = pipeline.evidence(text)
            if features is not None:
                examples.append(Example(source, i, answerable, features))
            on_question(n_done, len(queries))
    return examples


def calibrate(examples: Sequence[Example], model: str, fitted_on: str) -> Calibration:
    """Fit a calibration on all examples; choose its threshold by cross-validation.

    model: sha256 of the model's weights

    Raises BadDataset without both answerable and unanswerable questions.
    """
    _check(examples)
    by_source: dict[str, list[float]] = {}
    for example, probability in zip(examples, _held_out_probabilities(examples), strict=True):
        if example.answerable:
            by_source.setdefault(example.source, []).append(probability)
    threshold = min(
        float(np.quantile(probabilities, 1 - KEEP_SHARE)) for probabilities in by_source.values()
    )
    return _fit(examples, model, fitted_on, round(threshold, 4))


def check_held_out(examples: Sequence[Example], threshold: float) -> list[HeldOutConfidence]:
    """Return the measures of each source by 5-fold cross-validation.

    Raises BadDataset without both answerable and unanswerable questions.
    """
    _check(examples)
    pairs = list(zip(examples, _held_out_probabilities(examples), strict=True))
    sources = dict.fromkeys(example.source for example in examples)
    return [
        _check_source(source, [pair for pair in pairs if pair[0].source == source], threshold)
        for source in sources
    ]


def _check_source(
    source: str, pairs: Sequence[tuple[Example, float]], threshold: float
) -> HeldOutConfidence:
    labels = [example.answerable for example, _ in pairs]
    probabilities = [probability for _, probability in pairs]
    predictions = [p >= threshold for p in probabilities]
    positive = [a for a, label in zip(predictions, labels, strict=True) if label]
    negative = [not a for a, label in zip(predictions, labels, strict=True) if not label]
    return HeldOutConfidence(
        source=source,
        n_answerable=len(positive),
        n_unanswerable=len(negative),
        auroc=auroc(labels, probabilities) if positive and negative else None,
        calibration_error=calibration_error(labels, probabilities),
        answered_share=sum(positive) / len(positive) if positive else None,
        declined_share=sum(negative) / len(negative) if negative else None,
    )


def _check(examples: Sequence[Example]) -> None:
    if len({example.answerable for example in examples}) < 2:
        raise BadDataset(
            "calibration needs questions that the documents answer and questions that they do not; "
            "name a second dataset, to ask each the other's questions"
        )


def _fold(example: Example) -> int:
    """Return the example's fold. It depends on the question's id alone, so a question is in the
    same fold for every corpus and in any order of examples."""
    digest = blake2b(example.question_id.encode(), digest_size=4).digest()
    return int.from_bytes(digest, "big") % N_FOLDS


def _held_out_probabilities(examples: Sequence[Example]) -> list[float]:
    probabilities = [0.0] * len(examples)
    for fold in range(N_FOLDS):
        rest = [example for example in examples if _fold(example) != fold]
        calibration = _fit(rest, "", "", 0.0)
        for i, example in enumerate(examples):
            if _fold(example) == fold:
                probabilities[i] = calibration.probability(example.features)
    return probabilities


def _fit(examples: Sequence[Example], model: str, fitted_on: str, threshold: float) -> Calibration:
    from sklearn.linear_model import LogisticRegression

    names = list(FEATURES)
    values = np.array([[example.features[name] for name in names] for example in examples])
    labels = np.array([example.answerable for example in examples])
    means, scales = values.mean(axis=0), values.std(axis=0)
    scales[scales < 1e-9] = 1.0  # a constant feature becomes 0 and gets weight 0
    regression = LogisticRegression(C=_PENALTY, max_iter=1000)
    regression.fit((values - means) / scales, labels)
    return Calibration(
        model=model,
        fitted_on=fitted_on,
        n_questions=len(examples),
        threshold=threshold,
        intercept=round(float(regression.intercept_[0]), 6),
        weights={
            name: Weight(round(float(mean), 6), round(float(scale), 6), round(float(weight), 6))
            for name, mean, scale, weight in zip(
                names, means, scales, regression.coef_[0], strict=True
            )
        },
    )
