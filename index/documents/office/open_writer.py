"""Write the blocks of OpenDocument text: paragraphs, headings, lists, tables, notes, text boxes."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from index.documents.markup_text import MarkupText, one_line
from index.documents.office.list_items import labelled, write_item
from index.documents.office.open_lists import Counters, OpenLists
from index.documents.office.open_text import (
    SHAPES,
    ParagraphText,
    alternative_text,
    paragraph_text,
)
from index.documents.office.opendocument import (
    OpenStyles,
    attribute,
    count_of,
    name_of,
)
from index.documents.office.table_cells import MAX_COLUMNS, Cell, merged_rows
from index.documents.office.xml import Element

MAX_REPEATED_ROWS = 100
"""Of a table in text. Equal rows have no more to say, and a file can claim a million."""

_INDEXES = frozenset(
    "text:table-of-content text:illustration-index text:table-index text:object-index "
    "text:user-index text:alphabetical-index".split()
)
_CONTAINERS = frozenset(
    "text:bibliography text:index-body text:numbered-paragraph text:section draw:text-box".split()
)
_ROW_GROUPS = frozenset("table:table-header-rows table:table-rows table:table-row-group".split())


@dataclass(frozen=True, slots=True)
class _List:
    """The list that a block is in. depth: of its items, from 0."""

    style: str
    depth: int
    counters: Counters


@dataclass(slots=True)
class OpenWriter:
    """Writes blocks of OpenDocument text into a canonical text."""

    styles: OpenStyles
    text: MarkupText = field(default_factory=MarkupText)
    title: str | None = None
    lists: OpenLists = field(init=False)

    def __post_init__(self) -> None:
        self.lists = OpenLists(self.styles)

    def write_all(self, blocks: Iterable[Element]) -> None:
        for block in blocks:
            self._write(block)

    def _write(self, block: Element) -> None:
        name = name_of(block)
        if name in ("text:p", "text:h"):
            self._write_paragraph(block)
        elif name == "text:list":
            self._write_list(block, None)
        elif name == "table:table":
            self.write_table(block)
        elif name in SHAPES:
            self.write_shape(block)
        elif name in _CONTAINERS and attribute(block, "text:display") != "none":
            self.write_all(block)

    def _write_paragraph(self, paragraph: Element, within: _List | None = None) -> None:
        """Write a paragraph. within: the list of whose item it is a later paragraph"""
        found = paragraph_text(paragraph, self.styles)
        visible = one_line(found.text)
        depth = 0 if within is None else within.depth + 1
        style = attribute(paragraph, "text:style-name")
        if name_of(paragraph) == "text:h":
            self._write_heading(paragraph, visible)
        elif visible and self.styles.is_named("paragraph", style, "Title"):
            self.title = self.title or visible
            self.text.heading(1, visible)
        else:
            self.text.paragraph(found.text, depth=depth)
        self._write_anchored(found, depth)

    def _write_heading(self, heading: Element, visible: str, label: str | None = None) -> None:
        level = count_of(heading, "text:outline-level", 10)
        if label is None and visible and attribute(heading, "text:is-list-header") != "true":
            label = self.lists.heading_label(level - 1)
        self.text.heading(level, labelled(label or "", visible))

    def _write_list(self, element: Element, outer: _List | None) -> None:
        style = attribute(element, "text:style-name") or (outer.style if outer else "")
        if outer is None:
            inner = _List(style, 0, self.lists.counters_of(element, style))
        else:
            inner = _List(style, outer.depth + 1, outer.counters)
        for item in element:
            if name_of(item) in ("text:list-item", "text:list-header"):
                self._write_item(item, inner)

    def _write_item(self, item: Element, within: _List) -> None:
        """Write an item. Its first paragraph has the label, if it is before any nested list."""
        is_labelled = name_of(item) == "text:list-item"
        for block in item:
            name = name_of(block)
            if name == "text:list":
                self._write_list(block, within)
            elif name in ("text:p", "text:h"):
                if is_labelled:
                    self._write_labelled(block, item, within)
                else:
                    self._write_paragraph(block, within)
            else:
                self._write(block)
            is_labelled = False

    def _write_labelled(self, block: Element, item: Element, within: _List) -> None:
        label = self._label(item, within)
        found = paragraph_text(block, self.styles)
        if name_of(block) == "text:h":
            self._write_heading(block, one_line(found.text), label or "")
        elif label is None:
            self.text.paragraph(found.text, depth=within.depth + 1)
        else:
            write_item(self.text, label, found.text, within.depth)
        self._write_anchored(found, within.depth + 1)

    def _label(self, item: Element, within: _List) -> str | None:
        start = attribute(item, "text:start-value")
        number = int(start) if start.isascii() and start.isdigit() else None
        return self.lists.label(within.style, within.depth, within.counters, number)

    def _write_anchored(self, found: ParagraphText, depth: int = 0) -> None:
        for shape in found.shapes:
            self.write_shape(shape, depth)
        for note in found.notes:
            for block in note:
                if name_of(block) == "text:p":
                    text = paragraph_text(block, self.styles).text
                    self.text.paragraph(text, depth=depth)
                else:
                    self._write(block)

    def write_shape(self, shape: Element, depth: int = 0) -> None:
        """Write the alternative text of a shape, and the text in it."""
        self.text.paragraph(alternative_text(shape), depth=depth)
        self.write_all(shape)

    def write_table(self, table: Element) -> None:
        rows = [row for row in _rows(table) if row]
        if _is_layout(rows):
            for row in rows:
                for cell in row:
                    self.write_all(cell.content if cell.content is not None else ())
            return
        reader = _CellReader(self)
        texts = list(merged_rows(rows, reader.text_of))
        if len(rows) > 1 and len(rows[0]) == 1 and rows[0][0].n_columns > 1:
            self.text.paragraph(texts.pop(0)[0])  # a title across the table
        self.text.table(texts)
        for found in reader.anchored:
            self._write_anchored(found)
        self.write_all(reader.tables)


@dataclass(slots=True)
class _CellReader:
    """Reads the texts of cells, and collects what is anchored and nested in them."""

    writer: OpenWriter
    anchored: list[ParagraphText] = field(default_factory=list)
    tables: list[Element] = field(default_factory=list)

    def text_of(self, cell: Element) -> str:
        return "\n".join(self._texts(cell, None))

    def _texts(self, blocks: Iterable[Element], label: str | None) -> Iterator[str]:
        for block in blocks:
            name = name_of(block)
            if name in ("text:p", "text:h"):
                found = paragraph_text(block, self.writer.styles)
                self.anchored.append(found)
                yield labelled(label or "", found.text)
                label = None
            elif name == "text:list":
                yield from self._list_texts(block, None)
            elif name == "table:table":
                self.tables.append(block)
            elif name in SHAPES:
                self.anchored.append(ParagraphText(shapes=[block]))

    def _list_texts(self, element: Element, outer: _List | None) -> Iterator[str]:
        style = attribute(element, "text:style-name") or (outer.style if outer else "")
        counters = outer.counters if outer else self.writer.lists.counters_of(element, style)
        inner = _List(style, outer.depth + 1 if outer else 0, counters)
        for item in element:
            first = name_of(item[0]) if len(item) else ""
            is_labelled = name_of(item) == "text:list-item" and first in ("text:p", "text:h")
            label = self.writer._label(item, inner) if is_labelled else None
            yield from self._texts((b for b in item if name_of(b) != "text:list"), label)
            for nested in item:
                if name_of(nested) == "text:list":
                    yield from self._list_texts(nested, inner)


def _is_layout(rows: list[list[Cell[Element]]]) -> bool:
    """Return whether a table only places its content: it is one cell, or has headings."""
    if len(rows) == 1 and len(rows[0]) == 1:
        return True
    cells = (cell.content for row in rows for cell in row if cell.content is not None)
    return any(name_of(block) == "text:h" for cell in cells for block in cell)


def _rows(table: Element) -> Iterator[list[Cell[Element]]]:
    for child in table:
        name = name_of(child)
        if name == "table:table-row":
            row = _cells(child)
            repeated = count_of(child, "table:number-rows-repeated", MAX_REPEATED_ROWS)
            for _ in range(repeated):
                yield row
        elif name in _ROW_GROUPS:
            yield from _rows(child)


def _cells(row: Element) -> list[Cell[Element]]:
    cells: list[Cell[Element]] = []
    for cell in row:
        if name_of(cell) != "table:table-cell":
            continue  # a covered cell: the cell that covers it spans it
        n_columns = count_of(cell, "table:number-columns-spanned", MAX_COLUMNS)
        n_rows = count_of(cell, "table:number-rows-spanned", 1 << 20)
        repeated = count_of(cell, "table:number-columns-repeated", MAX_COLUMNS - len(cells))
        cells += [Cell(cell, n_columns, n_rows)] * repeated
    return cells
