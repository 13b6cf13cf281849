"""Fit the confidence that an answer is right: a logistic regression on rag.answer.confidence's
features, checked on questions that it was not fitted on.

Answers are judged by their labelled spans. Questions that the documents do not answer although they
are about their subject are made by deletion: the passages that hold the answer are left out of the
search, and the question is asked again.
"""

from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from hashlib import blake2b

import numpy as np
from numpy.typing import NDArray

from eval.datasets.load import LabelledQuestion, Place, SpanDataset
from eval.measures.measures import auroc, calibration_error
from eval.runs.copies import copies_of, places_of
from eval.runs.evaluate import IndexedDataset, QuestionCallback
from index.backends import backend_at
from index.errors import BadDataset
from rag.answer.confidence import FEATURES, READER_FEATURES, Calibration, Evidence, Weight
from rag.answer.reader import Reader
from rag.pipeline import Pipeline
from rag.search.ranking import RankSettings

N_FOLDS = 5
_DELETED_WEIGHT = 0.5
"""Of a question whose answer was deleted, against one as it is: people mostly ask what is there."""

_PENALTY = 0.05
"""scikit-learn's C: .03 to .3 give the same to a thousandth."""

_THRESHOLDS = np.arange(0.05, 0.96, 0.01)

FeatureMatrix = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Example:
    """A question with its evidence.

    source:     whose questions, asked of whose documents, and whether their answers were deleted
    collection: the documents; each collection has the same weight in a fit
    answerable: whether the documents that were searched answer the question
    deleted:    whether the passages that hold its answer were left out of the search
    is_right:   whether the answer that the evidence is of contains a labelled span
    """

    source: str
    collection: str
    question_id: str
    answerable: bool
    deleted: bool
    is_right: bool
    features: dict[str, float]


@dataclass(frozen=True, slots=True)
class HeldOutConfidence:
    """How the confidence does on questions that it was not fitted on.

    n_right:           whose answer is right
    calibration_error: of the confidence against that
    right:             share of the questions that are answered rightly, or declined where the
                       documents do not answer
    stated:            share of the questions that are answered
    What needs right and wrong answers is None without them.
    """

    source: str
    n_questions: int
    n_right: int
    auroc: float | None
    calibration_error: float
    right: float
    stated: float


def examples_of(
    corpus: IndexedDataset,
    ranking: RankSettings,
    reader: Reader | None = None,
    *,
    on_question: QuestionCallback = lambda n_done, total: None,
) -> list[Example]:
    """Return the evidence for a dataset's questions, and for those that it answers once more, asked
    without the passages that hold the answer. A question without an answer to judge is left out.

    reader: reads the first passages, and its evidence is added

    Raises BadDataset if the dataset's answers are not spans.
    """
    dataset = corpus.dataset
    if not isinstance(dataset, SpanDataset):
        raise BadDataset(f"{dataset.name} labels whole documents; calibration requires spans")
    texts = {document.doc_id: document.text for document in dataset.documents}
    examples = []
    pipeline = Pipeline(backend_at(corpus.folder), corpus.embedder, ranking, reader=reader)
    with closing(pipeline):
        cases = [(question, False) for question in dataset.questions]
        cases += [(question, True) for question in dataset.questions if question.answerable]
        for n_done, (question, deleted) in enumerate(cases, 1):
            without = _places_with_answers(pipeline, question) if deleted else []
            evidence = pipeline.evidence(question.text, without)
            if evidence is not None:
                examples.append(_example(dataset.name, question, evidence, texts, deleted=deleted))
            on_question(n_done, len(cases))
    return examples


def _places_with_answers(pipeline: Pipeline, question: LabelledQuestion) -> list[Place]:
    """Return the places of the answers, and of the passages that are near-identical to one that has
    an answer."""
    places = [(answer.doc_id, answer.span) for answer in question.answers]
    found = map(places_of, pipeline.search(question.text).passages)
    return [*places, *(p for group in found if question.has_answer_in(group) for p in group)]


def _example(
    name: str,
    question: LabelledQuestion,
    evidence: Evidence,
    texts: Mapping[str, str],
    *,
    deleted: bool,
) -> Example:
    answerable = question.answerable and not deleted
    copies = [c for p in evidence.citations for c in copies_of(p, [evidence.places], texts)]
    return Example(
        source=f"{name}, answers deleted" if deleted else name,
        collection=name,
        question_id=question.question_id,
        answerable=answerable,
        deleted=deleted,
        is_right=answerable and question.has_answer_in([*evidence.citations, *copies]),
        features=evidence.features,
    )


def calibrate(
    examples: Sequence[Example],
    model: str,
    fitted_on: str,
    risk: float | None = None,
    reader: str = "",
) -> Calibration:
    """A calibration fitted on all examples, its threshold chosen on held-out ones.

    model:  sha256 of its weights
    reader: the digest of the reader whose evidence the examples have; empty without one
    risk:   the share of stated answers that may be wrong, in (0, 1); without it the threshold
            answers or declines most questions rightly

    Raises BadDataset without right and wrong answers, or if no threshold keeps the risk.
    """
    _check(examples)
    probabilities = np.array(_held_out(examples))
    threshold = (
        _best_threshold(examples, probabilities)
        if risk is None
        else _threshold_of_risk(examples, probabilities, risk)
    )
    return replace(_fitted(examples, model, fitted_on, round(threshold, 4)), reader=reader)


def _best_threshold(examples: Sequence[Example], probabilities: FeatureMatrix) -> float:
    """The threshold at which most questions are right, each collection counting alike."""
    weights = _weights(examples)

    def right(threshold: float) -> float:
        return float(weights @ _is_right_at(examples, probabilities, threshold))

    return float(max(_THRESHOLDS, key=right))


def _threshold_of_risk(
    examples: Sequence[Example], probabilities: FeatureMatrix, risk: float
) -> float:
    """The least threshold at which the risk is controlled in expectation: with n questions at most
    (n * wrong share + 1) / (n + 1) are wrong (conformal risk control, Angelopoulos et al. 2022)."""
    wrong = np.array([not example.is_right for example in examples])
    for threshold in _THRESHOLDS:
        stated = probabilities >= threshold
        n = int(stated.sum())
        if n and (int((wrong & stated).sum()) + 1) / (n + 1) <= risk:
            return float(threshold)
    raise BadDataset(
        f"no threshold keeps the share of wrong answers below {risk:.0%}; raise --risk"
    )


def _is_right_at(
    examples: Sequence[Example], probabilities: FeatureMatrix, threshold: float
) -> FeatureMatrix:
    """1 for each question that is answered rightly, or rightly declined, at a threshold."""
    is_right = np.array([example.is_right for example in examples])
    answerable = np.array([example.answerable for example in examples])
    return np.where(probabilities >= threshold, is_right, ~answerable).astype(np.float64)


def _weights(examples: Sequence[Example]) -> FeatureMatrix:
    """One for each example; each collection's sum to the same, all of them to 1."""
    weights = np.array([_DELETED_WEIGHT if example.deleted else 1.0 for example in examples])
    collections = np.array([example.collection for example in examples])
    for collection in set(collections.tolist()):
        weights[collections == collection] /= weights[collections == collection].sum()
    return np.asarray(weights / weights.sum(), dtype=np.float64)


def check_held_out(examples: Sequence[Example], threshold: float) -> list[HeldOutConfidence]:
    """Cross-validated: each question judged by a fit on the other four fifths."""
    _check(examples)
    pairs = list(zip(examples, _held_out(examples), strict=True))
    sources = dict.fromkeys(example.source for example in examples)
    return [
        _judged(source, [pair for pair in pairs if pair[0].source == source], threshold)
        for source in sources
    ]


def _judged(
    source: str, pairs: Sequence[tuple[Example, float]], threshold: float
) -> HeldOutConfidence:
    examples = [example for example, _ in pairs]
    labels = [example.is_right for example in examples]
    probabilities = [probability for _, probability in pairs]
    return HeldOutConfidence(
        source=source,
        n_questions=len(examples),
        n_right=sum(labels),
        auroc=auroc(labels, probabilities) if len(set(labels)) == 2 else None,
        calibration_error=calibration_error(labels, probabilities),
        right=float(_is_right_at(examples, np.array(probabilities), threshold).mean()),
        stated=sum(p >= threshold for p in probabilities) / len(examples),
    )


def _check(examples: Sequence[Example]) -> None:
    if len({example.is_right for example in examples}) < 2:
        raise BadDataset(
            "calibration requires questions with right answers and questions with wrong ones; "
            "label some spans that the documents' passages contain"
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

    names = [*FEATURES, *(name for name in READER_FEATURES if name in examples[0].features)]
    values = np.array([[example.features[name] for name in names] for example in examples])
    labels = np.array([example.is_right for example in examples])
    means, scales = values.mean(axis=0), values.std(axis=0)
    scales[scales < 1e-9] = 1.0  # a feature that never changes says nothing, and gets no weight
    regression = LogisticRegression(C=_PENALTY, max_iter=1000)
    weights = len(examples) * _weights(examples)
    regression.fit((values - means) / scales, labels, sample_weight=weights)
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
