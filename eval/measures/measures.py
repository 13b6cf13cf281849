"""Measures of a run. Values are in [0, 1]; higher is better, except for ECE and Brier.

A question without results counts as 0. BEIR's own scorer leaves such a question out, which raises
the mean of a system that returns nothing.

BEIR sets: nDCG (Järvelin and Kekäläinen 2002, linear gains as in trec_eval), recall, reciprocal
rank (Voorhees 1999) and average precision (Buckley and Voorhees 2000), computed by ir-measures.
Span sets: a passage is relevant if it contains the span of an answer. Chen et al. (2017) compare
strings for this; here positions are compared. Both, if some questions are unanswerable: AUROC, ECE
and Brier score of the confidence.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from math import fsum

import numpy as np

from eval.datasets.load import LabelledQuestion
from eval.measures.weighted import Statistic, auroc_of, calibration_error_of
from index.types import Span

Measures = dict[str, float]
"""Measure -> its value over all questions that it is defined for. A measure that is defined for no
question is left out."""

Values = dict[str, dict[str, float]]
"""Measure -> question_id -> value, for the questions that the measure is defined for."""

RIGHT, STATED_WRONG, DECLINED_WRONG = "right", "stated-wrong", "declined-wrong"
CANDIDATE_RIGHT, ANSWER_LENGTH = "candidate-right", "answer-length"
LOWER_IS_BETTER = frozenset(
    {"ECE", "Brier", "ECE-right", STATED_WRONG, DECLINED_WRONG, ANSWER_LENGTH}
)

PRIMARY = {"spans": "MRR@10", "beir": "nDCG@10"}
"""The main measure of each kind of dataset."""


@dataclass(frozen=True, slots=True)
class RunPassage:
    """A passage of a run.

    quote: its text; None after the first few passages
    duplicate_doc_ids: documents whose near-identical passages this one replaces; not in run files
    """

    doc_id: str
    span: Span
    score: float
    highlight: Span
    quote: str | None = None
    duplicate_doc_ids: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Statement:
    """The service's answer to a question.

    stated:    False if the service declined to give the answer
    citations: doc_id and span of each quotation; empty if there is none
    """

    stated: bool
    citations: tuple[tuple[str, Span], ...]


@dataclass(frozen=True, slots=True)
class Outcome:
    """The service's result for one question.

    confidence: in [0, 1]; None if there is none, as without a calibration
    passages:   best first
    statement:  None if the service only searched
    """

    question_id: str
    confidence: float | None
    passages: tuple[RunPassage, ...]
    statement: Statement | None = None


def means(values: Values) -> Measures:
    """Return the mean of each measure over its questions."""
    return {
        name: fsum(by_question.values()) / len(by_question)
        for name, by_question in values.items()
        if by_question
    }


# Spans


def span_values(
    questions: Sequence[LabelledQuestion],
    outcomes: Mapping[str, Outcome],
    cutoffs: Iterable[int] = (),
) -> Values:
    """Return the measures of each answerable question.

    answer@k: 1 if one of the first k passages contains an answer, for k = 1, 5 and each cutoff
    MRR@10: 1 / rank of the first passage that contains an answer, 0 beyond rank 10
    highlight@1: 1 if the highlight of the first passage contains an answer
    """
    answerable = {q.question_id: q for q in questions if q.answerable}
    passages = {i: outcomes[i].passages if i in outcomes else () for i in answerable}
    ranks = {i: _rank(q, passages[i]) for i, q in answerable.items()}
    values = {
        f"answer@{k}": {i: float(r is not None and r <= k) for i, r in ranks.items()}
        for k in sorted({1, 5, *cutoffs})
    }
    values["MRR@10"] = {i: 1 / r if r is not None and r <= 10 else 0.0 for i, r in ranks.items()}
    values["highlight@1"] = {
        i: float(any(q.has_answer(first.doc_id, first.highlight) for first in passages[i][:1]))
        for i, q in answerable.items()
    }
    return values


def statement_values(
    questions: Sequence[LabelledQuestion], outcomes: Mapping[str, Outcome]
) -> Values:
    """Return the measures of the answers; questions without a statement are left out.

    right:           1 if the stated answer contains a labelled span, or if the question is
                     unanswerable and the service declined
    stated-wrong:    1 if the stated answer contains no labelled span
    declined-wrong:  1 if the service declined an answerable question
    candidate-right: 1 if the answer, stated or declined, contains a labelled span; the confidence
                     estimates its probability
    answer-length:   characters of the stated answer; 0 if it declined
    """
    values: Values = {
        name: {} for name in (RIGHT, STATED_WRONG, DECLINED_WRONG, CANDIDATE_RIGHT, ANSWER_LENGTH)
    }
    for question in questions:
        outcome = outcomes.get(question.question_id)
        statement = None if outcome is None else outcome.statement
        if statement is None:
            continue
        i, stated = question.question_id, statement.stated
        correct = any(question.has_answer(*each) for each in statement.citations)
        values[RIGHT][i] = float(correct if stated else not question.answerable)
        values[STATED_WRONG][i] = float(stated and not correct)
        values[DECLINED_WRONG][i] = float(question.answerable and not stated)
        values[CANDIDATE_RIGHT][i] = float(correct)
        length = sum(s.end - s.start for _, s in statement.citations)
        values[ANSWER_LENGTH][i] = float(length if stated else 0)
    return values


def risk_coverage(
    correct: Sequence[bool], confidences: Sequence[float]
) -> list[tuple[float, float]]:
    """Return (coverage, risk) at each distinct confidence, the highest first.

    Coverage is the share of questions at or above the confidence; risk is the share of wrong
    candidates among these (El-Yaniv and Wiener 2010).
    """
    points, n_wrong = [], 0
    order = sorted(range(len(correct)), key=lambda i: -confidences[i])
    for n, i in enumerate(order, 1):
        n_wrong += not correct[i]
        if n == len(order) or confidences[order[n]] != confidences[i]:
            points.append((n / len(order), n_wrong / n))
    return points


def _rank(question: LabelledQuestion, passages: Sequence[RunPassage]) -> int | None:
    """Return the rank, from 1, of the first passage that contains an answer; None without one."""
    return next(
        (r for r, p in enumerate(passages, 1) if question.has_answer(p.doc_id, p.span)),
        None,
    )


# BEIR


def beir_values(
    qrels: Mapping[str, Mapping[str, int]],
    run: Mapping[str, Mapping[str, float]],
    cutoffs: Iterable[int] = (),
) -> Values:
    """Return nDCG@10, R@10, R@100, MRR@10 and MAP of each judged query; nDCG@k and R@k for each
    cutoff k.

    run: query id -> doc_id -> score. The scores of a query must differ: trec_eval orders equal
    scores by descending doc_id.
    """
    import ir_measures
    from ir_measures import AP, RR, R, nDCG

    measures = {
        "nDCG@10": nDCG @ 10,
        "R@10": R @ 10,
        "R@100": R @ 100,
        "MRR@10": RR @ 10,
        "MAP": AP,
    }
    for k in sorted(cutoffs):
        measures |= {f"nDCG@{k}": nDCG @ k, f"R@{k}": R @ k}
    by_question = {measure: dict.fromkeys(qrels, 0.0) for measure in measures.values()}
    for metric in ir_measures.iter_calc(list(by_question), qrels, run):
        by_question[metric.measure][metric.query_id] = float(metric.value)
    return {name: by_question[measure] for name, measure in measures.items()}


# The confidence


def brier_values(answerable: Mapping[str, bool], confidences: Mapping[str, float]) -> Values:
    """Return each question's (confidence - label)², where the label is 1 if the question is
    answerable, else 0 (Brier 1950; half of his value, as is usual for two classes)."""
    return {"Brier": {i: (confidences[i] - label) ** 2 for i, label in answerable.items()}}


def auroc(answerable: Sequence[bool], confidences: Sequence[float]) -> float:
    """Return the AUROC (eval.measures.weighted.auroc_of); nan if all labels are equal."""
    return _unweighted(auroc_of(np.array(answerable), np.array(confidences)), len(answerable))


def calibration_error(answerable: Sequence[bool], confidences: Sequence[float]) -> float:
    """Return the ECE (eval.measures.weighted.calibration_error_of)."""
    measure = calibration_error_of(np.array(answerable), np.array(confidences))
    return _unweighted(measure, len(answerable))


def _unweighted(measure: Statistic, n: int) -> float:
    return float(measure(np.ones((1, n)))[0])
