"""The styles of a Word document: heading levels, numbering and hidden text, with inheritance."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import regex

from index.documents.office.xml import Element

W = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"

_BODY_TEXT_LEVEL = 9
_LONGEST_CHAIN = 50
_HEADING_NAME = regex.compile(r"heading (\d)", regex.IGNORECASE)
_CONTENTS_NAME = regex.compile(r"toc (?:\d|heading)|table of figures", regex.IGNORECASE)
_LIST_NAME = regex.compile(r"list (?:bullet|number|continue)? ?([2-5])", regex.IGNORECASE)


def value_of(element: Element, *path: str) -> str | None:
    """Return the `w:val` of a descendant, by the local names of its path; None if it is missing."""
    for name in path:
        element = None if element is None else element.find(W + name)
    return None if element is None else element.get(f"{W}val")


def is_on(element: Element, *path: str) -> bool | None:
    """Return whether an on-off property is on; None if it is missing."""
    for name in path:
        element = None if element is None else element.find(W + name)
    if element is None:
        return None
    return element.get(f"{W}val", "true") not in ("0", "false", "off")


def number_of(text: str | None) -> int | None:
    """Return a whole number, or None."""
    return int(text) if text is not None and regex.fullmatch(r"-?\d{1,9}", text) else None


@dataclass(frozen=True, slots=True)
class Numbering:
    """The list and level of a paragraph. num_id 0 is no list; None is inherited."""

    num_id: int | None
    level: int | None


def numbering_of(properties: Element | None) -> Numbering:
    """Return the numbering in paragraph properties."""
    return Numbering(
        number_of(value_of(properties, "numPr", "numId")),
        number_of(value_of(properties, "numPr", "ilvl")),
    )


class Styles:
    """The styles of a document by their ids. `w:styles` may be None: then there are none."""

    def __init__(self, root: Element | None) -> None:
        styles = () if root is None else root.iterfind(f"{W}style")
        self._styles: Mapping[str, Element] = {s.get(f"{W}styleId", ""): s for s in styles}
        self._default = next(
            (
                style_id
                for style_id, style in self._styles.items()
                if style.get(f"{W}type") == "paragraph"
                and style.get(f"{W}default") in ("1", "true", "on")
            ),
            None,
        )

    def _chain(self, style_id: str | None) -> Iterator[Element]:
        """Yield a style and those that it is based on."""
        seen: set[str] = set()
        while style_id is not None and style_id in self._styles and len(seen) < _LONGEST_CHAIN:
            if style_id in seen:
                return
            seen.add(style_id)
            style = self._styles[style_id]
            yield style
            style_id = value_of(style, "basedOn")

    def _names(self, style_id: str | None) -> Iterator[str]:
        return (value_of(style, "name") or "" for style in self._chain(style_id))

    def heading_level(self, properties: Element | None) -> int | None:
        """Return the level of a heading, from 1; None for other paragraphs."""
        outline = number_of(value_of(properties, "outlineLvl"))
        if outline is None:
            outline = self._outline_of_style(value_of(properties, "pStyle"))
        return outline + 1 if outline is not None and 0 <= outline < _BODY_TEXT_LEVEL else None

    def _outline_of_style(self, style_id: str | None) -> int | None:
        for style in self._chain(style_id or self._default):
            outline = number_of(value_of(style, "pPr", "outlineLvl"))
            if outline is not None:
                return outline
            name = _HEADING_NAME.fullmatch(value_of(style, "name") or "")
            if name:
                return int(name[1]) - 1
        return None

    def is_title(self, properties: Element | None) -> bool:
        names = self._names(value_of(properties, "pStyle"))
        return any(name.lower() == "title" for name in names)

    def is_contents(self, properties: Element | None) -> bool:
        """Return whether a paragraph is of a table of contents."""
        names = self._names(value_of(properties, "pStyle"))
        return any(_CONTENTS_NAME.fullmatch(name) for name in names)

    def list_depth(self, properties: Element | None) -> int:
        """Return the depth of the built-in list styles: 1 for `List Bullet 2`."""
        for name in self._names(value_of(properties, "pStyle")):
            match = _LIST_NAME.fullmatch(name)
            if match:
                return int(match[1]) - 1
        return 0

    def numbering(self, properties: Element | None) -> tuple[Numbering, str | None]:
        """Return the numbering of a paragraph, and the style that has it, or None."""
        own = numbering_of(properties)
        if own.num_id is not None:
            return own, None
        style_id = value_of(properties, "pStyle") or self._default
        for style in self._chain(style_id):
            numbering = numbering_of(style.find(f"{W}pPr"))
            if numbering.num_id is not None:
                level = own.level if own.level is not None else numbering.level
                return Numbering(numbering.num_id, level), style.get(f"{W}styleId")
        return Numbering(None, None), None

    def numbering_of_style(self, style_id: str) -> int | None:
        """Return the list of a numbering style."""
        style = self._styles.get(style_id)
        return None if style is None else numbering_of(style.find(f"{W}pPr")).num_id

    def is_hidden(self, style_id: str | None) -> bool:
        """Return whether a style hides its text."""
        for style in self._chain(style_id):
            hidden = is_on(style, "rPr", "vanish")
            if hidden is not None:
                return hidden
        return False
