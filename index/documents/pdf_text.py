"""The canonical text of a PDF, and which characters of which page it consists of."""

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from index.documents.markup_text import MarkupText, place_of_backslash
from index.documents.pdf_layout import Part, bullet_removed, parts_of
from index.documents.pdf_lines import PdfFile
from index.documents.traced import ADDED, Traced
from index.types import Span


@dataclass(frozen=True, slots=True)
class Piece:
    """A part of the canonical text that is from one page.

    start: its offset in the canonical text
    page:  from 0
    text:  its origins are numbers of characters on the page
    """

    start: int
    page: int
    text: Traced


@dataclass(slots=True)
class PdfText:
    """The text of a PDF while it is written. pieces: in order of their offsets."""

    written: MarkupText = field(default_factory=MarkupText)
    pieces: list[Piece] = field(default_factory=list)

    @classmethod
    def of(cls, file: PdfFile) -> "PdfText":
        """Return the text of a file. It is empty if the file has none."""
        text = cls()
        labels = [page.label or str(n) for n, page in enumerate(file.pages, 1)]
        has_labels = any(label != str(n) for n, label in enumerate(labels, 1))
        page = -1
        for part in parts_of(file):
            for i, (number, piece) in enumerate(part.pieces):
                while page < number:
                    page += 1
                    text.written.page()
                    if has_labels:
                        text.written.place("page-label", labels[page])
                text._write(part, number, piece, continues=i > 0)
        if text.written.length:
            for _ in range(page + 1, len(file.pages)):
                text.written.page()
        return text

    def _write(self, part: Part, page: int, text: Traced, *, continues: bool) -> None:
        if not text.text:
            return
        if continues:
            self.written.extend(text.text)
            self._ends_with(page, _literal(text, lists=False))
        elif part.kind == "table":
            self._write_table(page, part.rows)
        elif part.kind == "heading":
            self.written.heading(part.level, text.text)
            self._ends_with(page, text)
        elif part.kind == "item" and (item := bullet_removed(text)).text != text.text:
            self.written.item(item.text)
            self._ends_with(page, _literal(item, lists=False))
        else:
            self.written.paragraph(text.text, lists=True)
            self._ends_with(page, _literal(text, lists=True))

    def _ends_with(self, page: int, text: Traced) -> None:
        """Record that what was written ends with a text of this page."""
        self.pieces.append(Piece(self.written.length - len(text.text), page, text))

    def _write_table(self, page: int, rows: Sequence[Sequence[Traced]]) -> None:
        filled = [row for row in rows if any(cell.text for cell in row)]
        if not filled:
            return
        self.written.table([[cell.text for cell in row] for row in filled])
        first, delimiter, *others = self.written.last_block.split("\n")
        start = self.written.length - len(self.written.last_block)
        self._write_row(page, start, filled[0])
        start += len(first) + len(delimiter) + 2
        for row, line in zip(filled[1:], others, strict=True):
            self._write_row(page, start, row)
            start += len(line) + 1

    def _write_row(self, page: int, start: int, cells: Sequence[Traced]) -> None:
        """Record the cells of a table's line. start: of the line."""
        for cell in cells:
            pipes = [i for i, character in enumerate(cell.text) if character == "|"]
            literal = cell.with_added("\\", pipes)
            start += len("| ")
            self.pieces.append(Piece(start, page, literal))
            start += len(literal.text) + len(" ")

    def origins_in(self, span: Span) -> Iterator[tuple[int, int]]:
        """Yield the page, from 0, and the number on it of each character that the text at a span
        consists of, in order. A ligature is yielded once for each letter."""
        first = bisect_right(self.pieces, span.start, key=lambda piece: piece.start) - 1
        for piece in self.pieces[max(first, 0) :]:
            if piece.start >= span.end:
                return
            part = piece.text[max(span.start - piece.start, 0) : span.end - piece.start]
            for character, origin in zip(part.text, part.origins, strict=True):
                if origin != ADDED and character != " ":
                    yield piece.page, origin


def _literal(text: Traced, *, lists: bool) -> Traced:
    place = place_of_backslash(text.text, lists=lists)
    return text if place is None else text.with_added("\\", [place])
