"""Consoles that limit the line width and print only safe text."""

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager

from rich.console import Console, ConsoleOptions, RenderableType
from rich.segment import Segment

from rag.output.safe_output import printable

_MAX_WIDTH = 100
"""Maximum width in columns; longer lines are hard to read."""


class _SafeConsole(Console):
    """A console that sends only its own control codes to the terminal."""

    def render(
        self, renderable: RenderableType, options: ConsoleOptions | None = None
    ) -> Iterable[Segment]:
        for segment in super().render(renderable, options):
            text, style, control = segment
            yield segment if control else Segment(printable(text), style)


def console(*, stderr: bool = False) -> Console:
    """Return a console as wide as the terminal, at most 100 columns."""
    result = _SafeConsole(stderr=stderr, highlight=False, emoji=False)
    if result.is_terminal:
        result.width = min(result.width, _MAX_WIDTH)
    return result


@contextmanager
def question_progress(out: Console) -> Iterator[Callable[[int, int], None]]:
    """Yield a function of (n_done, n_total) that shows how many questions were asked. The line is
    removed at the end; without a terminal nothing is shown."""
    with out.status("") as status:

        def update(n_done: int, n_total: int) -> None:
            status.update(f"{n_done:,} of {n_total:,} questions done")

        yield update
