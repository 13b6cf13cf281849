"""The terminal: how wide it is, what may be written to it, what is said of an ingest."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import regex
from rich.console import Console

from index.progress import Report

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
