"""OpenDocument presentations (.odp)."""

from collections.abc import Iterable
from dataclasses import dataclass

import regex

from index.documents.loader import Content, LoadOptions
from index.documents.markup_loader import MarkupLoader
from index.documents.markup_text import MarkupText, one_line
from index.documents.office.library_errors import library_errors
from index.documents.office.open_text import SHAPES
from index.documents.office.open_writer import OpenWriter
from index.documents.office.opendocument import (
    OpenStyles,
    attribute,
    name_of,
    qualified,
    read_open_document,
)
from index.documents.office.package import core_properties
from index.documents.office.xml import Element

NOTES = "Notes:"
"""The paragraph before a slide's notes."""

_TITLE = "title"
_LEFT_OUT = frozenset({"header", "footer", "date-time", "page-number", "handout", "page"})
_LENGTH = regex.compile(r"(-?\d+(?:\.\d+)?)(cm|mm|in|pt|pc|px)")
_CENTIMETRES = {"cm": 1.0, "mm": 0.1, "in": 2.54, "pt": 2.54 / 72, "pc": 2.54 / 6, "px": 2.54 / 96}
_BAND_CM = 1.1
"""Shapes whose tops differ by less are in one row, left to right."""


class OdpLoader(MarkupLoader):
    """Loads OpenDocument presentations. docs/ingest.md defines what is in the text."""

    def read(self, content: bytes, options: LoadOptions) -> Content:
        text, first_title = MarkupText(), ""
        with library_errors("an OpenDocument presentation"):
            document = read_open_document(content, "office:presentation", "a presentation (.odp)")
            title, metadata = core_properties(document.meta)
            pages = document.body.iterchildren(qualified("draw:page"))
            for number, page in enumerate(pages, 1):
                slide = _Slide(page, number, document.styles)
                slide.write(text)
                first_title = first_title or slide.title
        return text.content(title=first_title or title, metadata=metadata)


@dataclass(slots=True)
class _Slide:
    """A slide. One without text is left out; the others keep their numbers."""

    page: Element
    number: int
    styles: OpenStyles

    @property
    def title(self) -> str:
        titles = (_text_of(each) for each in self._shapes() if _class_of(each) == _TITLE)
        return next(filter(None, titles), "")

    def write(self, text: MarkupText) -> None:
        body = MarkupText()
        self._write_body(body)
        if body.text or self.title:
            text.place("slide", str(self.number))
            text.heading(1, self.title or f"Slide {self.number}")
            self._write_body(text)

    def _write_body(self, text: MarkupText) -> None:
        writer, title = OpenWriter(self.styles, text), self.title
        for shape in self._shapes():
            if _class_of(shape) != _TITLE or _text_of(shape) != title:
                _write_shape(writer, shape)
        notes = [each for each in self._notes() if _text_of(each)]
        if notes:
            text.paragraph(NOTES)
        for each in notes:
            writer.write_shape(each)

    def _shapes(self) -> list[Element]:
        shapes = [each for each in self.page if name_of(each) in SHAPES]
        return _in_reading_order(each for each in shapes if _class_of(each) not in _LEFT_OUT)

    def _notes(self) -> Iterable[Element]:
        for notes in self.page.iterchildren(qualified("presentation:notes")):
            yield from (each for each in notes if _class_of(each) == "notes")


def _write_shape(writer: OpenWriter, shape: Element) -> None:
    """Write a shape; those of a group as they are placed in it."""
    if name_of(shape) == "draw:g":
        for each in _in_reading_order(each for each in shape if name_of(each) in SHAPES):
            _write_shape(writer, each)
    else:
        writer.write_shape(shape)


def _class_of(shape: Element) -> str:
    return attribute(shape, "presentation:class")


def _text_of(shape: Element) -> str:
    paragraphs = shape.iter(qualified("text:p"))
    return one_line(" ".join("".join(each.itertext()) for each in paragraphs))


def _in_reading_order(shapes: Iterable[Element]) -> list[Element]:
    return sorted(shapes, key=_place)


def _place(shape: Element) -> tuple[int, float]:
    """Return the row and the left edge of a shape, or of the first shape of a group."""
    if name_of(shape) == "draw:g":
        return min((_place(each) for each in shape if name_of(each) in SHAPES), default=(0, 0.0))
    top, left = (_centimetres(attribute(shape, name)) for name in ("svg:y", "svg:x"))
    return int(top // _BAND_CM), left


def _centimetres(length: str) -> float:
    match = _LENGTH.fullmatch(length)
    return float(match[1]) * _CENTIMETRES[match[2]] if match else 0.0
