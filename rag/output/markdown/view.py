"""A text as a terminal shows it, and where each of its characters stands there."""

from collections.abc import Sequence
from dataclasses import dataclass

from rich.text import Text

from index.types import Span
from rag.output.markdown.blocks import marks_of
from rag.output.markdown.marks import Marks
from rag.output.safe_output import printable


@dataclass(frozen=True, slots=True)
class View:
    """A text without its markup.

    text:   with the styles of the markup; control characters are replaced
    places: where each character of the source, and its end, stands in `text`
    """

    text: Text
    places: Sequence[int]

    def span(self, source: Span) -> Span:
        """Return where a span of the source stands; empty if all of it is markup."""
        return Span(self.places[source.start], self.places[source.end])


def view_of(text: str, width: int) -> View:
    """Return the view of a Markdown text. width: of the terminal, in columns."""
    marks = marks_of(printable(text), width)
    _drop_empty_lines(marks)
    places = [0]
    for shown in marks.shown:
        places.append(places[-1] + len(shown))
    view = Text("".join(marks.shown))
    for span, style in marks.styles:
        view.stylize(style, places[span.start], places[span.end])
    view.rstrip()
    if not view.plain.strip():  # nothing but markup
        return View(Text(marks.text), range(len(text) + 1))
    return View(view, places)


def _drop_empty_lines(marks: Marks) -> None:
    """Hide the ends of lines that have nothing but markup."""
    start = 0
    for line in marks.text.split("\n"):
        end = start + len(line)
        if line.strip() and not marks.visible(start, end).strip():
            marks.hide(start, min(end + 1, len(marks.text)))
        start = end + 1
