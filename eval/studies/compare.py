"""Compare run A and run B over the same questions: differences, p-values, changed questions.

Every difference is B - A.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

import numpy as np

from eval.measures.measures import CANDIDATE_RIGHT, PRIMARY
from eval.measures.significance import (
    N_RESAMPLES,
    Interval,
    difference,
    holm,
    paired_bootstrap,
    randomization_test,
)
from eval.measures.weighted import (
    Labels,
    Statistic,
    auroc_of,
    calibration_error_of,
    mean_of,
)
from eval.runs.run_file import QuestionSet, Run, RunQuestion
from index.errors import BadInput
from index.types import Floats

_CONFIDENCE_MEASURES: Mapping[str, Callable[[Labels, Floats], Statistic]] = {
    "AUROC": auroc_of,
    "ECE": calibration_error_of,
    "AUROC-right": auroc_of,
    "ECE-right": calibration_error_of,
}
"""Measures that are not a mean over questions."""


def _label(name: str, question: RunQuestion) -> float | None:
    """Return the label that the confidence is compared with: CANDIDATE_RIGHT for the measures
    named `…-right`, else whether the question is answerable; None if it is unknown."""
    if name.endswith("right"):
        return question.measures.get(CANDIDATE_RIGHT)
    return question.answerable


@dataclass(frozen=True, slots=True)
class MeasureChange:
    """The values of a measure in both runs.

    interval: 95 % interval of the difference, by paired bootstrap
    p: two-sided p-value of the randomization test
    p_holm: p corrected for the number of measures compared
    """

    measure: str
    a: float
    b: float
    difference: float
    interval: Interval
    p: float
    p_holm: float


@dataclass(frozen=True, slots=True)
class QuestionChange:
    """A question in both runs, and the measure that they are compared by."""

    a: RunQuestion
    b: RunQuestion
    measure: str

    @property
    def difference(self) -> float:
        return self.b.measures[self.measure] - self.a.measures[self.measure]


@dataclass(frozen=True, slots=True)
class Comparison:
    """The differences between two runs.

    question_changes: questions whose value rose, largest rise first, then those whose value fell,
    largest fall first
    """

    a: Run
    b: Run
    measure_changes: tuple[MeasureChange, ...]
    question_changes: tuple[QuestionChange, ...]


def compare(a: Run, b: Run, n_questions: int = 5, n_resamples: int = N_RESAMPLES) -> Comparison:
    """Compare every measure that both runs have, and the questions by the main measure: at most
    n_questions that rose most and n_questions that fell most.

    Raises BadInput if the runs are not of the same dataset and questions.
    """
    if (a.dataset, a.kind) != (b.dataset, b.kind):
        raise BadInput(
            f"A is a run of {a.dataset} ({a.kind}) and B of {b.dataset} ({b.kind}); "
            "compare runs of one dataset"
        )
    differences = describe_differences(a.question_set, b.question_set)
    if differences:
        raise BadInput(f"the runs have different questions: {differences}")
    return Comparison(
        a, b, measure_changes(a, b, n_resamples), _question_changes(a, b, n_questions)
    )


def describe_differences(
    a: QuestionSet, b: QuestionSet, names: tuple[str, str] = ("A", "B")
) -> str:
    """Say which questions differ between A and B; empty if none does."""
    only_a, only_b = (f"only in {name}" for name in names)
    changed = [i for i in a.keys() & b.keys() if a[i] != b[i]]
    parts = {only_a: a.keys() - b.keys(), only_b: b.keys() - a.keys(), "changed": changed}
    return "; ".join(f"{what}: {_first_ids(ids)}" for what, ids in parts.items() if ids)


def _first_ids(ids: Iterable[str], n: int = 3) -> str:
    """Return the first n ids in order, and the number of the others."""
    ordered = sorted(ids)
    more = f" and {len(ordered) - n:,} more" if len(ordered) > n else ""
    return ", ".join(ordered[:n]) + more


def measure_changes(a: Run, b: Run, n_resamples: int = N_RESAMPLES) -> tuple[MeasureChange, ...]:
    """Compare each measure that both runs have. The runs must be of the same questions."""
    names = [name for name in a.measures if name in b.measures]
    pools = {name: _pool(name, a, b) for name in names}
    tests = {
        name: (paired_bootstrap(pool, n, n_resamples), randomization_test(pool, n, n_resamples))
        for name, (pool, n) in pools.items()
    }
    corrected = holm([p for _, p in tests.values()])
    return tuple(
        MeasureChange(
            measure=name,
            a=a.measures[name],
            b=b.measures[name],
            difference=difference(*pools[name]),
            interval=interval,
            p=p,
            p_holm=p_holm,
        )
        for (name, (interval, p)), p_holm in zip(tests.items(), corrected, strict=True)
    )


def _pool(name: str, a: Run, b: Run) -> tuple[Statistic, int]:
    """Return a measure over the pool of A's values and then B's, and its number of questions."""
    pairs = _pairs(a, b)
    if name in _CONFIDENCE_MEASURES:
        labelled = [(q, r) for q, r in pairs if None not in (_label(name, q), _label(name, r))]
        confidences = _pooled(
            (q.outcome.confidence or 0.0, r.outcome.confidence or 0.0) for q, r in labelled
        )
        labels = np.array([_label(name, pair[side]) for side in (0, 1) for pair in labelled]) > 0
        return _CONFIDENCE_MEASURES[name](labels, confidences), len(labelled)
    of = [(q, r) for q, r in pairs if name in q.measures]
    if not of or any((name in q.measures) != (name in r.measures) for q, r in pairs):
        raise BadInput(f"{name} has different questions in the two runs; create both again")
    return mean_of(_pooled((q.measures[name], r.measures[name]) for q, r in of)), len(of)


def _pairs(a: Run, b: Run) -> list[tuple[RunQuestion, RunQuestion]]:
    """Return each question in both runs, in the order of A."""
    in_b = {question.outcome.question_id: question for question in b.questions}
    return [(question, in_b[question.outcome.question_id]) for question in a.questions]


def _pooled(pairs: Iterable[tuple[float, float]]) -> Floats:
    return np.array(list(pairs), dtype=np.float64).T.ravel()


def _question_changes(a: Run, b: Run, n_questions: int) -> tuple[QuestionChange, ...]:
    """Equal differences stay in the order of the questions."""
    measure = PRIMARY[a.kind]
    question_changes = [
        QuestionChange(q, r, measure) for q, r in _pairs(a, b) if measure in q.measures
    ]
    rose = sorted((m for m in question_changes if m.difference > 0), key=lambda m: -m.difference)
    fell = sorted((m for m in question_changes if m.difference < 0), key=lambda m: m.difference)
    return (*rose[:n_questions], *fell[:n_questions])
