"""Lines of text on the pages of a PDF, by pdfium. Only this module imports pypdfium2."""

import ctypes
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from itertools import pairwise
from statistics import median

import pypdfium2
import pypdfium2.raw as pdfium

from index.errors import UnreadableDocument

HYPHEN = "\x02"
"""pdfium's mark for a hyphen at the end of a line, whose next line it appends."""

_CELL_GAP = 1.6
"""A wider gap in a line, as a multiple of the font size, is between two cells of a table."""

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
        "\xa0": " ",
    }
)
"""Ligatures as letters, every kind of hyphen and space as the usual one."""


@dataclass(frozen=True, slots=True)
class Line:
    """A line of text on a page, or several: pdfium appends the next line to a divided word.

    text:   ligatures are letters
    cells:  the text in parts, between wide gaps; mostly one
    first, last: of its characters on the page, inclusive
    left, bottom, right, top: in points, from the page's lower left corner
    first_bottom, end: the bottom of its first line, and where its last line ends, in points: they
                       differ from `bottom` and `right` if it has several
    size:   font size of most of its characters, in points
    """

    text: str
    cells: tuple[str, ...]
    first: int
    last: int
    left: float
    bottom: float
    right: float
    top: float
    size: float
    first_bottom: float
    end: float


@dataclass(frozen=True, slots=True)
class Page:
    """A page with its lines in the order of the file. label: its printed number; "" if unknown."""

    lines: tuple[Line, ...]
    label: str = ""
    height: float = 0.0
    has_pictures: bool = False


@dataclass(frozen=True, slots=True)
class OutlineEntry:
    """An entry of the file's outline. level: from 1; page: from 0."""

    level: int
    title: str
    page: int


@dataclass(frozen=True, slots=True)
class PdfFile:
    """What a PDF has. metadata: pdfium's names (Title, Author, CreationDate and others)."""

    pages: tuple[Page, ...]
    outline: tuple[OutlineEntry, ...] = ()
    metadata: Mapping[str, str] = field(default_factory=dict)


@contextmanager
def opened(content: bytes) -> Iterator[pypdfium2.PdfDocument]:
    """Open a PDF. Raises UnreadableDocument: `binary`, `damaged` or `password`."""
    if b"%PDF-" not in content[:1024]:
        raise UnreadableDocument("not a PDF", "binary")
    try:
        file = pypdfium2.PdfDocument(content)
    except pypdfium2.PdfiumError as error:
        if "password" in str(error).lower():
            reason = "protected by a password; save it without one"
            raise UnreadableDocument(reason, "password") from None
        raise UnreadableDocument("a damaged PDF", "damaged") from None
    with closing(file):
        yield file


def read_pdf(content: bytes) -> PdfFile:
    """Return the lines of all pages, the outline and the metadata. Raises as `opened`."""
    with opened(content) as file:
        pages = tuple(_page(file, number) for number in range(len(file)))
        return PdfFile(pages, tuple(_outline(file)), file.get_metadata_dict(skip_empty=True))


def _page(file: pypdfium2.PdfDocument, number: int) -> Page:
    try:
        page = file[number]
    except pypdfium2.PdfiumError:
        return Page(())
    with closing(page), closing(page.get_textpage()) as text:
        lines = tuple(_lines(text.raw))
        return Page(
            lines,
            label=file.get_page_label(number) or "",
            height=page.get_height(),
            has_pictures=not lines and _has_pictures(page),
        )


def _has_pictures(page: pypdfium2.PdfPage) -> bool:
    return next(page.get_objects([pdfium.FPDF_PAGEOBJ_IMAGE], max_depth=3), None) is not None


def characters(text: object) -> list[str]:
    """Return the characters of a text page. A character without a Unicode value is U+FFFD."""
    code = pdfium.FPDFText_GetUnicode
    codes = (code(text, i) for i in range(max(pdfium.FPDFText_CountChars(text), 0)))
    return [_character(each) for each in codes]


def _character(code: int) -> str:
    if not 0 < code < 0x110000 or 0xD800 <= code < 0xE000:
        return "\ufffd"
    return chr(code)


def _lines(text: object) -> Iterator[Line]:
    """Yield the lines that have a visible character. pdfium puts a line end after each."""
    all_characters = characters(text)
    start = 0
    for i, character in enumerate([*all_characters, "\n"]):
        if character not in "\r\n":
            continue
        line = _line(text, all_characters, start, i)
        if line is not None:
            yield line
        start = i + 1


def _line(text: object, all_characters: Sequence[str], start: int, end: int) -> Line | None:
    visible = [i for i in range(start, end) if not all_characters[i].isspace()]
    if not visible:
        return None
    first, last = visible[0], visible[-1]
    # Boxes of a few characters: all of them would take longer than the rest of the page.
    some = [*visible[:: max(1, len(visible) // 6)], last]
    boxes = [box_of(text, i) for i in some]
    size = round(median(pdfium.FPDFText_GetFontSize(text, i) for i in some), 1) or round(
        max(box[3] - box[1] for box in boxes), 1
    )
    starts = [first, *_cell_starts(text, visible, _CELL_GAP * size), last + 1]
    cells = tuple(_shown(all_characters[start:end]) for start, end in pairwise(starts))
    return Line(
        " ".join(cells),
        cells,
        first,
        last,
        left=min(box[0] for box in boxes),
        bottom=median(box[1] for box in boxes if box[1] < boxes[-1][1] + size / 2),
        right=max(box[2] for box in boxes),
        top=max(box[3] for box in boxes),
        size=size,
        first_bottom=median(box[1] for box in boxes if box[1] > boxes[0][1] - size / 2),
        end=boxes[-1][2],
    )


def _cell_starts(text: object, visible: Sequence[int], gap: float) -> list[int]:
    """Return the characters before which there is a gap of more than so many points."""
    return [
        after
        for before, after in pairwise(visible)
        if after > before + 1 and box_of(text, after)[0] - box_of(text, before)[2] > gap
    ]


def _shown(characters: Sequence[str]) -> str:
    return " ".join("".join(characters).translate(_LETTERS).split())


def box_of(text: object, i: int) -> tuple[float, float, float, float]:
    """Return the left, bottom, right and top of a character on its page, in points."""
    left, right, bottom, top = (ctypes.c_double() for _ in range(4))
    pdfium.FPDFText_GetCharBox(text, i, left, right, bottom, top)
    return left.value, bottom.value, right.value, top.value


def _outline(file: pypdfium2.PdfDocument) -> Iterator[OutlineEntry]:
    try:
        for bookmark in file.get_toc(max_depth=12):
            target = bookmark.get_dest()
            page = target.get_index() if target is not None else None
            title = " ".join(bookmark.get_title().split())
            if title and page is not None:
                yield OutlineEntry(bookmark.level + 1, title, page)
    except pypdfium2.PdfiumError:
        return
