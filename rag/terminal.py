"""The terminal: how wide it is, what may be written to it, how work under way is shown."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import regex
from rich.console import Console
from rich.progress import BarColumn, Progress, ProgressColumn, TextColumn, TimeElapsedColumn
from rich.progress import Task as ProgressTask
from rich.text import Text

from index.progress import Progress as IngestProgress
from index.progress import Report, Watch

_WIDEST = 100
"""Longer lines are hard to read, however wide the window."""

_CONTROLS = regex.compile(r"[\p{Cc}--[\n\t]]", regex.VERSION1)


def console(*, stderr: bool = False) -> Console:
    """A console as wide as the terminal, but not too wide to read."""
    made = Console(stderr=stderr, highlight=False, emoji=False)
    if made.is_terminal:
        made.width = min(made.width, _WIDEST)
    return made


def printable(text: str) -> str:
    """Text as it can be printed: a document must not be able to steer the terminal."""
    return _CONTROLS.sub("\ufffd", text)


class _Rate(ProgressColumn):
    """Chunks a second since the first of them."""

    def render(self, task: ProgressTask) -> Text:
        chunks, elapsed = task.fields["chunks"], task.elapsed or 0
        rate = f" · {chunks / elapsed:.0f}/s" if chunks and elapsed > 0 else ""
        return Text(f"{chunks:,} chunks{rate}", style="cyan")


class _Left(ProgressColumn):
    """Time left, at the rate of the characters so far."""

    def render(self, task: ProgressTask) -> Text:
        done, total, elapsed = task.completed, task.total or 0, task.elapsed or 0
        if not done or task.finished:
            return Text("")
        left = int(elapsed * (total - done) / done)
        return Text(f"{left // 60}:{left % 60:02d} left", style="dim")


@contextmanager
def watching(out: Console) -> Iterator[Watch]:
    """A bar that follows an ingest on a terminal, gone when it is done; nothing in a pipe."""
    bar = Progress(
        TextColumn("{task.description}"),
        BarColumn(bar_width=20),
        TextColumn("{task.fields[documents]}"),
        _Rate(),
        TimeElapsedColumn(),
        _Left(),
        console=out,
        transient=True,
        disable=not out.is_terminal,
    )
    with bar:
        task = bar.add_task("Reading", total=None, documents="", chunks=0)

        def watch(progress: IngestProgress) -> None:
            bar.update(
                task,
                description="Encoding",
                total=max(progress.n_characters, 1),
                completed=min(progress.characters_done, progress.n_characters),
                documents=f"{progress.documents_done}/{progress.n_documents} documents",
                chunks=progress.chunks_done,
            )

        yield watch


@contextmanager
def asking(out: Console) -> Iterator[Callable[[int, int], None]]:
    """A line that counts the questions asked so far, gone when all are; nothing in a pipe."""
    with out.status("") as status:

        def asked(done: int, total: int) -> None:
            status.update(f"Asked {done:,} of {total:,} questions")

        yield asked


def print_report(out: Console, report: Report, index: str, seconds: float) -> None:
    """One line of what an ingest did, after a line for every file it skipped."""
    for path, reason in report.skipped:
        out.print(
            f"skipped {printable(path)}: {reason}", style="yellow", soft_wrap=True, markup=False
        )
    counts = [
        f"{len(names)} {what}"
        for what, names in (
            ("added", report.added),
            ("updated", report.updated),
            ("unchanged", report.unchanged),
            ("removed", report.removed),
            ("skipped", report.skipped),
        )
    ]
    if report.n_other_types:
        counts.append(f"{report.n_other_types} of other types left out")
    out.print(
        f"{', '.join(counts)} · {report.n_chunks} chunks encoded, "
        f"{report.n_reused} re-used in {seconds:.1f} s · "
        f"{index} is at generation {report.generation}",
        soft_wrap=True,
        markup=False,
    )
