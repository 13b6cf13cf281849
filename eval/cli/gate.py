"""`rag eval gate`."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from index.errors import BadInput

if TYPE_CHECKING:
    from eval.runs.evaluate import Evaluation
    from eval.runs.run_file import Run


def gate(
    baseline: Annotated[Path, typer.Argument(help="A run file.")],
    dataset: Annotated[
        Path | None, typer.Option("--dataset", help="The dataset. Default: the baseline's folder.")
    ] = None,
    unanswerable: Annotated[
        Path | None,
        typer.Option("--unanswerable", help="The --unanswerable dataset of the baseline."),
    ] = None,
    write: Annotated[
        bool, typer.Option("--write", help="Replace the baseline with the new run.")
    ] = False,
) -> None:
    """Run a dataset with the current settings; status 1 if a measure is below the baseline."""
    from eval.cli.indexing import evaluate_each
    from eval.datasets.jsonl import check_target
    from eval.datasets.unanswerable import load_with_unanswerable
    from eval.runs.run_file import without_passages, write_run
    from eval.studies.gate import dataset_difference
    from rag.settings import Settings

    check_target(baseline if write else None)
    old_run = _read(baseline, missing_ok=write)
    split, cutoffs = (old_run.split, old_run.cutoffs) if old_run else (None, ())
    loaded = load_with_unanswerable(dataset or baseline.parent, split, unanswerable)
    difference = dataset_difference(old_run, loaded) if old_run else ""
    if difference and not write:
        raise BadInput(f"{baseline} has other questions: {difference}; to replace it, use --write")
    (evaluation,) = evaluate_each(loaded, [Settings.resolve()], cutoffs)
    if write:
        write_run(baseline, without_passages(evaluation.run))
    worse = _report(str(baseline), None if difference else old_run, evaluation)
    if worse and not write:
        raise typer.Exit(1)


def _read(baseline: Path, *, missing_ok: bool) -> "Run | None":
    """Read the baseline; return None if there is none and missing_ok.

    Raises BadInput if there is none and not missing_ok.
    """
    from eval.runs.run_file import read_run

    if baseline.exists():
        return read_run(baseline)
    if missing_ok:
        return None
    raise BadInput(f"no baseline at {baseline}; create one with --write")


def _report(name: str, old_run: "Run | None", evaluation: "Evaluation") -> bool:
    """Print the run against the baseline; return whether a measure is worse or missing."""
    from eval.cli.print_report import print_evaluation, print_gate
    from eval.studies.compare import measure_changes
    from eval.studies.gate import verdict
    from rag.output.terminal import console

    if old_run is None:
        print_evaluation(console(), evaluation)
        return False
    changes = measure_changes(old_run, evaluation.run)
    print_gate(console(), old_run, evaluation.run, changes, name)
    gone = old_run.measures.keys() - evaluation.run.measures.keys()
    return bool(gone) or any(verdict(change) == "worse" for change in changes)
