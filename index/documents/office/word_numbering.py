"""The numbers of a Word document's list items, as Word shows them."""

from dataclasses import dataclass, field

import regex

from index.documents.office.list_numbers import formatted_number
from index.documents.office.word_styles import Styles, W, is_on, number_of, value_of
from index.documents.office.xml import Element

N_LEVELS = 9

_BLANK = " \t\uf020"
"""Bullets that show nothing; U+F020 is the space of the fonts for symbols."""

_PLACE = regex.compile(r"%([1-9])")


@dataclass(frozen=True, slots=True)
class ListLabel:
    """The label of a paragraph in a list.

    text:  as shown: `1.2.`, `(a)`; "" for a bullet
    depth: level of the item, from 0
    blank: the list shows nothing, so the paragraph continues an item
    """

    text: str
    depth: int
    blank: bool = False


@dataclass(slots=True)
class _Level:
    start: int
    format: str
    text: str
    restarts: int
    """The number of upper levels whose items restart this level's numbers."""

    legal: bool
    """All upper numbers are written in digits."""

    style: str | None


@dataclass(slots=True)
class WordNumbering:
    """The lists of `w:numbering`, and the number that each level of each has reached."""

    root: Element | None
    styles: Styles
    _counters: dict[str, list[int | None]] = field(default_factory=dict)
    _used: set[tuple[int, int]] = field(default_factory=set)
    _levels: dict[int, tuple[str, dict[int, _Level], dict[int, int]] | None] = field(
        default_factory=dict
    )

    def label(self, properties: Element | None) -> ListLabel | None:
        """Count a paragraph, and return its label; None if it is in no list."""
        numbering, style_id = self.styles.numbering(properties)
        if not numbering.num_id:
            return None
        found = self._list(numbering.num_id)
        if found is None:
            return None
        list_id, levels, starts = found
        depth = numbering.level
        if depth is None:
            depth = next(
                (i for i, each in levels.items() if style_id and each.style == style_id), 0
            )
        level = levels.get(depth)
        if level is None:
            return None
        counters = self._count(list_id, numbering.num_id, depth, levels, starts)
        depth += self.styles.list_depth(properties)
        if level.format == "bullet":
            return ListLabel("", depth, blank=not level.text.strip(_BLANK))
        text = _PLACE.sub(lambda place: _number(int(place[1]) - 1, level, levels, counters),
                          level.text).strip()  # fmt: skip
        return ListLabel(text, depth, blank=not text)

    def _count(
        self,
        list_id: str,
        num_id: int,
        depth: int,
        levels: dict[int, _Level],
        starts: dict[int, int],
    ) -> list[int | None]:
        counters = self._counters.setdefault(list_id, [None] * N_LEVELS)
        if (num_id, depth) not in self._used:
            self._used.add((num_id, depth))
            if depth in starts:
                counters[depth] = starts[depth] - 1
        reached = counters[depth]
        counters[depth] = levels[depth].start if reached is None else reached + 1
        for deeper in range(depth + 1, N_LEVELS):
            if deeper in levels and depth < levels[deeper].restarts:
                counters[deeper] = None
        return counters

    def _list(self, num_id: int) -> tuple[str, dict[int, _Level], dict[int, int]] | None:
        """Return a list's id, its levels, and the numbers with which this use of it starts."""
        if num_id not in self._levels:
            self._levels[num_id] = self._read(num_id)
        return self._levels[num_id]

    def _read(self, num_id: int) -> tuple[str, dict[int, _Level], dict[int, int]] | None:
        num = self._element("num", "numId", str(num_id))
        abstract = self._abstract(num)
        if num is None or abstract is None:
            return None
        elements = {_depth(each): each for each in abstract.iterfind(f"{W}lvl")}
        starts = {}
        for override in num.iterfind(f"{W}lvlOverride"):
            depth = _depth(override)
            own = override.find(f"{W}lvl")
            if own is not None:
                elements[depth] = own
            start = number_of(value_of(override, "startOverride"))
            if start is not None:
                starts[depth] = start
        levels = {
            depth: _level(each, depth) for depth, each in elements.items() if 0 <= depth < N_LEVELS
        }
        return abstract.get(f"{W}abstractNumId", ""), levels, starts

    def _abstract(self, num: Element | None) -> Element | None:
        abstract_id = value_of(num, "abstractNumId")
        abstract = self._element("abstractNum", "abstractNumId", abstract_id)
        link = value_of(abstract, "numStyleLink")
        if link is None:
            return abstract
        linked = self._element("num", "numId", str(self.styles.numbering_of_style(link)))
        return self._element("abstractNum", "abstractNumId", value_of(linked, "abstractNumId"))

    def _element(self, name: str, key: str, identity: str | None) -> Element | None:
        if self.root is None or identity is None:
            return None
        elements = self.root.iterfind(W + name)
        return next((each for each in elements if each.get(W + key) == identity), None)


def _depth(level: Element) -> int:
    depth = number_of(level.get(f"{W}ilvl"))
    return -1 if depth is None else depth


def _level(element: Element, depth: int) -> _Level:
    start = number_of(value_of(element, "start"))
    restarts = number_of(value_of(element, "lvlRestart"))
    return _Level(
        start=1 if start is None else start,
        format=value_of(element, "numFmt") or "decimal",
        text=value_of(element, "lvlText") or "",
        restarts=depth if restarts is None else restarts,
        legal=bool(is_on(element, "isLgl")),
        style=value_of(element, "pStyle"),
    )


def _number(i: int, shown: _Level, levels: dict[int, _Level], counters: list[int | None]) -> str:
    level = levels.get(i)
    if level is None:
        return ""
    n = counters[i]
    format = "decimal" if shown.legal else level.format
    return formatted_number(level.start if n is None else n, format)
