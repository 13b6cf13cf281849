"""Measures of a run. A question without results counts as 0, never as absent: to drop it, as
BEIR's own scorer does, would pay for silence.

BEIR sets: nDCG (Järvelin and Kekäläinen 2002, gains linear as in trec_eval), recall, reciprocal
rank and average precision, all by ir-measures. Span sets: a passage is relevant if it contains an
answer's span (as for open-domain question answering in Chen et al. 2017, but by position, not by
string). Both, where some questions have no answer: how well the confidence tells them apart.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from math import fsum

import numpy as np

from eval.datasets.load import LabelledQuestion
from eval.measures.weighted import Statistic, auroc_of, calibration_error_of
from index.types import Span

Measures = dict[str, float]
"""Over all questions a measure is of, by its name. A measure of no question is left out."""

Values = dict[str, dict[str, float]]
"""Measure -> question_id -> value, for the questions a measure is of; its mean is the measure."""

RIGHT, STATED_WRONG, DECLINED_WRONG = "right", "stated-wrong", "declined-wrong"
CANDIDATE_RIGHT, ANSWER_LENGTH = "candidate-right", "answer-length"
LOWER_IS_BETTER = frozenset(
    {"ECE", "Brier", "ECE-right", STATED_WRONG, DECLINED_WRONG, ANSWER_LENGTH}
)

PRIMARY = {"spans": "MRR@10", "beir": "nDCG@10"}
"""The measure that a kind of dataset is judged by first."""


@dataclass(frozen=True, slots=True)
class Found:
    """A passage of a run.

    quote: its text, of the first few passages only
    also:  the documents of near-identical passages that it stands for; not part of a run file
    """

    doc_id: str
    span: Span
    score: float
    highlight: Span
    quote: str | None = None
    also: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Statement:
    """The answer that the service has for a question.

    stated:    whether it stated it, or declined
    citations: the document and the span of each quotation; empty if nothing can be quoted
    """

    stated: bool
    citations: tuple[tuple[str, Span], ...]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What the service returned for one question.

    passages:  best first
    statement: None if the question was only searched for
    """

    question_id: str
    confidence: float
    passages: tuple[Found, ...]
    statement: Statement | None = None


def means(values: Values) -> Measures:
    """The mean of each measure over its questions."""
    return {name: fsum(of.values()) / len(of) for name, of in values.items() if of}


# Spans


def span_values(
    questions: Sequence[LabelledQuestion], outcomes: Mapping[str, Outcome], cutoffs: Iterable[int] = ()
) -> Values:
    """answer@1, answer@5, MRR@10 and highlight@1 of each answerable question. `cutoffs` add further
    answer@k."""
    answerable = {q.question_id: q for q in questions if q.answerable}
    found = {i: outcomes[i].passages if i in outcomes else () for i in answerable}
    ranks = {i: _rank(q, found[i]) for i, q in answerable.items()}
    values = {
        f"answer@{k}": {i: float(r is not None and r <= k) for i, r in ranks.items()}
        for k in sorted({1, 5, *cutoffs})
    }
    values["MRR@10"] = {i: 1 / r if r is not None and r <= 10 else 0.0 for i, r in ranks.items()}
    values["highlight@1"] = {
        i: float(any(_answers(q, first.doc_id, first.highlight) for first in found[i][:1]))
        for i, q in answerable.items()
    }
    return values


def statement_values(questions: Sequence[LabelledQuestion], outcomes: Mapping[str, Outcome]) -> Values:
    """What was stated, of each question that was asked.

    right:           1 if the stated answer contains a labelled span, or if nothing is labelled and
                     the service declined
    stated-wrong:    1 if it stated an answer that contains none
    declined-wrong:  1 if it declined although a span is labelled
    candidate-right: 1 if its answer contains a labelled span, stated or not; what the confidence
                     estimates
    answer-length:   characters of the stated answer; of questions with one
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
        correct = any(_answers(question, *citation) for citation in statement.citations)
        values[RIGHT][i] = float(correct if stated else not question.answerable)
        values[STATED_WRONG][i] = float(stated and not correct)
        values[DECLINED_WRONG][i] = float(question.answerable and not stated)
        values[CANDIDATE_RIGHT][i] = float(correct)
        if stated:
            values[ANSWER_LENGTH][i] = float(sum(s.end - s.start for _, s in statement.citations))
    return values


def risk_coverage(
    correct: Sequence[bool], confidences: Sequence[float]
) -> list[tuple[float, float]]:
    """(coverage, risk) at each distinct confidence, most confident first: the share of questions at
    or above it, and the share of wrong candidates among these (El-Yaniv and Wiener 2010)."""
    points, n_wrong = [], 0
    order = sorted(range(len(correct)), key=lambda i: -confidences[i])
    for n, i in enumerate(order, 1):
        n_wrong += not correct[i]
        if n == len(order) or confidences[order[n]] != confidences[i]:
            points.append((n / len(order), n_wrong / n))
    return points


def _answers(question: LabelledQuestion, doc_id: str, span: Span) -> bool:
    """Whether a span contains one of the question's answers."""
    return any(a.doc_id == doc_id and span.contains(a.span) for a in question.answers)


def _rank(question: LabelledQuestion, passages: Sequence[Found]) -> int | None:
    """The rank of the first passage that contains an answer; None if none does."""
    return next(
        (r for r, found in enumerate(passages, 1) if _answers(question, found.doc_id, found.span)),
        None,
    )


# BEIR


def beir_values(
    qrels: Mapping[str, Mapping[str, int]],
    run: Mapping[str, Mapping[str, float]],
    cutoffs: Iterable[int] = (),
) -> Values:
    """nDCG@10, R@10, R@100, MRR@10 and MAP of each judged query. `cutoffs` add nDCG@k and R@k.

    run: query id -> doc_id -> score; scores of one query must differ, or trec_eval's order of ties
    (by id, backwards) takes the place of the run's.
    """
    import ir_measures
    from ir_measures import AP, RR, R, nDCG

    named = {"nDCG@10": nDCG @ 10, "R@10": R @ 10, "R@100": R @ 100, "MRR@10": RR @ 10, "MAP": AP}
    for k in sorted(cutoffs):
        named |= {f"nDCG@{k}": nDCG @ k, f"R@{k}": R @ k}
    of = {measure: dict.fromkeys(qrels, 0.0) for measure in named.values()}
    for metric in ir_measures.iter_calc(list(of), qrels, run):
        of[metric.measure][metric.query_id] = float(metric.value)
    return {name: of[measure] for name, measure in named.items()}


# The confidence


def brier_values(answerable: Mapping[str, bool], confidences: Mapping[str, float]) -> Values:
    """The squared distance of each question's confidence from 1 if it is answerable, else from 0
    (Brier 1950, halved as is usual for two classes)."""
    return {"Brier": {i: (confidences[i] - label) ** 2 for i, label in answerable.items()}}


def auroc(answerable: Sequence[bool], confidences: Sequence[float]) -> float:
    """See eval.measures.weighted.auroc_of; nan without at least one of each."""
    return _unweighted(auroc_of(np.array(answerable), np.array(confidences)), len(answerable))


def calibration_error(answerable: Sequence[bool], confidences: Sequence[float]) -> float:
    """See eval.measures.weighted.calibration_error_of."""
    measure = calibration_error_of(np.array(answerable), np.array(confidences))
    return _unweighted(measure, len(answerable))


def _unweighted(measure: Statistic, n: int) -> float:
    return float(measure(np.ones((1, n)))[0])
