"""`rag eval compare`."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from index.errors import BadInput
from rag.output.safe_output import say_json

if TYPE_CHECKING:
    from eval.runs.run_file import Run


def compare(
    a: Annotated[
        Path, typer.Argument(help="A run file, or a settings file in the format of rag.toml.")
    ],
    b: Annotated[Path, typer.Argument(help="A second file of the same kind.")],
    dataset: Annotated[
        Path | None, typer.Option("--dataset", help="The dataset to run two settings files on.")
    ] = None,
    n_questions: Annotated[
        int,
        typer.Option("--show", help="Show up to this many improved and as many worse questions."),
    ] = 5,
    as_json: Annotated[bool, typer.Option("--json", help="Print the result as JSON.")] = False,
) -> None:
    """Compare two runs of a dataset: differences, their significance, and the questions."""
    from eval.cli.print_report import comparison_json, print_comparison
    from eval.studies.compare import compare as compare_runs
    from rag.output.terminal import console

    if n_questions < 0:
        raise BadInput(f"--show {n_questions} is out of range; choose 0 or more")
    comparison = compare_runs(*_runs(a, b, dataset), n_questions)
    names = (str(a), str(b))
    if as_json:
        say_json(comparison_json(comparison, names))
    else:
        print_comparison(console(), comparison, names)


def _runs(a: Path, b: Path, dataset: Path | None) -> "tuple[Run, Run]":
    """Read two run files, or run the dataset with two settings files."""
    from eval.runs.run_file import read_run

    settings = [file.suffix == ".toml" for file in (a, b)]
    if any(settings) != all(settings):
        raise BadInput(f"{a} and {b} differ in kind; choose two run files or two settings files")
    if any(settings):
        return _run_settings(a, b, dataset)
    if dataset is not None:
        raise BadInput("--dataset requires settings files; a run file has its own dataset")
    return read_run(a), read_run(b)


def _run_settings(a: Path, b: Path, dataset: Path | None) -> "tuple[Run, Run]":
    from eval.cli.indexing import evaluate_each
    from eval.datasets.load import load_dataset
    from eval.runs.configurations import settings_of

    if dataset is None:
        raise BadInput("no dataset was given; add one, as in --dataset eval/seeds")
    configurations = [settings_of(a), settings_of(b)]
    first, second = evaluate_each(load_dataset(dataset), configurations)
    return first.run, second.run
