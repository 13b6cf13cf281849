"""Draw the risk-coverage curve of a run (El-Yaniv and Wiener 2010)."""

from collections.abc import Iterator

from eval.measures.measures import AURC, CANDIDATE_RIGHT, risk_coverage
from eval.plots.lines import Line, Mark, Panel, svg
from eval.runs.run_file import Run
from index.errors import BadInput


def risk_coverage_svg(run: Run) -> str:
    """Draw the share of wrong answers over the share of questions that are answered, as the
    threshold of the confidence falls.

    Marks: the present threshold, and what the run stated. These two differ if rules declined
    answers whose confidence was above the threshold.

    Raises BadInput if the run has no answers, as a run on a BEIR set, or no confidences.
    """
    judged = [q for q in run.questions if CANDIDATE_RIGHT in q.measures]
    if not judged:
        raise BadInput(f"{run.dataset} has no answers to judge; take span-labelled questions")
    correct = [bool(q.measures[CANDIDATE_RIGHT]) for q in judged]
    if all(q.outcome.confidence is None for q in judged):
        raise BadInput(f"{run.dataset} has no confidences to draw; the model needs a calibration")
    confidences = [q.outcome.confidence or 0.0 for q in judged]
    coverages, risks = zip(*risk_coverage(correct, confidences), strict=True)
    area = f": AURC {run.measures[AURC]:.3f}" if AURC in run.measures else ""
    panel = Panel(
        title=f"{run.dataset}, {len(judged):,} questions{area}",
        x_name="share of the questions that are answered",
        y_name="share of these answers that are wrong",
        lines=[Line("", coverages, risks, dots=False)],
        marks=[*_threshold_mark(run.threshold, correct, confidences), *_stated_mark(run)],
    )
    return svg(f"Risk and coverage of {run.dataset}", [panel])


def _threshold_mark(
    threshold: float | None, correct: list[bool], confidences: list[float]
) -> Iterator[Mark]:
    """Yield the point of the curve at the threshold, if an answer reaches it."""
    if threshold is None:
        return
    above = [
        c for c, confidence in zip(correct, confidences, strict=True) if confidence >= threshold
    ]
    if above:
        yield Mark(f"threshold {threshold:.2f}", len(above) / len(correct), _wrong_share(above))


def _stated_mark(run: Run) -> Iterator[Mark]:
    """Yield the shares of the answers that were stated, if there are any."""
    statements = [(q, q.outcome.statement) for q in run.questions if q.outcome.statement]
    stated = [bool(q.measures[CANDIDATE_RIGHT]) for q, statement in statements if statement.stated]
    if stated:
        yield Mark("stated", len(stated) / len(statements), _wrong_share(stated))


def _wrong_share(correct: list[bool]) -> float:
    return 1 - sum(correct) / len(correct)
