"""Lines of text on the pages of a PDF."""

from array import array
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from statistics import median

import regex

from index.documents.pdf_pages import HYPHEN, OutlineEntry, PdfPages, TextPage, opened
from index.documents.traced import Traced, joined

_CELL_GAP = 1.6
"""A wider gap in a line, as a multiple of the font size, is between two cells of a table."""

_WORD_GAP = 0.75
"""A wider gap in a line, as a multiple of the font size, is wider than between most words: it can
be between two cells (index.documents.pdf_tables)."""

_LETTERS = str.maketrans(
    {
        "\ufb00": "ff",
        "\ufb01": "fi",
        "\ufb02": "fl",
        "\ufb03": "ffi",
        "\ufb04": "ffl",
        "\ufb05": "st",
        "\ufb06": "st",
        "\xad": "-",
        "\u2010": "-",
        "\u2011": "-",
        "\xa0": " ",
    }
)
"""Ligatures as letters, every kind of hyphen and space as the usual one."""

_NOT_TEXT = regex.compile(rf"[\p{{Cc}}\p{{Cs}}\ufeff--[\s{HYPHEN}]]", regex.V1)
_CHANGES_LENGTH = regex.compile(rf"[\ufb00-\ufb06]|{_NOT_TEXT.pattern}", regex.V1)


@dataclass(frozen=True, slots=True)
class Gap:
    """White space in a line that is wider than between most words.

    after:       the number of the first character after it
    left, right: in points, as those of the line
    is_wide:     so wide that cells are on both sides
    """

    after: int
    left: float
    right: float
    is_wide: bool


@dataclass(frozen=True, slots=True)
class Line:
    """A line of text on a page, or several: pdfium appends the next line to a divided word.

    cells:  the text in parts, between wide gaps; mostly one. Ligatures are letters. The origins are
            numbers of characters on the page. Cells of a table can be empty
    gaps:   from left to right
    first, last: of its characters on the page, inclusive
    left, bottom, right, top: in points, from the lower left corner of the page as it is shown
    first_bottom, end: the bottom of its first line, and where its last line ends, in points: they
                       differ from `bottom` and `right` if it has several
    size:   font size of most of its characters, in points
    """

    cells: tuple[Traced, ...]
    first: int
    last: int
    left: float
    bottom: float
    right: float
    top: float
    size: float
    first_bottom: float
    end: float
    gaps: tuple[Gap, ...] = ()

    @property
    def traced(self) -> Traced:
        """The cells with spaces between them."""
        if len(self.cells) == 1:
            return self.cells[0]
        return joined(" ", [cell for cell in self.cells if cell.text])

    @property
    def text(self) -> str:
        return " ".join(cell.text for cell in self.cells if cell.text)


@dataclass(frozen=True, slots=True)
class Page:
    """A page with its lines in the order of the file. label: its printed number; "" if unknown."""

    lines: tuple[Line, ...]
    label: str = ""
    has_pictures: bool = False


@dataclass(frozen=True, slots=True)
class PdfFile:
    """What a PDF has. metadata: pdfium's names (Title, Author, CreationDate and others)."""

    pages: tuple[Page, ...]
    outline: tuple[OutlineEntry, ...] = ()
    metadata: Mapping[str, str] = field(default_factory=dict)


def read_pdf(content: bytes) -> PdfFile:
    """Return the lines of all pages, the outline and the metadata.

    Raises as index.documents.pdf_pages.opened.
    """
    with opened(content) as file:
        pages = tuple(_page(file, number) for number in range(len(file)))
        return PdfFile(pages, tuple(file.outline()), file.metadata())


def _page(file: PdfPages, number: int) -> Page:
    with file.page(number) as page:
        if page is None:
            return Page(())
        lines = tuple(_lines(page))
        return Page(lines, page.label, has_pictures=not lines and page.has_pictures())


def _lines(page: TextPage) -> Iterator[Line]:
    """Yield the lines that have a visible character. pdfium puts a line end after each."""
    characters = page.characters()
    start = 0
    for i, character in enumerate([*characters, "\n"]):
        if character not in "\r\n":
            continue
        line = _line(page, characters, start, i)
        if line is not None:
            yield line
        start = i + 1


def _line(page: TextPage, characters: Sequence[str], start: int, end: int) -> Line | None:
    visible = [i for i in range(start, end) if not characters[i].isspace()]
    if not visible:
        return None
    first, last = visible[0], visible[-1]
    # Boxes of a few characters: all of them would take longer than the rest of the page.
    some = [*visible[:: max(1, len(visible) // 6)], last]
    boxes = [page.box(i) for i in some]
    size = round(median(map(page.font_size, some)), 1) or round(
        max(box[3] - box[1] for box in boxes), 1
    )
    gaps = tuple(_gaps(page, visible, size))
    starts = [first, *(gap.after for gap in gaps if gap.is_wide), last + 1]
    return Line(
        tuple(_shown(characters[start:end], start) for start, end in pairwise(starts)),
        first,
        last,
        left=min(box[0] for box in boxes),
        bottom=median(box[1] for box in boxes if box[1] < boxes[-1][1] + size / 2),
        right=max(box[2] for box in boxes),
        top=max(box[3] for box in boxes),
        size=size,
        first_bottom=median(box[1] for box in boxes if box[1] > boxes[0][1] - size / 2),
        end=boxes[-1][2],
        gaps=gaps,
    )


def _gaps(page: TextPage, visible: Sequence[int], size: float) -> Iterator[Gap]:
    for before, after in pairwise(visible):
        if after > before + 1:
            left, right = page.box(before)[2], page.box(after)[0]
            if right - left > _WORD_GAP * size:
                yield Gap(after, left, right, is_wide=right - left > _CELL_GAP * size)


def _shown(characters: Sequence[str], first: int) -> Traced:
    """Return characters as text, with each run of white space as one space. first: its number."""
    text = "".join(characters)
    if _CHANGES_LENGTH.search(text) is None:
        clean = " ".join(text.translate(_LETTERS).split())
        if len(clean) == len(text):
            return Traced.of(clean, first)
    return _shown_slowly(text, first)


def _shown_slowly(text: str, first: int) -> Traced:
    """Return what `_shown` does, character by character."""
    letters: list[str] = []
    origins = array("i")
    for i, character in enumerate(_NOT_TEXT.sub("\0", text), first):
        shown = "" if character == "\0" else character.translate(_LETTERS)
        if shown.isspace():
            shown = " " if letters and letters[-1] != " " else ""
        letters += shown
        origins += array("i", [i]) * len(shown)
    if letters and letters[-1] == " ":
        letters.pop()
        origins.pop()
    return Traced("".join(letters), origins)
