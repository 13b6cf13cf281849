"""Fit the confidence on questions of known answerability: a logistic regression on
rag.answer.confidence's features, checked on questions that it was not fitted on."""

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
KEPT = 0.9
"""The threshold keeps this share of the answerable questions of every dataset, as held-out ones
show it: to withhold an answer that is there is worse than to offer a passage that is none."""

N_FOREIGN = 500
"""At most so many questions of another set, evenly taken: they are the easy ones."""

_PENALTY = 0.1
"""scikit-learn's C: .03 to .3 give the same to a thousandth."""

Matrix = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Example:
    """A question with its evidence. source: whose questions, asked of whose documents."""

    source: str
    question_id: str
    answerable: bool
    features: dict[str, float]


@dataclass(frozen=True, slots=True)
class HeldOut:
    """How the confidence does on questions it was not fitted on.

    kept, declined: shares of the answerable and of the unanswerable ones above and below the
    threshold. What needs questions of both kinds is None without them.
    """

    source: str
    n_answerable: int
    n_unanswerable: int
    auroc: float | None
    calibration_error: float
    kept: float | None
    declined: float | None


def examples_of(
    corpus: IndexedDataset,
    ranking: RankSettings,
    others: Sequence[Dataset] = (),
    *,
    on_question: QuestionCallback = lambda done, total: None,
) -> list[Example]:
    """The evidence for a dataset's own questions, and for those of others that nothing in its
    documents answers. A question that finds no passage has none, and is left out."""
    name, dataset = corpus.dataset.name, corpus.dataset
    wanted = [
        (name, i, text, dataset.answerable.get(i, True)) for i, text in dataset.queries.items()
    ]
    for other in others:
        source = f"{other.name} asked of {name}"
        step = -(-len(other.queries) // N_FOREIGN)
        some = list(other.queries.items())[::step]
        wanted += [(source, i, text, False) for i, text in some]
    found = []
    with closing(Pipeline.over(corpus.folder, corpus.embedder, ranking)) as pipeline:
        for done, (source, i, text, answerable) in enumerate(wanted, 1):
            features = pipeline.evidence(text)
            if features is not None:
                found.append(Example(source, i, answerable, features))
            on_question(done, len(wanted))
    return found


def calibrate(examples: Sequence[Example], model: str, fitted_on: str) -> Calibration:
    """A calibration fitted on all examples, its threshold chosen on held-out ones.

    model: sha256 of its weights. Raises BadDataset without questions of both kinds.
    """
    _check(examples)
    by_source: dict[str, list[float]] = {}
    for example, probability in zip(examples, _held_out(examples), strict=True):
        if example.answerable:
            by_source.setdefault(example.source, []).append(probability)
    threshold = min(float(np.quantile(of, 1 - KEPT)) for of in by_source.values())
    return _fitted(examples, model, fitted_on, round(threshold, 4))


def held_out(examples: Sequence[Example], threshold: float) -> list[HeldOut]:
    """Cross-validated: each question judged by a fit on the other four fifths."""
    _check(examples)
    pairs = list(zip(examples, _held_out(examples), strict=True))
    sources = dict.fromkeys(example.source for example in examples)
    return [
        _judged(source, [pair for pair in pairs if pair[0].source == source], threshold)
        for source in sources
    ]


def _judged(source: str, pairs: Sequence[tuple[Example, float]], threshold: float) -> HeldOut:
    labels = [example.answerable for example, _ in pairs]
    probabilities = [probability for _, probability in pairs]
    above = [p >= threshold for p in probabilities]
    positive = [a for a, label in zip(above, labels, strict=True) if label]
    negative = [not a for a, label in zip(above, labels, strict=True) if not label]
    return HeldOut(
        source=source,
        n_answerable=len(positive),
        n_unanswerable=len(negative),
        auroc=auroc(labels, probabilities) if positive and negative else None,
        calibration_error=calibration_error(labels, probabilities),
        kept=sum(positive) / len(positive) if positive else None,
        declined=sum(negative) / len(negative) if negative else None,
    )


def _check(examples: Sequence[Example]) -> None:
    if len({example.answerable for example in examples}) < 2:
        raise BadDataset(
            "calibration needs questions that the documents answer and questions that they do not; "
            "name a second dataset, to ask each the other's questions"
        )


def _fold(example: Example) -> int:
    """The same for a question wherever it is asked, in any order of the examples."""
    digest = blake2b(example.question_id.encode(), digest_size=4).digest()
    return int.from_bytes(digest, "big") % N_FOLDS


def _held_out(examples: Sequence[Example]) -> list[float]:
    probabilities = [0.0] * len(examples)
    for fold in range(N_FOLDS):
        rest = [example for example in examples if _fold(example) != fold]
        calibration = _fitted(rest, "", "", 0.0)
        for i, example in enumerate(examples):
            if _fold(example) == fold:
                probabilities[i] = calibration.probability(example.features)
    return probabilities


def _fitted(
    examples: Sequence[Example], model: str, fitted_on: str, threshold: float
) -> Calibration:
    from sklearn.linear_model import LogisticRegression

    names = list(FEATURES)
    values = np.array([[example.features[name] for name in names] for example in examples])
    labels = np.array([example.answerable for example in examples])
    means, scales = values.mean(axis=0), values.std(axis=0)
    scales[scales < 1e-9] = 1.0  # a feature that never changes says nothing, and gets no weight
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
