"""`rag eval rotation`."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from rich.table import Table

    from eval.studies.rotation import DrawStudy


def rotation(
    datasets: Annotated[list[Path], typer.Argument(help="Datasets; each gives one table.")],
    draws: Annotated[
        int, typer.Option("--draws", min=1, help="Number of draws for the mean and range.")
    ] = 8,
) -> None:
    """Measure how much the token codec's random signs change each measure."""
    from rag.output.terminal import console

    out = console()
    for study in _studies(datasets, draws):
        out.print(f"{study.dataset}: {study.n_questions:,} questions · {study.model}")
        out.print(_table(study))
        out.print()
    out.print("mean, least, most: over the numbered draws; the shipped one is not among them.")


def _studies(folders: Sequence[Path], n_draws: int) -> "list[DrawStudy]":
    from eval.cli.indexing import indexed_dataset, loaded_model
    from eval.datasets.load import load_dataset
    from eval.studies.rotation import study_draws
    from rag.settings import Settings

    settings = Settings.resolve()
    datasets = [load_dataset(folder) for folder in folders]
    with loaded_model(settings) as embedder:
        return [
            study_draws(dataset, embedder, settings.ranking, n_draws, indexed_dataset)
            for dataset in datasets
        ]


def _table(study: "DrawStudy") -> "Table":
    from rich.table import Table

    table = Table("draw", box=None, pad_edge=False)
    for column in study.shipped:
        table.add_column(column, justify="right", no_wrap=True)
    summary = study.summary().values()
    rows = {name: list(measures.values()) for name, measures in study.draws.items()}
    rows |= {
        "mean": [each.mean for each in summary],
        "least": [each.low for each in summary],
        "most": [each.high for each in summary],
        "shipped": list(study.shipped.values()),
    }
    for name, values in rows.items():
        table.add_row(name, *(f"{value:.4f}" for value in values))
    return table
