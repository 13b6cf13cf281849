"""`rag eval`: the evaluation on the command line."""

import json
import os
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from index.errors import BadInput

if TYPE_CHECKING:
    from collections.abc import Iterable

    from eval.run import Evaluation

app = typer.Typer(help="Measure retrieval quality on known questions.", no_args_is_help=True)


@app.callback()
def _root() -> None: ...


@app.command()
def run(
    dataset: Annotated[
        Path, typer.Argument(help="A folder with a BEIR set or span-labelled questions.")
    ],
    k: Annotated[
        list[int] | None,
        typer.Option("--k", help="Also measure at this depth, 1 to 100; may be repeated."),
    ] = None,
    split: Annotated[
        str | None,
        typer.Option("--split", help="Which qrels of a BEIR set; test, if there are any."),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the measures as JSON.")] = False,
    output: Annotated[
        Path | None,
        typer.Option("--output", help="Write each question's passages here, as JSON lines."),
    ] = None,
    trec: Annotated[
        Path | None, typer.Option("--run", help="Write a TREC run file here (BEIR sets).")
    ] = None,
    model: Annotated[
        str | None,
        typer.Option("--model", help="A sentence-transformers model: hub name or local folder."),
    ] = None,
) -> None:
    """Index a dataset's corpus in a temporary folder, ask its questions, print the measures."""
    from eval.datasets import BeirDataset, load_dataset
    from eval.run import evaluate, to_jsonl, to_trec
    from rag.cli import interruptible
    from rag.pipeline import load_model
    from rag.retrieve import RankSettings
    from rag.settings import Settings
    from rag.terminal import asking, console, watching

    cutoffs = k or []
    if any(not 1 <= cutoff <= 100 for cutoff in cutoffs):
        raise BadInput(f"--k {max(cutoffs)} is out of range; choose from 1 to 100")
    loaded = load_dataset(dataset, split)
    if trec is not None and not isinstance(loaded, BeirDataset):
        raise BadInput("--run goes with BEIR sets; use --output for span-labelled questions")
    for target in (output, trec):
        _check_target(target)
    settings = Settings.resolve(model=model)
    ranking = RankSettings(settings.n_candidates, settings.lexical_weight)
    bars = console(stderr=True)
    with interruptible("Stopped; nothing was written."):
        with bars.status("Loading the model…"):
            embedder = load_model(settings.model)
        with watching(bars) as watch, asking(bars) as asked:
            evaluation = evaluate(loaded, embedder, ranking, cutoffs, watch=watch, asked=asked)
    if output is not None:
        _write(output, map(to_jsonl, evaluation.outcomes))
    if trec is not None:
        _write(trec, to_trec(evaluation.outcomes))
    if as_json:
        typer.echo(_to_json(evaluation))
    else:
        _print(evaluation)


def _check_target(path: Path | None) -> None:
    """Before minutes are spent on what cannot be written."""
    if path is not None and (path.is_dir() or not os.access(path.parent, os.W_OK)):
        raise BadInput(f"cannot write {path}: name a file in a folder that can be written")


def _write(path: Path, lines: "Iterable[str]") -> None:
    try:
        path.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
    except OSError as error:
        raise BadInput(f"cannot write {path}: {error.strerror}") from error


def _to_json(evaluation: "Evaluation") -> str:
    fields = asdict(evaluation)
    del fields["outcomes"]
    return json.dumps(fields, ensure_ascii=False)


def _print(evaluation: "Evaluation") -> None:
    from rich.table import Table

    from rag.terminal import console

    answerable = evaluation.n_answerable
    of = f", {answerable} of them answerable" if answerable is not None else ""
    out = console()
    out.print(
        f"{evaluation.dataset}: {evaluation.n_documents:,} documents, {evaluation.n_chunks:,} "
        f"chunks, {evaluation.n_questions:,} questions{of} · {evaluation.model} · "
        f"indexed in {evaluation.seconds_indexing:.1f} s, "
        f"asked in {evaluation.seconds_asking:.1f} s"
    )
    table = Table("measure", "value", box=None, pad_edge=False)
    for name, value in evaluation.measures.items():
        table.add_row(name, f"{value:.4f}")
    out.print(table)
