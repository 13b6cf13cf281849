"""`rag eval tune`."""

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from index.errors import BadInput
from rag.output.safe_output import say, say_json

if TYPE_CHECKING:
    from eval.datasets.load import Dataset
    from eval.studies.tune import DatasetCallback, Tuning
    from rag.settings import Settings


def tune(
    datasets: Annotated[
        list[Path], typer.Argument(help="Datasets; the mean over them is improved.")
    ],
    write: Annotated[
        bool,
        typer.Option("--write", help="Save better settings in rag.toml in the working directory."),
    ] = False,
    seed: Annotated[int, typer.Option("--seed", help="The seed of the split into two halves.")] = 0,
    n_questions: Annotated[
        int,
        typer.Option("--questions", help="Use at most this many questions of each first half."),
    ] = 300,
    as_json: Annotated[bool, typer.Option("--json", help="Print the result as JSON.")] = False,
) -> None:
    """Choose ranking settings on half of the questions and measure them on the other half."""
    from eval.datasets.load import load_dataset
    from rag.settings import Settings

    if n_questions < 1:
        raise BadInput(f"--questions {n_questions} is out of range; choose 1 or more")
    settings = Settings.resolve()
    if write:
        _check_writable(settings)
    tuning = _tune([load_dataset(folder) for folder in datasets], settings, seed, n_questions)
    is_written = write and tuning.better
    if is_written:
        _write(tuning)
    if as_json:
        say_json(_json(tuning, seed, is_written))
    else:
        _print(tuning)
        if write:
            say(_outcome_line(tuning))


def _check_writable(settings: "Settings") -> None:
    """Raise BadInput if settings cannot be saved in rag.toml. Call this before the long search."""
    from dataclasses import asdict

    from eval.datasets.jsonl import check_target
    from eval.studies.settings_file import edit_settings, read_settings
    from rag.settings_files import SETTINGS_FILE

    file = Path(SETTINGS_FILE)
    check_target(file)
    edit_settings(read_settings(file), asdict(settings.ranking))


def _tune(
    datasets: "Sequence[Dataset]", settings: "Settings", seed: int, n_questions: int
) -> "Tuning":
    from eval.cli.indexing import indexed_dataset, loaded_model
    from eval.studies.tune import tune as tune_on

    with loaded_model(settings) as embedder, ExitStack() as indexes:
        corpora = [indexes.enter_context(indexed_dataset(each, embedder)) for each in datasets]
        with _counting_rounds() as on_question:
            return tune_on(
                corpora,
                settings.ranking,
                seed=seed,
                n_questions=n_questions,
                on_question=on_question,
            )


@contextmanager
def _counting_rounds() -> "Iterator[DatasetCallback]":
    """Show a line on stderr that counts rounds and questions; show nothing in a pipe."""
    from rag.output.terminal import console

    rounds: dict[str, int] = {}
    with console(stderr=True).status("") as status:

        def on_question(dataset: str, n_done: int, total: int) -> None:
            rounds[dataset] = rounds.get(dataset, 0) + (n_done == 1)
            round_number = rounds[dataset]
            status.update(f"Round {round_number} · {dataset}: {n_done:,} of {total:,} questions")

        yield on_question


def _write(tuning: "Tuning") -> None:
    from eval.studies.settings_file import edit_settings, read_settings, write_settings
    from rag.settings_files import SETTINGS_FILE

    file = Path(SETTINGS_FILE)
    write_settings(file, edit_settings(read_settings(file), tuning.changed))


def _outcome_line(tuning: "Tuning") -> str:
    from rag.settings import Settings
    from rag.settings_files import SETTINGS_FILE

    if not tuning.changed:
        return f"No settings are better than the present ones; {SETTINGS_FILE} is unchanged."
    if not tuning.better:
        return f"Not better on the held-out questions; {SETTINGS_FILE} is unchanged."
    line = f"Wrote {', '.join(tuning.changed)} to {SETTINGS_FILE}."
    if Settings.resolve().ranking != tuning.best:
        line += " The environment (RAG_…) overrides at least one of them."
    return line


def _print(tuning: "Tuning") -> None:
    from dataclasses import asdict

    from rich.table import Table

    from rag.output.terminal import console

    out, start = console(), asdict(tuning.start)
    changed = ", ".join(f"{name} {start[name]} → {new}" for name, new in tuning.changed.items())
    datasets = ", ".join(
        f"{each.n_tried:,} questions of {each.dataset}" for each in tuning.held_out
    )
    result = f"best: {changed}" if changed else "none better than the present ones"
    line = f"{len(tuning.trials)} settings tried on {datasets}; {result}"
    out.print(line, soft_wrap=True, markup=False)
    table = Table("held out", box=None, pad_edge=False)
    for column in ("n", "measure", "start", "best", "difference", "95 % interval", "p"):
        table.add_column(column, justify="right", no_wrap=True)
    for each in tuning.held_out:
        low, high = each.interval
        table.add_row(
            each.dataset,
            f"{each.n_questions:,}",
            each.measure,
            f"{each.start:.4f}",
            f"{each.best:.4f}",
            f"{each.difference:+z.4f}",
            f"{low:+z.4f} … {high:+z.4f}",
            f"{each.p:.4f}",
        )
    out.print(table)


def _json(tuning: "Tuning", seed: int, is_written: bool) -> str:
    import json
    from dataclasses import asdict

    def round_floats(value: Any) -> Any:
        if isinstance(value, dict):
            return {key: round_floats(one) for key, one in value.items()}
        if isinstance(value, list | tuple):
            return [round_floats(one) for one in value]
        return round(value, 6) + 0.0 if isinstance(value, float) else value

    fields = asdict(tuning) | {"changed": tuning.changed, "better": tuning.better}
    return json.dumps(
        round_floats({"seed": seed, "written": is_written} | fields), ensure_ascii=False
    )
