"""`rag check`."""

from contextlib import nullcontext
from typing import TYPE_CHECKING, Annotated

import typer

from rag.cli.options import IndexOption, interruptible
from rag.output.safe_output import say_json

if TYPE_CHECKING:
    from index.maintain.checked import Checked
    from rag.settings import Settings


def check(
    repair: Annotated[
        bool,
        typer.Option(
            "--repair",
            help="Repair FAISS, BM25, and documents whose text or file is intact.",
        ),
    ] = False,
    drop: Annotated[
        bool,
        typer.Option("--drop", help="With --repair: remove documents that cannot be repaired."),
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print the result as JSON.")] = False,
    index: IndexOption = None,
) -> None:
    """Verify the index: the database, each text, span and vector, FAISS and BM25.

    The exit status is 0 if the index is sound or was repaired. It is 1 if something is damaged that
    --repair may repair, or could not be verified because another process is writing. It is 2 if
    something is lost that only its file or a backup contains.
    """
    from rag.cli.print_check import check_json, print_check
    from rag.output.terminal import console
    from rag.settings import Settings

    settings = Settings.resolve(index=index)
    with interruptible(
        "Stopped. The index is unchanged or partly repaired; run the command again."
    ):
        before, after = _run_check(settings, repair=repair, drop=drop)
    if as_json:
        say_json(check_json(before, after, str(settings.index)))
    else:
        print_check(console(), before, after)
    raise typer.Exit(_status(before, after))


def _status(before: "Checked", after: "Checked | None") -> int:
    if before.sound:
        return 0
    if after is None:
        return 1
    return 0 if after.sound and not any(flaw.part == "lost" for flaw in before.flaws) else 2


def _run_check(
    settings: "Settings", *, repair: bool, drop: bool
) -> "tuple[Checked, Checked | None]":
    """What a check found, and after a repair, if it was asked for, what is left."""
    import sys

    from index.errors import BadInput
    from index.maintain.check import check as check_index
    from rag.ingest import repair_index
    from rag.output.terminal import console

    if drop and not repair:
        raise BadInput("--drop requires --repair; add it")
    is_terminal = sys.stderr.isatty()
    with console(stderr=True).status("Checking…") if is_terminal else nullcontext() as status:

        def report_progress(n_done: int, n_total: int) -> None:
            if status is not None:
                status.update(f"Checked {n_done:,} of {n_total:,} passages")

        if repair:
            return repair_index(settings, report_progress, drop=drop)
        return check_index(settings.index, report_progress), None
