"""The rectangles of a span of a PDF's canonical text, from the boxes of its characters."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby, pairwise

from index.documents.page_frame import Box
from index.documents.pdf_pages import PdfPages, TextPage, opened
from index.documents.pdf_text import PdfText
from index.documents.rectangles import Rectangle
from index.types import Span

_GAP = 1.6
"""A wider gap within a line, as a multiple of the line's height, is between two rectangles: another
column or cell can be there."""

_SHARED = 0.5
"""Characters of one line share at least this part of their heights."""

_N_DIGITS = 2
"""Of a coordinate in points: a hundredth of a point is less than a pixel at any resolution."""


def rectangles_of(content: bytes, text: PdfText, span: Span) -> tuple[Rectangle, ...]:
    """Return the rectangles of a span, in reading order: at least one for each line that it is on.

    text: of the file with these bytes

    A span of marks and white space alone has none. Raises UnreadableDocument as opened.
    """
    origins = list(dict.fromkeys(text.origins_in(span)))
    with opened(content) as file:
        return tuple(
            rectangle
            for page, on_page in groupby(origins, key=lambda origin: origin[0])
            for rectangle in _on_page(file, page, [number for _, number in on_page])
        )


def _on_page(file: PdfPages, number: int, characters: Sequence[int]) -> Iterator[Rectangle]:
    with file.page(number) as page:
        if page is None:
            return
        label = page.label or str(number + 1)
        for left, bottom, right, top in _boxes(page, characters):
            yield Rectangle(
                number + 1,
                label,
                left=round(left, _N_DIGITS),
                top=round(page.frame.height - top, _N_DIGITS),
                right=round(right, _N_DIGITS),
                bottom=round(page.frame.height - bottom, _N_DIGITS),
                page_width=round(page.frame.width, _N_DIGITS),
                page_height=round(page.frame.height, _N_DIGITS),
            )


@dataclass(frozen=True, slots=True)
class _Character:
    """ink, line: TextPage.box and line_box; for a line that runs up or down, as if it ran across"""

    box: Box
    ink: Box
    line: Box


def _boxes(page: TextPage, numbers: Sequence[int]) -> Iterator[Box]:
    """Yield a box around each run of characters that are next to each other in a line."""
    characters = [_character(page, number) for number in numbers]
    characters = [each for each in characters if each.box[2] > each.box[0]]
    run = characters[:1]
    for before, after in pairwise(characters):
        if not _is_next(before, after):
            yield _around(run)
            run = []
        run.append(after)
    if run:
        yield _around(run)


def _character(page: TextPage, number: int) -> _Character:
    box, line = page.box(number), page.line_box(number)
    if line[3] <= line[1]:
        line = box
    if page.is_sideways(number):
        return _Character(box, _turned(box), _turned(line))
    return _Character(box, box, line)


def _turned(box: Box) -> Box:
    left, bottom, right, top = box
    return bottom, left, top, right


def _is_next(before: _Character, after: _Character) -> bool:
    """Return whether two characters are in one line, without a wide gap between them."""
    _, bottom, _, top = before.line
    _, other_bottom, _, other_top = after.line
    lower = min(top - bottom, other_top - other_bottom)
    if min(top, other_top) - max(bottom, other_bottom) < _SHARED * lower:
        return False
    gap = max(after.ink[0] - before.ink[2], before.ink[0] - after.ink[2])
    return gap <= _GAP * (top - bottom)


def _around(run: Sequence[_Character]) -> Box:
    boxes = [each.box for each in run]
    return (
        min(box[0] for box in boxes),
        min(box[1] for box in boxes),
        max(box[2] for box in boxes),
        max(box[3] for box in boxes),
    )
