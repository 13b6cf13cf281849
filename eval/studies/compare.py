"""Two runs over the same questions: what differs, how surely, and which questions moved.

In the order of its arguments a comparison is of run A and run B; differences are B - A.
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
    Floats,
    Labels,
    Statistic,
    auroc_of,
    calibration_error_of,
    mean_of,
)
from eval.runs.run_file import QuestionSet, Run, RunQuestion
from index.errors import BadInput

_OF_CONFIDENCES: Mapping[str, Callable[[Labels, Floats], Statistic]] = {
    "AUROC": auroc_of,
    "ECE": calibration_error_of,
    "AUROC-right": auroc_of,
    "ECE-right": calibration_error_of,
}
"""Measures that are no mean over questions."""


def _label(name: str, question: Judged) -> float | None:
    """What the confidence is held against: whether the question has an answer, or for the measures
    of `right` whether the candidate is right."""
    if name.endswith("right"):
        return question.measures.get(CANDIDATE_RIGHT)
    return question.answerable


@dataclass(frozen=True, slots=True)
class Change:
    """A measure in both runs.

    interval: of the difference, by paired bootstrap, 95 %
    p: of the randomization test, two-sided; p_holm: corrected for the measures compared
    """

    measure: str
    a: float
    b: float
    difference: float
    interval: Interval
    p: float
    p_holm: float


@dataclass(frozen=True, slots=True)
class Moved:
    """A question in both runs, with the measure it is compared by."""

    a: RunQuestion
    b: RunQuestion
    measure: str

    @property
    def difference(self) -> float:
        return self.b.measures[self.measure] - self.a.measures[self.measure]


@dataclass(frozen=True, slots=True)
class Comparison:
    """What differs between two runs. moved: those that rose, most first, then those that fell."""

    a: Run
    b: Run
    changes: tuple[Change, ...]
    moved: tuple[Moved, ...]


def compare(a: Run, b: Run, n_shown: int = 5, n_resamples: int = N_RESAMPLES) -> Comparison:
    """Every measure that both have, and the questions that moved most by the first: at most n_shown
    that rose and n_shown that fell.

    Raises BadInput if the runs are not of the same dataset and questions.
    """
    if (a.dataset, a.kind) != (b.dataset, b.kind):
        raise BadInput(
            f"A is a run of {a.dataset} ({a.kind}) and B of {b.dataset} ({b.kind}); "
            "compare runs of one dataset"
        )
    unlike = differing(a.question_set, b.question_set)
    if unlike:
        raise BadInput(f"the runs asked different questions: {unlike}")
    return Comparison(a, b, changes(a, b, n_resamples), _moved(a, b, n_shown))


def differing(a: QuestionSet, b: QuestionSet, names: tuple[str, str] = ("A", "B")) -> str:
    """Which questions are not the same in both; empty if all are."""
    only_a, only_b = (f"only in {name}" for name in names)
    changed = [i for i in a.keys() & b.keys() if a[i] != b[i]]
    parts = {only_a: a.keys() - b.keys(), only_b: b.keys() - a.keys(), "changed": changed}
    return "; ".join(f"{what}: {_named(ids)}" for what, ids in parts.items() if ids)


def _named(ids: Iterable[str], n: int = 3) -> str:
    """The first few of them, and how many more there are."""
    ordered = sorted(ids)
    more = f" and {len(ordered) - n:,} more" if len(ordered) > n else ""
    return ", ".join(ordered[:n]) + more


def changes(a: Run, b: Run, n_resamples: int = N_RESAMPLES) -> tuple[Change, ...]:
    """Of each measure that both runs have; they must have asked the same questions."""
    names = [name for name in a.measures if name in b.measures]
    pools = {name: _pool(name, a, b) for name in names}
    tested = {
        name: (paired_bootstrap(pool, n, n_resamples), randomization_test(pool, n, n_resamples))
        for name, (pool, n) in pools.items()
    }
    corrected = holm([p for _, p in tested.values()])
    return tuple(
        Change(
            measure=name,
            a=a.measures[name],
            b=b.measures[name],
            difference=difference(*pools[name]),
            interval=interval,
            p=p,
            p_holm=p_holm,
        )
        for (name, (interval, p)), p_holm in zip(tested.items(), corrected, strict=True)
    )


def _pool(name: str, a: Run, b: Run) -> tuple[Statistic, int]:
    """A measure over A's values and then B's, and of how many questions it is."""
    pairs = _pairs(a, b)
    if name in _OF_CONFIDENCES:
        labelled = [(q, r) for q, r in pairs if None not in (_label(name, q), _label(name, r))]
        confidences = _pooled((q.outcome.confidence, r.outcome.confidence) for q, r in labelled)
        labels = np.array([_label(name, pair[side]) for side in (0, 1) for pair in labelled]) > 0
        return _OF_CONFIDENCES[name](labels, confidences), len(labelled)
    of = [(q, r) for q, r in pairs if name in q.measures]
    if not of or any((name in q.measures) != (name in r.measures) for q, r in pairs):
        raise BadInput(f"{name} is not of the same questions in both runs; make them anew")
    return mean_of(_pooled((q.measures[name], r.measures[name]) for q, r in of)), len(of)


def _pairs(a: Run, b: Run) -> list[tuple[RunQuestion, RunQuestion]]:
    """Each question in both runs, in the order of A."""
    in_b = {question.outcome.question_id: question for question in b.questions}
    return [(question, in_b[question.outcome.question_id]) for question in a.questions]


def _pooled(pairs: Iterable[tuple[float, float]]) -> Floats:
    return np.array(list(pairs), dtype=np.float64).T.ravel()


def _moved(a: Run, b: Run, n_shown: int) -> tuple[Moved, ...]:
    """Ties in the order of the questions."""
    measure = PRIMARY[a.kind]
    moved = [Moved(q, r, measure) for q, r in _pairs(a, b) if measure in q.measures]
    rose = sorted((m for m in moved if m.difference > 0), key=lambda m: -m.difference)
    fell = sorted((m for m in moved if m.difference < 0), key=lambda m: m.difference)
    return (*rose[:n_shown], *fell[:n_shown])
