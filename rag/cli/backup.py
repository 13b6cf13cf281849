"""`rag backup` and `rag restore`."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from index.errors import BadInput, IndexProblem
from rag.cli.options import IndexOption
from rag.output.safe_output import ask_yes_no, complain, on_one_line, say

if TYPE_CHECKING:
    from index.maintain.backup_contents import BackupContents


def backup(
    file: Annotated[Path, typer.Argument(help="The file to write, outside the index directory.")],
    force: Annotated[bool, typer.Option("--force", help="Replace FILE if it exists.")] = False,
    index: IndexOption = None,
) -> None:
    """Copy the index to one file. Other processes can read and write the index meanwhile."""
    from index.maintain.backup import backup as write_backup
    from rag.settings import Settings

    folder = Settings.resolve(index=index).index
    with _report_interrupt(
        lambda: _identity(file),
        f"Stopped. No backup was written; {file} is unchanged if it existed.",
        f"Stopped. The backup is complete in {file}.",
    ):
        contents = write_backup(folder, file, overwrite=force)
    say(_summary(f"Backed up to {file}", contents))


def restore(
    file: Annotated[Path, typer.Argument(help="A file that `rag backup` wrote.")],
    yes: Annotated[
        bool, typer.Option("--yes", help="Replace the contents of the index without asking.")
    ] = False,
    index: IndexOption = None,
) -> None:
    """Replace the contents of the index with a backup. A running service changes to it."""
    from index.maintain.backup import check_source, holds_index
    from index.maintain.backup import restore as restore_backup
    from rag.settings import Settings

    folder = Settings.resolve(index=index).index
    check_source(folder, file)
    with _report_interrupt(
        lambda: _state(folder),
        f"Stopped. The index in {folder} is unchanged.",
        f"Stopped. {folder} was restored; the first search builds its other files.",
    ):
        if not yes and holds_index(folder):
            _confirm(folder, file)
        contents = restore_backup(folder, file, overwrite=yes or holds_index(folder))
    say(_summary(f"Restored {folder} from {file}", contents))


def _confirm(folder: Path, file: Path) -> None:
    if not sys.stdin.isatty():
        raise BadInput(f"{folder} contains an index; add --yes to replace it")
    if not ask_yes_no(f"Replace the contents of the index in {folder} with {file}?"):
        raise BadInput(f"not confirmed; the index in {folder} is unchanged")


def _summary(action: str, contents: "BackupContents") -> str:
    from rag.cli.print_results import size

    return (
        f"{on_one_line(action)}: documents {contents.n_documents:,}, passages "
        f"{contents.n_chunks:,}, generation {contents.generation}, {size(contents.n_bytes)}"
    )


@contextmanager
def _report_interrupt(state: Callable[[], object], unchanged: str, changed: str) -> Iterator[None]:
    """Ctrl-C ends the command with status 130 and the line that fits the state it left."""
    before = state()
    try:
        yield
    except KeyboardInterrupt:
        complain("")  # behind the ^C
        complain(unchanged if state() == before else changed)
        raise typer.Exit(130) from None


def _identity(file: Path) -> tuple[int, int] | None:
    try:
        status = file.stat()
    except OSError:
        return None
    return status.st_ino, status.st_mtime_ns


def _state(folder: Path) -> object:
    from index.backends import backend_at

    try:
        return backend_at(folder).state()
    except IndexProblem as error:
        return type(error)
