"""`python -m bench`: measure, print, write."""

import sys
import tempfile
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from bench import cold, growth, ingest, query, serve
from bench.corpus import load_corpus
from bench.document import pictures
from bench.machine import commit, this_machine, versions
from bench.plan import FULL, QUICK, Plan, Size
from bench.processes import ROOT, MeasurementFailed
from bench.results import BenchmarkResult, Results, SkippedRow, to_json
from bench.table import describe_run, tables
from index.errors import BadInput, RagError

BENCHMARKS: dict[str, Callable[[Plan], BenchmarkResult]] = {
    each.NAME: each.run for each in (ingest, query, cold, serve, growth)
}


def bench(
    parts: Annotated[
        list[str] | None, typer.Argument(help=f"Of: {', '.join(BENCHMARKS)}. Default: all.")
    ] = None,
    data: Annotated[
        Path, typer.Option(help="A dataset's folder. Default: the shipped questions.")
    ] = ROOT / "eval" / "seeds",
    quick: Annotated[
        bool, typer.Option("--quick", help="Run each benchmark once on little data, as a check.")
    ] = False,
    rounds: Annotated[
        int | None, typer.Option(min=1, help="Number of rounds of each benchmark; 5 in a full run.")
    ] = None,
    output: Annotated[
        Path, typer.Option(help="The folder for results, plots and the peers' environments.")
    ] = ROOT / ".bench",
) -> None:
    """Measure the service against its peers and against the model alone, in processes of their own,
    one at a time. Nothing else should be running."""
    names = parts or list(BENCHMARKS)
    unknown = [name for name in names if name not in BENCHMARKS]
    if unknown:
        raise BadInput(f"unknown benchmark {unknown[0]!r}; choose from: {', '.join(BENCHMARKS)}")
    size = QUICK if quick else FULL
    size = replace(size, rounds=rounds or size.rounds)
    results = run(names, data, size, output, quick=quick)
    _write(results, output)
    typer.echo(f"{describe_run(results)}\n\n{tables(results)}")


def run(names: list[str], data: Path, size: Size, output: Path, *, quick: bool) -> Results:
    """Run benchmarks one after the other."""
    machine, began = this_machine(), datetime.now(UTC)
    if machine.busy:
        print(f"The machine is busy (load {machine.load} per core).", file=sys.stderr)
    corpus = load_corpus(data, size.n_paragraphs, size.n_questions)
    with tempfile.TemporaryDirectory(prefix="rag-bench-") as scratch:
        plan = Plan(corpus, size, output.resolve() / "environments", Path(scratch))
        results_by_benchmark = tuple(_run_one(name, plan) for name in names)
        return Results(
            started=began.isoformat(timespec="seconds"),
            commit=commit(ROOT),
            machine=machine,
            versions=versions() | plan.peer_versions,
            corpus=corpus.name,
            n_paragraphs=len(corpus.paragraphs),
            n_questions=len(corpus.questions),
            rounds=size.rounds,
            quick=quick,
            parts=results_by_benchmark,
        )


def _run_one(name: str, plan: Plan) -> BenchmarkResult:
    """Run one benchmark. If it fails, return its reason as skipped, so that the results of the
    others, which took minutes, are not lost."""
    try:
        return BENCHMARKS[name](plan)
    except MeasurementFailed as error:
        return BenchmarkResult(name, name.capitalize(), skipped=(SkippedRow(name, str(error)),))


def _write(results: Results, output: Path) -> None:
    """Write the results to a file named by their time and to latest.json, and plots beside them."""
    folder = output / "results"
    folder.mkdir(parents=True, exist_ok=True)
    for name in (results.started.replace(":", "").partition("+")[0], "latest"):
        (folder / f"{name}.json").write_text(to_json(results), encoding="utf-8")
    for name, picture in pictures(results).items():
        (folder / name).write_text(picture, encoding="utf-8")
    print(f"Written: {folder / 'latest.json'}", file=sys.stderr)


def main() -> None:
    app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)
    app.command()(bench)
    try:
        app(prog_name="python -m bench")
    except RagError as error:
        sys.exit(f"bench: {error}")


if __name__ == "__main__":
    main()
