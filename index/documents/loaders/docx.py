"""Word documents (.docx)."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from docx import Document
from docx.opc.constants import RELATIONSHIP_TYPE as RT
from docx.opc.part import Part

from index.documents.archive import Archive
from index.documents.loader import Content, LoadOptions
from index.documents.markup_loader import MarkupLoader
from index.documents.markup_text import MarkupText, one_line
from index.documents.office.library_errors import library_errors
from index.documents.office.list_items import labelled, write_item
from index.documents.office.package import CORE_PROPERTIES, core_properties, read_package, zipped
from index.documents.office.table_cells import Cell, merged_rows
from index.documents.office.word_numbering import WordNumbering
from index.documents.office.word_styles import Styles, W, is_on
from index.documents.office.word_tables import rows_of
from index.documents.office.word_text import Note, ParagraphText, paragraph_text
from index.documents.office.xml import Element, local_name, parse_xml

_CONTAINERS = frozenset("sdt sdtContent customXml ins moveTo body".split())
_NOTES = {"footnote": RT.FOOTNOTES, "endnote": RT.ENDNOTES}


class DocxLoader(MarkupLoader):
    """Loads Word documents. docs/ingest.md defines what is in the text."""

    def read(self, content: bytes, options: LoadOptions) -> Content:
        parts = read_package(Archive(content), "word/")
        title, metadata = core_properties(parts.get(CORE_PROPERTIES))
        with library_errors("a Word document"):
            main = Document(zipped(parts)).part
            roots = {
                each.reltype: _root(each.target_part)
                for each in main.rels.values()
                if not each.is_external and each.reltype in _PARTS
            }
            writer = _writer(roots)
            writer.write_all(main.element.find(f"{W}body"))
        return writer.text.content(title=writer.title or title, metadata=metadata)


_PARTS = frozenset({RT.STYLES, RT.NUMBERING, *_NOTES.values()})


def _root(part: Part) -> Element:
    """Return the root element of a part; python-docx parses only those that it knows."""
    element = getattr(part, "element", None)
    return parse_xml(part.blob, "a part") if element is None else element


def _writer(roots: dict[str, Element]) -> "_Writer":
    styles = Styles(roots.get(RT.STYLES))
    notes = {
        Note(kind, note.get(f"{W}id", "")): note
        for kind, reltype in _NOTES.items()
        for note in roots.get(reltype, ())
        if note.get(f"{W}type", "normal") == "normal"
    }
    return _Writer(styles, WordNumbering(roots.get(RT.NUMBERING), styles), notes)


@dataclass(slots=True)
class _Writer:
    """Writes the blocks of a document into its canonical text. Each note is written once."""

    styles: Styles
    numbering: WordNumbering
    notes: dict[Note, Element]
    text: MarkupText = field(default_factory=MarkupText)
    title: str | None = None

    def write_all(self, container: Element) -> None:
        for block in container:
            name = local_name(block)
            if name == "p":
                self._write_paragraph(block)
            elif name == "tbl":
                self._write_table(block)
            elif name == "AlternateContent":
                for chosen in block[:1]:
                    self.write_all(chosen)
            elif name in _CONTAINERS:
                self.write_all(block)

    def _write_paragraph(self, paragraph: Element) -> None:
        properties = paragraph.find(f"{W}pPr")
        if self.styles.is_contents(properties):
            return
        found = paragraph_text(paragraph, self.styles)
        depth = self._write_text(found, properties)
        self._write_anchored(found, depth)

    def _write_text(self, found: ParagraphText, properties: Element | None) -> int:
        """Write a heading, an item or a paragraph; return the depth of what belongs to it."""
        visible = one_line(found.text)
        if not visible and _is_absent(properties):
            return 0
        label = self.numbering.label(properties)
        level = self.styles.heading_level(properties)
        if level is not None or self.styles.is_title(properties):
            self._write_heading(visible, level, label.text if label else "")
            return 0
        if label is None:
            depth = self.styles.list_depth(properties)
            self.text.paragraph(found.text, depth=depth)
            return depth
        if label.blank:
            self.text.paragraph(found.text, depth=label.depth + 1)
        else:
            write_item(self.text, label.text, found.text, label.depth)
        return label.depth + 1

    def _write_heading(self, visible: str, level: int | None, label: str) -> None:
        """Write a heading. level: None for the title"""
        if level is None:
            self.title = self.title or visible
        self.text.heading(level or 1, labelled(label, visible))

    def _write_anchored(self, found: ParagraphText, depth: int = 0) -> None:
        """Write what is anchored in a paragraph after it: pictures, text boxes, notes."""
        for picture in found.pictures:
            self.text.paragraph(picture, depth=depth)
        for box in found.boxes:
            self.write_all(box)
        for note in found.notes:
            self._write_note(self.notes.pop(note, ()), depth)

    def _write_note(self, note: Iterable[Element], depth: int) -> None:
        for block in note:
            if local_name(block) == "p":
                text = paragraph_text(block, self.styles).text
                self.text.paragraph(text, depth=depth)
            elif local_name(block) == "tbl":
                self._write_table(block)

    def _write_table(self, table: Element) -> None:
        rows = [row for row in rows_of(table) if row]
        if self._is_layout(rows):
            for row in rows:
                for cell in row:
                    self.write_all(cell.content if cell.content is not None else ())
            return
        reader = _CellReader(self.styles, self.numbering)
        texts = list(merged_rows(rows, reader.text_of))
        if len(rows) > 1 and len(rows[0]) == 1 and rows[0][0].n_columns > 1:
            self.text.paragraph(texts.pop(0)[0])  # a title across the table
        self.text.table(texts)
        for found in reader.anchored:
            self._write_anchored(found)
        for nested in reader.tables:
            self._write_table(nested)

    def _is_layout(self, rows: list[list[Cell[Element]]]) -> bool:
        """Return whether a table only places its content: it is one cell, or has headings."""
        if len(rows) == 1 and len(rows[0]) == 1:
            return True
        return any(
            self.styles.heading_level(paragraph.find(f"{W}pPr")) is not None
            for row in rows
            for cell in row
            if cell.content is not None
            for paragraph in cell.content.iterchildren(f"{W}p")
        )


@dataclass(slots=True)
class _CellReader:
    """Reads the texts of cells, and collects what is anchored and nested in them."""

    styles: Styles
    numbering: WordNumbering
    anchored: list[ParagraphText] = field(default_factory=list)
    tables: list[Element] = field(default_factory=list)

    def text_of(self, cell: Element) -> str:
        return "\n".join(self._texts(cell))

    def _texts(self, container: Element) -> Iterator[str]:
        for block in container:
            name = local_name(block)
            if name == "p":
                yield self._paragraph(block)
            elif name == "tbl":
                self.tables.append(block)
            elif name in _CONTAINERS:
                yield from self._texts(block)

    def _paragraph(self, paragraph: Element) -> str:
        found = paragraph_text(paragraph, self.styles)
        self.anchored.append(found)
        properties = paragraph.find(f"{W}pPr")
        if not one_line(found.text) and _is_absent(properties):
            return ""
        label = self.numbering.label(properties)
        return labelled(label.text if label else "", found.text)


def _is_absent(properties: Element | None) -> bool:
    """Return whether the mark at the end of a paragraph is deleted or hidden."""
    mark = None if properties is None else properties.find(f"{W}rPr")
    deleted = mark is not None and mark.find(f"{W}del") is not None
    return deleted or bool(is_on(mark, "vanish"))
