"""Whether a run holds what a baseline had."""

from eval.datasets.load import Dataset
from eval.measures.measures import LOWER_IS_BETTER
from eval.runs.run_file import Run
from eval.studies.compare import Change, differing

NOISE = 1e-9
"""Floating point differs by less from one machine to another."""


def verdict(change: Change) -> str:
    """`worse` or `better` if the whole interval of the difference lies beyond 0 on that side, else
    `held`. ECE and Brier are errors: they get worse as they rise."""
    low, high = change.interval
    if change.measure in LOWER_IS_BETTER:
        low, high = -high, -low
    if high < -NOISE:
        return "worse"
    return "better" if low > NOISE else "held"


def unlike(baseline: Run, dataset: Dataset) -> str:
    """How a dataset is not what the baseline was run on; empty if it is."""
    if (baseline.dataset, baseline.kind) != (dataset.name, dataset.kind):
        return f"it is a run of {baseline.dataset} ({baseline.kind}), not of {dataset.name}"
    if baseline.unanswerable != dataset.unanswerable:
        was, now = (one.unanswerable or "not given" for one in (baseline, dataset))
        return f"--unanswerable was {was} and is {now}"
    answerable = dataset.answerable
    question_set = {i: (text, answerable.get(i)) for i, text in dataset.queries.items()}
    return differing(baseline.question_set, question_set, ("the baseline", dataset.name))
