"""The terminal: how wide it is, and what may be written to it."""

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager

from rich.console import Console, ConsoleOptions, RenderableType
from rich.segment import Segment

from rag.output.safe_output import printable

_WIDEST = 100
"""Longer lines are hard to read, however wide the window."""


class _SafeConsole(Console):
    """A console whose own styles and moves are the only controls that reach the terminal."""

    def render(
        self, renderable: RenderableType, options: ConsoleOptions | None = None
    ) -> Iterable[Segment]:
        for segment in super().render(renderable, options):
            text, style, control = segment
            yield segment if control else Segment(printable(text), style)


def console(*, stderr: bool = False) -> Console:
    """A console as wide as the terminal, but not too wide to read."""
    made = _SafeConsole(stderr=stderr, highlight=False, emoji=False)
    if made.is_terminal:
        made.width = min(made.width, _WIDEST)
    return made


@contextmanager
def asking(out: Console) -> Iterator[Callable[[int, int], None]]:
    """A line that counts the questions asked so far, gone when all are; nothing in a pipe."""
    with out.status("") as status:

        def asked(done: int, total: int) -> None:
            status.update(f"Asked {done:,} of {total:,} questions")

        yield asked
