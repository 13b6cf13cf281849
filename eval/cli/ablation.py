"""`rag eval ablation`."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from rag.output.safe_output import say_json

if TYPE_CHECKING:
    from rich.table import Table

    from eval.studies.ablation import Ablation, Mean


def ablation(
    datasets: Annotated[list[Path], typer.Argument(help="Datasets; each gives one table.")],
    as_json: Annotated[bool, typer.Option("--json", help="Print the result as JSON.")] = False,
) -> None:
    """Measure each ranking signal alone, the signals added one by one, and the best order."""
    from rag.output.terminal import console

    ablations = _ablations(datasets)
    if as_json:
        say_json(_json(ablations))
        return
    out = console()
    for each in ablations:
        out.print(f"{each.dataset}: {each.n_questions:,} questions · {each.model}")
        out.print(_table(each))
        out.print()
    out.print("Under each mean: its 95 % interval, by bootstrap over the questions.")
    out.print("ms: the median time of a search, encoding included; one run on this machine.")


def _ablations(folders: Sequence[Path]) -> "list[Ablation]":
    from eval.cli.indexing import counting_questions, indexed_dataset, loaded_model
    from eval.datasets.load import load_dataset
    from eval.studies.ablation import ablate
    from rag.settings import Settings

    settings = Settings.resolve()
    loaded = [load_dataset(folder) for folder in folders]
    ablations = []
    with loaded_model(settings) as embedder:
        for dataset in loaded:
            with indexed_dataset(dataset, embedder) as corpus, counting_questions() as on_question:
                ablations.append(ablate(corpus, settings.ranking, on_question=on_question))
    return ablations


def _table(ablation: "Ablation") -> "Table":
    from rich.table import Table

    table = Table("signal", box=None, pad_edge=False)
    columns = list(ablation.rows[0].measures)
    for column in (*columns, "ms"):
        table.add_column(column, justify="right", no_wrap=True)
    for row in ablation.rows:
        cells = [_cell(row.measures[column]) for column in columns]
        table.add_row(row.name, *cells, "" if row.median_ms is None else f"{row.median_ms:.1f}")
    return table


def _cell(mean: "Mean") -> str:
    low, high = mean.interval
    return f"{mean.value:.3f}\n{low:.3f}–{high:.3f}"


def _json(ablations: "Sequence[Ablation]") -> str:
    import json
    from dataclasses import asdict

    def fields(mean: "Mean") -> dict[str, float]:
        low, high = mean.interval
        rounded = {"mean": mean.value, "low": low, "high": high}
        return {key: round(value, 6) for key, value in rounded.items()}

    def dataset(ablation: "Ablation") -> dict[str, Any]:
        rows = [
            asdict(row) | {"measures": {name: fields(mean) for name, mean in row.measures.items()}}
            for row in ablation.rows
        ]
        return asdict(ablation) | {"rows": rows}

    return json.dumps({"datasets": [dataset(each) for each in ablations]}, ensure_ascii=False)
