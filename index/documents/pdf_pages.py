"""The pages of a PDF, by pdfium: characters and their boxes. Only this module imports pypdfium2."""

import ctypes
import math
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field

import pypdfium2
import pypdfium2.raw as pdfium

from index.documents.page_frame import Box, PageFrame
from index.errors import UnreadableDocument

HYPHEN = "\x02"
"""pdfium's mark for a hyphen at the end of a line, whose next line it appends."""


@dataclass(frozen=True, slots=True)
class OutlineEntry:
    """An entry of the file's outline. level: from 1; page: from 0."""

    level: int
    title: str
    page: int


@dataclass(frozen=True, slots=True)
class TextPage:
    """The characters of a page, by number from 0. Boxes are those of the page as it is shown, in
    points from its lower left corner.

    label: the page's printed number; "" if the file has none
    """

    _page: pypdfium2.PdfPage
    _text: object
    frame: PageFrame
    label: str
    _sides: tuple[ctypes.c_double, ...] = field(
        default_factory=lambda: tuple(ctypes.c_double() for _ in range(4))
    )
    """Where pdfium writes a box: to make new ones takes longer than the rest of the call."""

    def characters(self) -> list[str]:
        """Return all characters. A character without a Unicode value is U+FFFD."""
        code, text = pdfium.FPDFText_GetUnicode, self._text
        codes = (code(text, i) for i in range(max(pdfium.FPDFText_CountChars(text), 0)))
        return [_character(each) for each in codes]

    def box(self, i: int) -> Box:
        """Return the box of a character's ink."""
        left, right, bottom, top = self._sides
        pdfium.FPDFText_GetCharBox(self._text, i, left, right, bottom, top)
        return self.frame.shown((left.value, bottom.value, right.value, top.value))

    def line_box(self, i: int) -> Box:
        """Return a box that is as high as the line: the same for all characters of a font."""
        rect = pdfium.FS_RECTF()
        pdfium.FPDFText_GetLooseCharBox(self._text, i, rect)
        return self.frame.shown((rect.left, rect.bottom, rect.right, rect.top))

    def font_size(self, i: int) -> float:
        """Return the font size of a character, in points; 0 if the file does not say."""
        return float(pdfium.FPDFText_GetFontSize(self._text, i))

    def is_sideways(self, i: int) -> bool:
        """Return whether the line of a character runs up or down the page as it is shown."""
        angle = pdfium.FPDFText_GetCharAngle(self._text, i)
        turned = angle + self.frame.quarter_turns * math.pi / 2
        return angle >= 0 and abs(math.sin(turned)) > math.sqrt(0.5)

    def has_pictures(self) -> bool:
        images = self._page.get_objects([pdfium.FPDF_PAGEOBJ_IMAGE], max_depth=3)
        return next(images, None) is not None


class PdfPages:
    """An open PDF."""

    def __init__(self, file: pypdfium2.PdfDocument) -> None:
        self._file = file

    def __len__(self) -> int:
        return len(self._file)

    @contextmanager
    def page(self, number: int) -> Iterator[TextPage | None]:
        """Open a page, from 0. None if it is damaged."""
        try:
            page = self._file[number]
        except pypdfium2.PdfiumError:
            yield None
            return
        with closing(page), closing(page.get_textpage()) as text:
            left, bottom, right, top = page.get_bbox()
            frame = PageFrame(left, bottom, right, top, page.get_rotation() // 90)
            yield TextPage(page, text.raw, frame, self._file.get_page_label(number) or "")

    def outline(self) -> Iterator[OutlineEntry]:
        """Yield the entries of the outline that lead to a page."""
        try:
            for bookmark in self._file.get_toc(max_depth=12):
                target = bookmark.get_dest()
                page = target.get_index() if target is not None else None
                title = " ".join(bookmark.get_title().split())
                if title and page is not None:
                    yield OutlineEntry(bookmark.level + 1, title, page)
        except pypdfium2.PdfiumError:
            return

    def metadata(self) -> dict[str, str]:
        """Return the file's properties by pdfium's names: Title, Author, CreationDate."""
        return dict(self._file.get_metadata_dict(skip_empty=True))


@contextmanager
def opened(content: bytes) -> Iterator[PdfPages]:
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
        yield PdfPages(file)


def _character(code: int) -> str:
    if not 0 < code < 0x110000 or 0xD800 <= code < 0xE000:
        return "\ufffd"
    return chr(code)
