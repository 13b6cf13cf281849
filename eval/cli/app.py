"""`rag eval`: the evaluation on the command line."""

from pathlib import Path
from typing import Annotated

import typer

from eval.cli.ablation import ablation
from eval.cli.calibrate import calibrate
from eval.cli.compare import compare
from eval.cli.gate import gate
from eval.cli.label import label
from eval.cli.rotation import rotation
from eval.cli.tune import tune
from index.errors import BadInput
from rag.output.safe_output import say_json

app = typer.Typer(help="Measure retrieval quality on known questions.", no_args_is_help=True)


@app.command()
def run(
    dataset: Annotated[
        Path, typer.Argument(help="A folder with a BEIR set or span-labelled questions.")
    ],
    k: Annotated[
        list[int] | None,
        typer.Option("--k", help="Also measure at this rank, 1 to 100; can be repeated."),
    ] = None,
    budget: Annotated[
        int | None,
        typer.Option(
            "--budget",
            min=1,
            help="Also measure the first passages that together have at most this many tokens "
            "(span-labelled questions).",
        ),
    ] = None,
    split: Annotated[
        str | None,
        typer.Option("--split", help="The qrels of a BEIR set. Default: test."),
    ] = None,
    unanswerable: Annotated[
        Path | None,
        typer.Option(
            "--unanswerable",
            help="Also ask another dataset's questions, as unanswerable ones.",
        ),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the measures as JSON.")] = False,
    output: Annotated[
        Path | None,
        typer.Option(
            "--output", help="Write the run to this file: JSON lines with each question's passages."
        ),
    ] = None,
    trec: Annotated[
        Path | None, typer.Option("--run", help="Write a TREC run file (BEIR sets).")
    ] = None,
    model: Annotated[
        str | None,
        typer.Option(
            "--model", help="A sentence-transformers model: a hub name or a local folder."
        ),
    ] = None,
) -> None:
    """Index a dataset's corpus in a temporary folder, ask its questions, print the measures."""
    from eval.cli.indexing import evaluate_each
    from eval.cli.print_report import evaluation_json, print_evaluation
    from eval.datasets.jsonl import check_target, write_lines
    from eval.datasets.load import BeirDataset
    from eval.datasets.unanswerable import load_with_unanswerable
    from eval.runs.evaluate import to_trec
    from eval.runs.run_file import write_run
    from rag.output.terminal import console
    from rag.settings import Settings

    cutoffs = k or []
    if any(not 1 <= cutoff <= 100 for cutoff in cutoffs):
        raise BadInput(f"--k {max(cutoffs)} is out of range; choose from 1 to 100")
    loaded = load_with_unanswerable(dataset, split, unanswerable)
    if trec is not None and not isinstance(loaded, BeirDataset):
        raise BadInput("--run requires a BEIR set; use --output for span-labelled questions")
    if budget is not None and isinstance(loaded, BeirDataset):
        raise BadInput("--budget requires span-labelled questions; this is a BEIR set")
    for target in (output, trec):
        check_target(target)
    (evaluation,) = evaluate_each(loaded, [Settings.resolve(model=model)], cutoffs, budget)
    if output is not None:
        write_run(output, evaluation.run)
    if trec is not None and isinstance(loaded, BeirDataset):
        outcomes = (o for o in evaluation.run.outcomes if o.question_id in loaded.qrels)
        write_lines(trec, to_trec(outcomes))
    if as_json:
        say_json(evaluation_json(evaluation))
    else:
        print_evaluation(console(), evaluation)


app.command()(compare)
app.command()(calibrate)
app.command()(label)
app.command()(gate)
app.command()(ablation)
app.command()(tune)
app.command()(rotation)
