"""PowerPoint presentations (.pptx)."""

from collections.abc import Iterator
from dataclasses import dataclass

from pptx import Presentation
from pptx.oxml.ns import qn
from pptx.parts.chart import ChartPart
from pptx.slide import Slide

from index.documents.archive import Archive
from index.documents.loader import Content, LoadOptions
from index.documents.markup_loader import MarkupLoader
from index.documents.markup_text import MarkupText, one_line
from index.documents.office.cell_values import number_text
from index.documents.office.library_errors import library_errors
from index.documents.office.list_items import labelled, write_item
from index.documents.office.package import CORE_PROPERTIES, core_properties, read_package, zipped
from index.documents.office.slide_lists import A, P, SlideList, level_of, text_of
from index.documents.office.slide_shapes import Shape, shapes_of
from index.documents.office.table_cells import Cell, merged_rows
from index.documents.office.xml import Element, parse_xml

NOTES = "Notes:"
"""The paragraph before a slide's notes."""

_DIAGRAM = "{http://schemas.openxmlformats.org/drawingml/2006/diagram}"
_MAX_SPAN = 1 << 20


class PptxLoader(MarkupLoader):
    """Loads PowerPoint presentations. docs/ingest.md defines what is in the text."""

    def read(self, content: bytes, options: LoadOptions) -> Content:
        parts = read_package(Archive(content), "ppt/")
        title, metadata = core_properties(parts.get(CORE_PROPERTIES))
        text, first_title = MarkupText(), ""
        with library_errors("a PowerPoint presentation"):
            for number, slide in enumerate(Presentation(zipped(parts)).slides, 1):
                writer = _SlideWriter(slide, number, text)
                writer.write()
                first_title = first_title or writer.title
        return text.content(title=first_title or title, metadata=metadata)


@dataclass(slots=True)
class _SlideWriter:
    """Writes one slide. A slide without text is left out; the others keep their numbers."""

    slide: Slide
    number: int
    text: MarkupText
    title: str = ""
    _begun: bool = False
    _master_styles: Element | None = None

    def write(self) -> None:
        layout = self.slide.slide_layout
        trees = [_tree(layout.element), _tree(layout.slide_master.element)]
        self._master_styles = layout.slide_master.element.find(f"{P}txStyles")
        shapes = shapes_of(_tree(self.slide.element), trees)
        titles = [_shape_text(shape) for shape in shapes if shape.is_title]
        self.title = next(filter(None, titles), "")
        if self.title:
            self._begin()
        for shape in shapes:
            if not shape.is_title or _shape_text(shape) != self.title:
                self._write_shape(shape)
        self._write_notes()

    def _begin(self) -> None:
        """Write the heading before the first text of the slide."""
        if not self._begun:
            self._begun = True
            self.text.place("slide", str(self.number))
            self.text.heading(1, self.title or f"Slide {self.number}")

    def _write_shape(self, shape: Shape) -> None:
        self._write_paragraph(shape.alternative_text)
        if shape.kind == "grpSp":
            for each in shapes_of(shape.element):
                self._write_shape(each)
        elif shape.kind == "graphicFrame":
            self._write_graphic(shape.element)
        else:
            self._write_paragraphs(shape)

    def _write_paragraphs(self, shape: Shape) -> None:
        items = SlideList(shape.list_styles(self._master_styles))
        for paragraph in shape.paragraphs:
            body = text_of(paragraph)
            if not one_line(body):
                continue
            self._begin()
            label = items.label(paragraph)
            if label is None:
                self.text.paragraph(body)
            else:
                write_item(self.text, label, body, level_of(paragraph))

    def _write_paragraph(self, text: str) -> None:
        if one_line(text):
            self._begin()
            self.text.paragraph(text)

    def _write_graphic(self, frame: Element) -> None:
        for graphic in frame.iter(f"{A}tbl", qn("c:chart"), f"{_DIAGRAM}relIds"):
            if graphic.tag == f"{A}tbl":
                self._write_table(list(merged_rows(_rows(graphic), _cell_text)))
            elif graphic.tag == qn("c:chart"):
                self._write_chart(graphic.get(qn("r:id")))
            else:
                self._write_diagram(graphic.get(qn("r:dm")))

    def _write_table(self, rows: list[list[str]]) -> None:
        if any(one_line(cell) for row in rows for cell in row):
            self._begin()
            self.text.table(rows)

    def _write_chart(self, relationship: str | None) -> None:
        """Write a chart's title, and its series as the columns of a table."""
        part = self._related(relationship)
        if not isinstance(part, ChartPart):
            return
        chart = part.chart
        if chart.has_title and chart.chart_title.has_text_frame:
            self._write_paragraph(chart.chart_title.text_frame.text)
        for plot in chart.plots:
            series = list(plot.series)
            columns = [list(each.values) for each in series]
            rows = [["", *(each.name for each in series)]]
            for i, category in enumerate(plot.categories):
                values = [column[i] if i < len(column) else None for column in columns]
                rows.append([str(category), *("" if v is None else number_text(v) for v in values)])
            self._write_table(rows)

    def _write_diagram(self, relationship: str | None) -> None:
        """Write the texts of a SmartArt diagram as a list."""
        part = self._related(relationship)
        if part is None:
            return
        for paragraph in parse_xml(part.blob, "a diagram").iter(f"{A}p"):
            body = text_of(paragraph)
            if one_line(body):
                self._begin()
                self.text.item(body)

    def _related(self, relationship: str | None) -> Element | None:
        rels = self.slide.part.rels
        if relationship is None or relationship not in rels:
            return None
        return rels[relationship].target_part

    def _write_notes(self) -> None:
        if not self.slide.has_notes_slide:
            return
        frame = self.slide.notes_slide.notes_text_frame
        paragraphs = [] if frame is None else [text_of(p) for p in frame._txBody.iter(f"{A}p")]
        notes = [each for each in paragraphs if one_line(each)]
        if notes:
            self._write_paragraph(NOTES)
        for each in notes:
            self._write_paragraph(each)


def _tree(slide: Element) -> Element:
    return slide.find(f"{P}cSld/{P}spTree")


def _shape_text(shape: Shape) -> str:
    return one_line(" ".join(text_of(paragraph) for paragraph in shape.paragraphs))


def _rows(table: Element) -> Iterator[list[Cell[Element]]]:
    for row in table.iterchildren(f"{A}tr"):
        yield [_cell(cell) for cell in row.iterchildren(f"{A}tc") if not _is_covered(cell)]


def _is_covered(cell: Element) -> bool:
    return any(cell.get(name) in ("1", "true") for name in ("hMerge", "vMerge"))


def _cell(cell: Element) -> Cell[Element]:
    n_columns, n_rows = (
        int(span) if span.isascii() and span.isdigit() else 1
        for span in (cell.get("gridSpan", "1"), cell.get("rowSpan", "1"))
    )
    return Cell(cell, n_columns, min(n_rows, _MAX_SPAN))


def _cell_text(cell: Element) -> str:
    items = SlideList(())
    paragraphs = cell.iter(f"{A}p")
    return "\n".join(labelled(items.label(p) or "", text_of(p)) for p in paragraphs)
