"""The characters of a text, as a terminal shows them."""

from dataclasses import dataclass, field

from index.types import Span


@dataclass(slots=True)
class Marks:
    """What each character of a text is shown as, and in which styles.

    shown:  one string for each character: itself, "" for markup, or what stands in its place
    styles: spans of the text, with names of rich styles
    """

    text: str
    shown: list[str] = field(init=False)
    styles: list[tuple[Span, str]] = field(init=False)

    def __post_init__(self) -> None:
        self.shown, self.styles = list(self.text), []

    def hide(self, start: int, end: int) -> None:
        self.shown[start:end] = [""] * (end - start)

    def replace(self, start: int, end: int, by: str) -> None:
        """Show another string in place of a span that has at least one character."""
        self.hide(start, end)
        self.shown[start] = by

    def style(self, start: int, end: int, name: str) -> None:
        if start < end:
            self.styles.append((Span(start, end), name))

    def visible(self, start: int, end: int) -> str:
        return "".join(self.shown[start:end])
