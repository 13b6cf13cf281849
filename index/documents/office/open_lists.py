"""The numbers of an OpenDocument file's list items and headings, as they are shown."""

from dataclasses import dataclass, field

import regex

from index.documents.office.list_numbers import formatted_number
from index.documents.office.opendocument import OpenStyles, attribute, name_of
from index.documents.office.xml import Element

N_LEVELS = 10

_PLACE = regex.compile(r"%(\d{1,2})%")
_NUMBERED = ("text:list-level-style-number", "text:outline-level-style")

Counters = list[int | None]
"""The number that each level of a list has reached."""


def new_counters() -> Counters:
    return [None] * N_LEVELS


@dataclass(slots=True)
class OpenLists:
    """The list styles of a document, and the lists that a later list may continue."""

    styles: OpenStyles
    _by_id: dict[str, Counters] = field(default_factory=dict)
    _by_style: dict[str, Counters] = field(default_factory=dict)
    _outline: Counters = field(default_factory=new_counters)

    def counters_of(self, element: Element, style: str) -> Counters:
        """Return the counters of a `text:list` that is in no other: new ones, or continued."""
        continued = attribute(element, "text:continue-list")
        counters = self._by_id.get(continued) if continued else None
        if counters is None and attribute(element, "text:continue-numbering") == "true":
            counters = self._by_style.get(style)
        if counters is None:
            counters = new_counters()
        self._by_style[style] = counters
        self._by_id[attribute(element, "xml:id")] = counters
        return counters

    def label(self, style: str, depth: int, counters: Counters, start: int | None) -> str | None:
        """Count an item, and return its label; "" for a bullet, None if nothing is shown.

        start: the number of the item, if the file gives it
        """
        return _label(self.styles.lists.get(style), depth, counters, start)

    def heading_label(self, depth: int) -> str:
        """Count a heading that is in no list, and return its label, or ""."""
        if self.styles.outline is None or depth >= N_LEVELS:
            return ""
        return _label(self.styles.outline, depth, self._outline, None) or ""


def _label(style: Element | None, depth: int, counters: Counters, start: int | None) -> str | None:
    depth = min(depth, N_LEVELS - 1)
    levels = {} if style is None else {_level_of(each): each for each in style}
    level = levels.get(depth)
    if start is not None:
        counters[depth] = start
    else:
        reached = counters[depth]
        counters[depth] = _start_of(level) if reached is None else reached + 1
    counters[depth + 1 :] = [None] * (N_LEVELS - depth - 1)
    if level is not None and not attribute(level, "text:bullet-char", "•").strip(" \uf020"):
        return None  # a bullet that shows nothing: the paragraph continues an item
    if level is None or name_of(level) not in _NUMBERED:
        return ""
    numbers = [
        formatted_number(_start_of(levels.get(i)) if n is None else n,
                         _format_of(levels.get(i)))
        for i, n in enumerate(counters[: depth + 1])
    ]  # fmt: skip
    return _shown(level, numbers) or None


def _level_of(level: Element) -> int:
    value = attribute(level, "text:level")
    return int(value) - 1 if value.isascii() and value.isdigit() else -1


def _start_of(level: Element | None) -> int:
    value = "" if level is None else attribute(level, "text:start-value")
    return int(value) if value.isascii() and value.isdigit() else 1


def _format_of(level: Element | None) -> str:
    return "1" if level is None else attribute(level, "style:num-format")


def _shown(level: Element, numbers: list[str]) -> str:
    """Return the label. numbers: of the upper levels and this one"""
    if not numbers[-1]:
        return ""
    pattern = attribute(level, "loext:num-list-format")
    if pattern:
        shown = _PLACE.sub(lambda place: _at(numbers, int(place[1]) - 1), pattern)
        return shown.strip()
    value = attribute(level, "text:display-levels")
    n_shown = int(value) if value.isascii() and value.isdigit() else 1
    prefix, suffix = attribute(level, "style:num-prefix"), attribute(level, "style:num-suffix")
    return f"{prefix}{'.'.join(n for n in numbers[-n_shown:] if n)}{suffix}".strip()


def _at(numbers: list[str], i: int) -> str:
    return numbers[i] if 0 <= i < len(numbers) else ""
