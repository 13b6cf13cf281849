"""Write the elements of a page as canonical text.

Text is collected until a block begins or ends, then written as a heading, an item, a cell or a
paragraph. In a heading, a term or a cell, blocks only end lines. The walk is iterative, so the
depth of a page is not limited by the stack.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from index.documents.html.code import code_of, language_of
from index.documents.html.lists import Numbering
from index.documents.html.names import BLOCKS, HEADINGS
from index.documents.html.small_text import math_text, picture_text, superscript_text
from index.documents.html.tables import Table, cell_of, is_layout
from index.documents.html.tree import Element
from index.documents.markup_text import MarkupText

LONGEST_ANCHOR = 200
"""In characters. A longer id is not stored."""

_WHITE = re.compile(r"[ \t\n\r\f]+")
_GENERATED = re.compile(r"(?:index-|idm?|idp|id-|_Toc|_Ref|h-|term-|L|cb)[\d.-]+(?:-\d+)*$")
_CAPTURED = {*HEADINGS, "dt", "td", "th"}
_ADMONITIONS = frozenset(
    """admonition admonitionblock alert attention callout caution danger error hint important note
    seealso tip warning""".split()
)
_LISTS = frozenset({"ul", "ol", "menu", "dir"})


def write_page(root: Element, text: MarkupText, before: Element | None = None) -> None:
    """Write the content of an element, and before it the heading `before` if there is one."""
    writer = _Writer(text)
    if before is not None:
        writer.walk(before)
    writer.walk(root)


@dataclass(slots=True)
class _Item:
    """A list item or a definition. is_written: its own text is in the canonical text."""

    number: int | str | None = None
    is_written: bool = False
    is_list_item: bool = True


@dataclass(slots=True)
class _Writer:
    text: MarkupText
    line: list[str] = field(default_factory=list)
    captures: list[list[str]] = field(default_factory=list)
    anchors: list[str] = field(default_factory=list)
    lists: list[Numbering] = field(default_factory=list)
    items: list[_Item] = field(default_factory=list)
    terms: list[list[str]] = field(default_factory=list)
    tables: list[Table] = field(default_factory=list)
    sections: list[str] = field(default_factory=list)
    depth: int = 0
    n_quotes: int = 0
    is_after_break: bool = False

    # The walk

    def walk(self, root: Element) -> None:
        """Write an element and all in it."""
        if not self._enter(root):
            return
        stack: list[tuple[Element, Iterator[Element | str]]] = [(root, iter(root.children))]
        while stack:
            element, children = stack[-1]
            for child in children:
                if isinstance(child, str):
                    self._write(child)
                elif not child.dropped and self._enter(child):
                    stack.append((child, iter(child.children)))
                    break
            else:
                stack.pop()
                self._leave(element)

    def _enter(self, element: Element) -> bool:
        """Begin an element. Return whether to write its children and then leave it."""
        tag = element.tag
        if tag in BLOCKS:
            self._break()
        self._add_anchor(element)
        begin = _BEGIN.get(tag)
        if begin is not None:
            return begin(self, element)
        if tag in _CAPTURED:
            self._begin_capture(element)
        return True

    def _leave(self, element: Element) -> None:
        tag = element.tag
        end = _END.get(tag)
        if end is not None:
            end(self, element)
        if tag in BLOCKS:
            self._break()

    # Text and blocks

    def _write(self, text: str) -> None:
        if text:
            self.is_after_break = self.is_after_break and text.isspace()
            self._target.append(_WHITE.sub(" ", text))

    @property
    def _target(self) -> list[str]:
        return self.captures[-1] if self.captures else self.line

    def _break(self) -> None:
        """End the line; outside of headings, terms and cells, write what was collected."""
        if self.captures:
            self.captures[-1].append("\n")
            return
        if not self.line:
            return
        text = _without_marks("".join(self.line))
        self.line.clear()
        self.is_after_break = False
        if text.strip():
            self._paragraph(text)

    def _paragraph(self, text: str) -> None:
        item = self.items[-1] if self.items else None
        self._place_anchors()
        if item is None or item.is_written or not item.is_list_item:
            self.text.paragraph(text, depth=self.depth, quoted=self.n_quotes)
            return
        depth, self.depth = self.depth, self.depth + 1
        item.is_written = True
        if isinstance(item.number, str):
            self.text.item(f"{item.number}. {text.lstrip()}", depth=depth)
        else:
            self.text.item(text, depth=depth, number=item.number)

    def _add_anchor(self, element: Element) -> None:
        if not element.attributes:
            return
        name = element.get("id") or (element.get("name") if element.tag == "a" else "")
        if name and len(name) <= LONGEST_ANCHOR:
            self.anchors.append(name)

    def _place_anchors(self) -> None:
        """Add the places of the next block. The last is the one that a citation names."""
        for name in sorted(self.anchors, key=lambda each: _GENERATED.match(each) is None):
            self.text.place("anchor", f"#{name}")
        self.anchors.clear()

    def _br(self, _: Element) -> bool:
        if self.is_after_break and not self.captures:
            self._break()
            return False
        self._target.append("\n")
        self.is_after_break = True
        return False

    # Headings, terms and cells: their text is collected apart

    def _begin_capture(self, element: Element) -> bool:
        if element.tag in ("td", "th") and not self._in_table:
            return True
        self.captures.append([])
        return True

    @property
    def _in_table(self) -> bool:
        return bool(self.tables) and len(self.captures) == 0

    def _captured(self) -> str:
        return _without_marks("".join(self.captures.pop())) if self.captures else ""

    def _end_heading(self, element: Element) -> None:
        text = self._captured()
        if self.captures or self._is_below_text(element):
            self._write(text)
            self._break()
        elif text.strip():
            self._place_anchors()
            self.text.heading(HEADINGS[element.tag], text)
            for item in self.items:
                item.is_written = item.is_list_item = False
            self.depth = 0

    def _is_below_text(self, heading: Element) -> bool:
        """Return whether a heading is one of a quotation or a note, not of the page."""
        parent = heading.parent
        names = parent.get("class").lower().split() if parent is not None else []
        return self.n_quotes > 0 or not _ADMONITIONS.isdisjoint(names)

    # Lists

    def _begin_list(self, element: Element) -> bool:
        self.lists.append(Numbering.of(element))
        return True

    def _end_list(self, _: Element) -> None:
        self._break()
        self.lists.pop()

    def _begin_item(self, element: Element) -> bool:
        self.items.append(_Item(self.lists[-1].number(element) if self.lists else None))
        return True

    def _end_item(self, _: Element) -> None:
        self._break()
        self.depth -= self.items.pop().is_written

    def _begin_definitions(self, _: Element) -> bool:
        self.terms.append([])
        return True

    def _end_definitions(self, _: Element) -> None:
        self._break()
        self._write_terms()
        self.terms.pop()

    def _end_term(self, _: Element) -> None:
        text = self._captured()
        if self.captures or not self.terms:
            self._write(text)
            self._break()
        elif text.strip():
            self.terms[-1].append(text)

    def _write_terms(self) -> bool:
        """Write the terms of the next definition as an item. Return whether there are any."""
        if self.captures or not self.terms or not self.terms[-1]:
            return False
        self._place_anchors()
        self.text.item("\n".join(self.terms[-1]), depth=self.depth)
        self.terms[-1].clear()
        return True

    def _begin_definition(self, _: Element) -> bool:
        self._write_terms()
        is_below_term = bool(self.terms)
        self.items.append(_Item(is_written=is_below_term, is_list_item=False))
        self.depth += is_below_term
        return True

    # Tables, code, quotations

    def _begin_table(self, element: Element) -> bool:
        if self.captures or is_layout(element):
            return True
        self.tables.append(Table())
        self.sections.append("tbody")
        element.attributes = {**element.attributes, _GRID: ""}
        return True

    def _end_table(self, element: Element) -> None:
        if _GRID not in element.attributes:
            return
        self._break()
        self.sections.pop()
        self._place_anchors()
        self.text.table(self.tables.pop().grid(), depth=self.depth)

    def _begin_section(self, element: Element) -> bool:
        if self._in_table:
            self.sections[-1] = element.tag
        return True

    def _begin_row(self, _: Element) -> bool:
        if self._in_table:
            self.tables[-1].begin_row(self.sections[-1])
        return True

    def _end_cell(self, element: Element) -> None:
        if self.tables and len(self.captures) == 1:
            text = self._captured()
            self.tables[-1].add(cell_of(element, text), self.sections[-1])

    def _pre(self, element: Element) -> bool:
        if self.captures:
            return True
        self._place_anchors_in(element)
        self.text.code(code_of(element), language_of(element), depth=self.depth)
        return False

    def _place_anchors_in(self, element: Element) -> None:
        for each in element.descendants():
            if isinstance(each, Element):
                self._add_anchor(each)
        self._place_anchors()

    def _begin_quotation(self, _: Element) -> bool:
        self.n_quotes += 1
        return True

    def _end_quotation(self, _: Element) -> None:
        self._break()
        self.n_quotes -= 1

    # Within a line

    def _put(self, text: str) -> None:
        self._write(text)

    def _picture(self, element: Element) -> bool:
        self._put(picture_text(element))
        return False

    def _math(self, element: Element) -> bool:
        self._put(math_text(element))
        return False

    def _superscript(self, element: Element) -> bool:
        text = superscript_text(element, before="".join(self._target[-2:]))
        if text is None:
            return True
        for each in element.descendants():
            if isinstance(each, Element):
                self._add_anchor(each)
        self._put(text)
        return False

    def _skip(self, _: Element) -> bool:
        return False

    def _open_quote(self, _: Element) -> bool:
        self._put("“")
        return True

    def _close_quote(self, _: Element) -> None:
        self._put("”")

    def _open_ruby(self, _: Element) -> bool:
        self._put("(")
        return True

    def _close_ruby(self, _: Element) -> None:
        self._put(")")


_GRID = " grid"
"""Marks the attributes of a table that is written as one; no attribute of a page has a space."""

_Begin = Callable[[_Writer, Element], bool]
_End = Callable[[_Writer, Element], None]

_BEGIN: dict[str, _Begin] = {
    "blockquote": _Writer._begin_quotation,
    "br": _Writer._br,
    "dd": _Writer._begin_definition,
    "dl": _Writer._begin_definitions,
    "img": _Writer._picture,
    "li": _Writer._begin_item,
    "listing": _Writer._pre,
    "math": _Writer._math,
    "plaintext": _Writer._pre,
    "pre": _Writer._pre,
    "q": _Writer._open_quote,
    "rp": _Writer._skip,
    "rt": _Writer._open_ruby,
    "sup": _Writer._superscript,
    "table": _Writer._begin_table,
    "tbody": _Writer._begin_section,
    "tfoot": _Writer._begin_section,
    "thead": _Writer._begin_section,
    "tr": _Writer._begin_row,
    "xmp": _Writer._pre,
    **dict.fromkeys(_LISTS, _Writer._begin_list),
}
_END: dict[str, _End] = {
    "blockquote": _Writer._end_quotation,
    "dd": _Writer._end_item,
    "dl": _Writer._end_definitions,
    "dt": _Writer._end_term,
    "li": _Writer._end_item,
    "q": _Writer._close_quote,
    "rt": _Writer._close_ruby,
    "table": _Writer._end_table,
    "td": _Writer._end_cell,
    "th": _Writer._end_cell,
    **dict.fromkeys(_LISTS, _Writer._end_list),
    **dict.fromkeys(HEADINGS, _Writer._end_heading),
}


def _without_marks(text: str) -> str:
    """Return a text without soft hyphens and zero-width spaces, which are not visible."""
    return text.replace("\xad", "").replace("\u200b", "")
