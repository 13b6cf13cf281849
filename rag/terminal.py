"""The terminal: how wide it is, and what may be written to it."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import regex
from rich.console import Console

_WIDEST = 100
"""Longer lines are hard to read, however wide the window."""

_UNPRINTABLE = regex.compile(r"[[\p{C}\p{Zl}\p{Zp}]--[\n\t]]", regex.VERSION1)
"""Controls, bidi and zero-width marks, surrogates, unassigned; line ends but \\n."""


def console(*, stderr: bool = False) -> Console:
    """A console as wide as the terminal, but not too wide to read."""
    made = Console(stderr=stderr, highlight=False, emoji=False)
    if made.is_terminal:
        made.width = min(made.width, _WIDEST)
    return made


def printable(text: str) -> str:
    """Text as it can be printed: a document must not be able to steer the terminal."""
    return _UNPRINTABLE.sub("\ufffd", text)


def on_one_line(text: str) -> str:
    """A name, or a reason with one, as it can be printed: it may hold a line end as well."""
    return printable(text).replace("\n", "\ufffd").replace("\t", "\ufffd")


@contextmanager
def asking(out: Console) -> Iterator[Callable[[int, int], None]]:
    """A line that counts the questions asked so far, gone when all are; nothing in a pipe."""
    with out.status("") as status:

        def asked(done: int, total: int) -> None:
            status.update(f"Asked {done:,} of {total:,} questions")

        yield asked
