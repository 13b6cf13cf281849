"""`rag watch`."""

import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from index.errors import BadInput, RagError
from rag.cli.options import IndexOption, ModelOption, PrecisionOption
from rag.cli.selection_options import (
    CollectionOption,
    ExcludeOption,
    HiddenOption,
    IncludeOption,
    NoIgnoreOption,
    selection_of,
)
from rag.cli.watch_question import report_changes
from rag.output.safe_output import complain, on_one_line, say

if TYPE_CHECKING:
    from rag.settings import Settings
    from rag.watch import Batch


def watch(
    paths: Annotated[list[str], typer.Argument(help="Folders.")],
    index: IndexOption = None,
    model: ModelOption = None,
    precision: PrecisionOption = None,
    include: IncludeOption = None,
    exclude: ExcludeOption = None,
    no_ignore: NoIgnoreOption = False,
    hidden: HiddenOption = False,
    collection: CollectionOption = "",
) -> None:
    """Ingest folders, and again whenever something in them changes, until Ctrl-C.

    Documents whose files are deleted are removed from the index. Each hour all files are compared
    with the index, in case the system lost a notification. Each ingest prints one line. One that
    fails is reported and tried again.
    """
    from rag.settings import Settings
    from rag.watch import watch_paths

    if "" in paths:
        raise BadInput("a path is empty; for the working directory, use `rag watch .`")
    settings = Settings.resolve(index=index, model=model, precision=precision)
    selection = selection_of(
        include, exclude, no_ignore=no_ignore, hidden=hidden, collection=collection
    )
    try:
        for batch in watch_paths(settings, [Path(path) for path in paths], selection=selection):
            _print(batch)
            if batch.report is not None:
                _ask_watched(settings)
    except KeyboardInterrupt:
        complain("")  # behind the ^C
        complain("Stopped. Committed documents are in the index.")


def _ask_watched(settings: "Settings") -> None:
    try:
        report_changes(settings)
    except RagError as error:  # they are asked again after the next change
        complain(on_one_line(f"the watched questions were not asked: {error}"))


def _print(batch: "Batch") -> None:
    """Print one line about an ingest."""
    clock = time.strftime("%H:%M:%S")
    if batch.report is None:
        retry = f"trying again in {batch.retry_s:.0f} s, or after the next change"
        complain(on_one_line(f"{clock} failed: {batch.error}; {retry}"))
        return
    from rag.cli.print_ingest import counts

    line = f"{clock} {counts(batch.report)} in {batch.seconds:.1f} s"
    say(on_one_line(line))
