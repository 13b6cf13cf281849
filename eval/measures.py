"""Measures of a run. A question without results counts as 0, never as absent: to drop it, as
BEIR's own scorer does, would pay for silence.

BEIR sets: nDCG (Järvelin and Kekäläinen 2002, gains linear as in trec_eval), recall, reciprocal
rank and average precision, all by ir-measures. Span sets: a passage is relevant if it contains an
answer's span (as for open-domain question answering in Chen et al. 2017, but by position, not by
string).
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from eval.datasets import Question
from index.types import Span

Measures = dict[str, float]
"""Means over all questions a measure is of, by its name. A measure of no question is left out."""


@dataclass(frozen=True, slots=True)
class Found:
    """A passage of a run."""

    doc_id: str
    span: Span
    score: float
    highlight: Span


@dataclass(frozen=True, slots=True)
class Outcome:
    """What the service gave for one question: passages best first, and its confidence."""

    question_id: str
    confidence: float
    passages: tuple[Found, ...]


def span_measures(
    questions: Sequence[Question], outcomes: Mapping[str, Outcome], cutoffs: Iterable[int] = ()
) -> Measures:
    """answer@1, answer@5, MRR@10 and highlight@1 over the answerable questions, and AUROC of the
    confidence between answerable and unanswerable ones. `cutoffs` add further answer@k."""
    answerable = [question for question in questions if question.answerable]
    passages = [
        outcomes[q.question_id].passages if q.question_id in outcomes else () for q in answerable
    ]
    ranks = [_rank(q, found) for q, found in zip(answerable, passages, strict=True)]
    measures = {
        f"answer@{k}": _mean([rank is not None and rank <= k for rank in ranks])
        for k in sorted({1, 5, *cutoffs})
    }
    measures["MRR@10"] = _mean([1 / r if r is not None and r <= 10 else 0 for r in ranks])
    measures["highlight@1"] = _mean(
        [
            bool(found) and _answers(q, found[0].doc_id, found[0].highlight)
            for q, found in zip(answerable, passages, strict=True)
        ]
    )
    if not answerable:
        measures = {}
    confidences = [
        outcomes[q.question_id].confidence if q.question_id in outcomes else 0.0 for q in questions
    ]
    if 0 < len(answerable) < len(questions):
        measures["AUROC"] = auroc([q.answerable for q in questions], confidences)
    return measures


def _answers(question: Question, doc_id: str, span: Span) -> bool:
    """Whether a span contains one of the question's answers."""
    return any(a.doc_id == doc_id and span.contains(a.span) for a in question.answers)


def _rank(question: Question, passages: Sequence[Found]) -> int | None:
    """The rank of the first passage that contains an answer; None if none does."""
    return next(
        (r for r, found in enumerate(passages, 1) if _answers(question, found.doc_id, found.span)),
        None,
    )


def auroc(answerable: Sequence[bool], confidences: Sequence[float]) -> float:
    """The chance that an answerable question has a higher confidence than an unanswerable one,
    counting ties as half (Fawcett 2006). Needs at least one of each."""
    from sklearn.metrics import roc_auc_score

    return float(roc_auc_score(answerable, confidences))


def beir_measures(
    qrels: Mapping[str, Mapping[str, int]],
    run: Mapping[str, Mapping[str, float]],
    cutoffs: Iterable[int] = (),
) -> Measures:
    """nDCG@10, R@10, R@100, MRR@10 and MAP over every judged query. `cutoffs` add nDCG@k and R@k.

    run: query id -> doc_id -> score; scores of one query must differ, or trec_eval's order of ties
    (by id, backwards) takes the place of the run's.
    """
    import ir_measures
    from ir_measures import AP, RR, R, nDCG

    named = {"nDCG@10": nDCG @ 10, "R@10": R @ 10, "R@100": R @ 100, "MRR@10": RR @ 10, "MAP": AP}
    for k in sorted(cutoffs):
        named |= {f"nDCG@{k}": nDCG @ k, f"R@{k}": R @ k}
    totals = dict.fromkeys(named.values(), 0.0)
    for metric in ir_measures.iter_calc(list(totals), qrels, run):
        totals[metric.measure] += metric.value
    return {name: float(totals[measure]) / len(qrels) for name, measure in named.items()}


def _mean(values: Sequence[float]) -> float:
    return sum(values) / len(values) if values else 0.0
