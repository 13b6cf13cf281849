"""`rag eval calibrate`."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from index.errors import BadInput
from rag.cli.options import ReaderOption
from rag.output.safe_output import say

if TYPE_CHECKING:
    from collections.abc import Sequence

    from eval.datasets.load import Dataset
    from eval.studies.calibrate import Example, HeldOutConfidence
    from eval.studies.transfer import Transfer
    from index.protocols import Embedder
    from rag.answer.reader import Reader
    from rag.search.ranking import RankSettings


def calibrate(
    datasets: Annotated[
        list[Path],
        typer.Argument(help="Datasets whose answers are spans."),
    ],
    output: Annotated[
        Path, typer.Option("--output", help="Where to write the calibration.")
    ] = Path("calibration.json"),
    risk: Annotated[
        float | None,
        typer.Option(
            "--risk",
            min=0,
            max=1,
            help="Choose the threshold so that at most this share of the stated answers is wrong.",
        ),
    ] = None,
    leave_out: Annotated[
        bool,
        typer.Option(
            "--leave-out",
            help="Also test on each dataset a fit on the other datasets.",
        ),
    ] = False,
    model: Annotated[
        str | None,
        typer.Option(
            "--model", help="A sentence-transformers model: a hub name or a local folder."
        ),
    ] = None,
    reader: ReaderOption = None,
) -> None:
    """Fit the confidence on questions with and without answers; test it on held-out questions."""
    from eval.cli.indexing import loaded_model
    from eval.datasets.jsonl import check_target
    from eval.datasets.load import load_dataset
    from eval.studies.calibrate import calibrate as fit
    from eval.studies.calibrate import check_held_out
    from eval.studies.transfer import check_transfer
    from rag.models.load_pairs import load_reader
    from rag.settings import Settings

    check_target(output)
    loaded = [load_dataset(folder) for folder in datasets]
    settings = Settings.resolve(model=model, reader=reader)
    with loaded_model(settings) as embedder:
        loaded_reader = load_reader(settings)
        examples = _examples(loaded, embedder, settings.ranking, loaded_reader)
        fitted_on = ", ".join(f"{d.name} ({len(d.queries)} questions)" for d in loaded)
        digest = "" if loaded_reader is None else loaded_reader.digest
        calibration = fit(examples, embedder.fingerprint.weights, fitted_on, risk, digest)
        rows = check_held_out(examples, calibration.threshold)
        transfers = check_transfer(examples) if leave_out else []
    try:
        output.write_text(calibration.to_json(), encoding="utf-8")
    except OSError as error:
        raise BadInput(f"cannot write {output}: {error.strerror}") from error
    _print(rows, calibration.threshold)
    if transfers:
        _print_transfers(transfers)
    say(_how_to_use(output))


def _how_to_use(calibration: Path) -> str:
    """Say how to use a calibration. The path is absolute: a path in a settings file is relative to
    the working directory. JSON strings without control characters are also TOML strings."""
    path = json.dumps(str(calibration.resolve()), ensure_ascii=False)
    return (
        f"Wrote {calibration}. To use it, write this line into a settings file:\n"
        f"calibration = {path}\n"
        "and name this file in each command: rag --config FILE ask QUESTION"
    )


def _examples(
    datasets: "Sequence[Dataset]",
    embedder: "Embedder",
    ranking: "RankSettings",
    reader: "Reader | None",
) -> "list[Example]":
    from eval.cli.indexing import counting_questions, indexed_dataset
    from eval.studies.calibrate import examples_of

    examples = []
    for dataset in datasets:
        with indexed_dataset(dataset, embedder) as corpus, counting_questions() as on_question:
            examples += examples_of(corpus, ranking, reader, on_question=on_question)
    return examples


def _print(rows: "Sequence[HeldOutConfidence]", threshold: float) -> None:
    from rich.table import Table

    from rag.output.terminal import console

    columns = ("held-out questions of", "questions", "right if stated", "AUROC", "ECE")
    table = Table(*columns, "stated", "right", box=None, pad_edge=False)
    for row in rows:
        table.add_row(
            row.source,
            f"{row.n_questions:,}",
            f"{row.n_right:,}",
            "" if row.auroc is None else f"{row.auroc:.3f}",
            f"{row.calibration_error:.3f}",
            f"{row.stated:.3f}",
            f"{row.right:.3f}",
        )
    out = console()
    out.print(table)
    out.print(
        f"stated: share of questions answered at the threshold {threshold:.2f}; right: share "
        "answered rightly, or declined where the documents do not answer"
    )


def _print_transfers(rows: "Sequence[Transfer]") -> None:
    from rich.table import Table

    from rag.output.terminal import console

    columns = ("left out of the fit", "questions", "right if stated", "AUROC", "ECE")
    table = Table(*columns, "ECE, shifted", "stated", "right", box=None, pad_edge=False)
    for row in rows:
        table.add_row(
            row.collection,
            f"{row.n_questions:,}",
            f"{row.n_right:,}",
            "" if row.auroc is None else f"{row.auroc:.3f}",
            f"{row.calibration_error:.3f}",
            f"{row.shifted_error:.3f}",
            f"{row.stated:.3f}",
            f"{row.right:.3f}",
        )
    out = console()
    out.print()
    out.print(table)
    out.print(
        "shifted: after one number is added to all log-odds, so that the mean confidence is the "
        "share of right answers"
    )
