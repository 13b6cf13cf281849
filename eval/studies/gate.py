"""Compare a run with a baseline and say which measures got worse."""

from eval.datasets.load import Dataset
from eval.measures.measures import LOWER_IS_BETTER
from eval.runs.run_file import Run
from eval.studies.compare import MeasureChange, describe_differences

NOISE = 1e-9
"""Floating-point results differ by less than this between machines."""


def verdict(change: MeasureChange) -> str:
    """Return `worse` or `better` if the whole interval of the difference lies on that side of 0,
    else `held`. ECE and Brier are errors: lower is better."""
    low, high = change.interval
    if change.measure in LOWER_IS_BETTER:
        low, high = -high, -low
    if high < -NOISE:
        return "worse"
    return "better" if low > NOISE else "held"


def dataset_difference(baseline: Run, dataset: Dataset) -> str:
    """Say how a dataset differs from the one that the baseline was run on; empty if it does not."""
    if (baseline.dataset, baseline.kind) != (dataset.name, dataset.kind):
        return f"it is a run of {baseline.dataset} ({baseline.kind}), not of {dataset.name}"
    if baseline.unanswerable != dataset.unanswerable:
        was, now = (one.unanswerable or "not given" for one in (baseline, dataset))
        return f"--unanswerable was {was} and is {now}"
    answerable = dataset.answerable
    question_set = {i: (text, answerable.get(i)) for i, text in dataset.queries.items()}
    return describe_differences(baseline.question_set, question_set, ("the baseline", dataset.name))
