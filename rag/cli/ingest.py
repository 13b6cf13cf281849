"""`rag ingest`."""

import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Unpack

import typer

from index.documents.formats import main_extensions
from index.errors import BadInput
from rag.cli.options import IndexOption, ModelOption, PrecisionOption, interruptible
from rag.cli.selection_options import (
    CollectionOption,
    ExcludeOption,
    HiddenOption,
    IncludeOption,
    NoIgnoreOption,
    selection_of,
)
from rag.cli.watch_question import CHANGED, report_changes
from rag.output.safe_output import say_json

if TYPE_CHECKING:
    from index.ingest.progress import Report
    from rag.ingest import IngestOptions
    from rag.settings import Settings


def ingest(
    paths: Annotated[
        list[str] | None, typer.Argument(help=f"Files ({main_extensions()}) or folders.")
    ] = None,
    index: IndexOption = None,
    model: ModelOption = None,
    precision: PrecisionOption = None,
    encoding: Annotated[
        str | None,
        typer.Option(
            "--encoding",
            help="The encoding of all given files, such as cp1252. Stored for later runs; auto "
            "removes it. Default: UTF-8, or detected from the file's bytes.",
        ),
    ] = None,
    prune: Annotated[
        bool,
        typer.Option(
            "--prune", help="Remove documents under PATHS whose files are missing or ignored."
        ),
    ] = False,
    yes: Annotated[
        bool,
        typer.Option("--yes", help="With --prune and one path: also if the whole path is missing."),
    ] = False,
    rebuild: Annotated[
        bool,
        typer.Option(
            "--rebuild", help="First encode all documents again, for example with --model."
        ),
    ] = False,
    include: IncludeOption = None,
    exclude: ExcludeOption = None,
    no_ignore: NoIgnoreOption = False,
    hidden: HiddenOption = False,
    collection: CollectionOption = "",
    dry_run: Annotated[
        bool,
        typer.Option("--dry-run", help="Print what would be done. Change nothing."),
    ] = False,
    verbose: Annotated[
        bool,
        typer.Option(
            "--verbose",
            help="List all files that were not read or are ignored, not only the first few.",
        ),
    ] = False,
    as_json: Annotated[
        bool,
        typer.Option("--json", help="Print the report as JSON, with all files that were not read."),
    ] = False,
) -> None:
    """Read documents into the index. Only changed documents are encoded.

    The exit status is 1 if something was skipped: a file or folder that cannot be read, a file that
    is empty, binary or in no known encoding, a link that leads nowhere or out of PATHS. Files of
    other types and links within PATHS are left out, and files that .gitignore or .ragignore list
    are ignored; they do not change the status. It is 3 if the answer to a watched question changed
    (`rag watch-question`).
    """
    from rag.settings import Settings

    _check_ingest(paths or [], rebuild=rebuild, prune=prune, yes=yes, dry_run=dry_run)
    settings = Settings.resolve(index=index, model=model, precision=precision)
    began = time.perf_counter()
    rebuilt, report = _run_ingest(
        settings,
        [Path(path) for path in paths or []],
        rebuild=rebuild,
        dry_run=dry_run,
        prune=prune,
        confirmed=yes,
        encoding=encoding,
        selection=selection_of(
            include, exclude, no_ignore=no_ignore, hidden=hidden, collection=collection
        ),
    )
    seconds = time.perf_counter() - began
    if dry_run and not as_json:
        _print_plan(report, verbose=verbose)
    else:
        _print(
            rebuilt,
            report,
            str(settings.index),
            seconds,
            verbose=verbose,
            as_json=as_json,
            dry_run=dry_run,
        )
    if not dry_run and report_changes(settings):
        raise typer.Exit(CHANGED)
    if report is not None and report.skipped:
        raise typer.Exit(1)


def _run_ingest(
    settings: "Settings",
    paths: list[Path],
    *,
    rebuild: bool,
    dry_run: bool,
    **options: "Unpack[IngestOptions]",
) -> "tuple[Report | None, Report | None]":
    """The reports of the rebuild and of the ingest; None for the one that was not asked for."""
    from rag.ingest import ingest_paths, plan_paths, rebuild_index
    from rag.output.progress_bar import show_progress
    from rag.output.terminal import console

    rebuilt = report = None
    # The bar goes to stderr and the summary to stdout, so that either can be sent elsewhere.
    with (
        interruptible(
            "Stopped."
            if dry_run
            else "Stopped. Committed documents are in the index; run the command again to continue."
        ),
        show_progress(console(stderr=True)) as watch,
    ):
        if rebuild:
            rebuilt = rebuild_index(settings, watch)
        if paths:
            options["watch"] = watch
            report = (plan_paths if dry_run else ingest_paths)(settings, paths, **options)
    return rebuilt, report


def _print(
    rebuilt: "Report | None",
    report: "Report | None",
    index: str,
    seconds: float,
    *,
    verbose: bool,
    as_json: bool,
    dry_run: bool,
) -> None:
    from rag.cli.print_ingest import print_report, report_json
    from rag.output.terminal import console

    if as_json:
        say_json(report_json(rebuilt, report, index, seconds, dry_run=dry_run))
        return
    for printed_report in filter(None, (rebuilt, report)):
        print_report(console(), printed_report, index, seconds, verbose=verbose)


def _print_plan(report: "Report | None", *, verbose: bool) -> None:
    from rag.cli.print_plan import print_plan
    from rag.output.terminal import console

    if report is not None:
        print_plan(console(), report, verbose=verbose)


def _check_ingest(
    paths: list[str], *, rebuild: bool, prune: bool, yes: bool, dry_run: bool
) -> None:
    if rebuild and dry_run:
        raise BadInput("--rebuild has no plan; omit --dry-run or --rebuild")
    if not paths and not rebuild:
        raise BadInput("no path was given; give a file or folder, as in `rag ingest docs/`")
    if "" in paths:
        raise BadInput("a path is empty; for the working directory, use `rag ingest .`")
    if yes and not prune:
        raise BadInput("--yes requires --prune; add --prune, or omit --yes")
