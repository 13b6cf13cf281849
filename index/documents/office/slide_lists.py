"""The bullets and numbers of paragraphs on PowerPoint slides."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import regex

from index.documents.office.list_numbers import formatted_number
from index.documents.office.xml import Element

A = "{http://schemas.openxmlformats.org/drawingml/2006/main}"
P = "{http://schemas.openxmlformats.org/presentationml/2006/main}"

N_LEVELS = 9

_KINDS = ("buNone", "buAutoNum", "buChar", "buBlip")
_AUTO_NUMBER = regex.compile(
    r"(arabic|alphaLc|alphaUc|romanLc|romanUc)(?:\w*?)(Period|ParenR|ParenBoth|Plain|Minus)"
)
_FORMATS = {"alphaLc": "a", "alphaUc": "A", "romanLc": "i", "romanUc": "I"}
_SIGNS = {"Period": ("", "."), "ParenR": ("", ")"), "ParenBoth": ("(", ")")}


def level_of(paragraph: Element) -> int:
    """Return the level of a paragraph, from 0."""
    properties = paragraph.find(f"{A}pPr")
    level = "0" if properties is None else properties.get("lvl", "0")
    return min(int(level), N_LEVELS - 1) if level.isascii() and level.isdigit() else 0


@dataclass(slots=True)
class SlideList:
    """Counts the numbered paragraphs of one shape.

    styles: where a paragraph's bullet is looked for if it has none of its own, the nearest first:
            elements whose children are `a:lvl1pPr` and so on
    """

    styles: Sequence[Element]
    _counters: list[int | None] = field(default_factory=lambda: [None] * N_LEVELS)

    def label(self, paragraph: Element) -> str | None:
        """Count a paragraph, and return its label: "" for a bullet, None if it is no item."""
        level = level_of(paragraph)
        bullet = next(self._bullets(paragraph, level), None)
        number = bullet is not None and bullet.tag == f"{A}buAutoNum"
        self._counters[level + 1 :] = [None] * (N_LEVELS - level - 1)
        if not number:
            self._counters[level] = None
        if bullet is None or bullet.tag == f"{A}buNone":
            return None
        return self._number(bullet, level) if number else ""

    def _bullets(self, paragraph: Element, level: int) -> Iterator[Element]:
        """Yield the bullets that apply to a paragraph, the nearest first."""
        places = [paragraph.find(f"{A}pPr")]
        places += [style.find(f"{A}lvl{level + 1}pPr") for style in self.styles]
        for place in places:
            for kind in _KINDS if place is not None else ():
                yield from place.iterchildren(A + kind)

    def _number(self, bullet: Element, level: int) -> str:
        start = bullet.get("startAt", "1")
        before = self._counters[level]
        first = int(start) if start.isascii() and start.isdigit() else 1
        self._counters[level] = n = first if before is None else before + 1
        match = _AUTO_NUMBER.match(bullet.get("type", ""))
        kind, sign = (match[1], match[2]) if match else ("arabic", "Period")
        opening, closing = _SIGNS.get(sign, ("", ""))
        return f"{opening}{formatted_number(n, _FORMATS.get(kind, '1'))}{closing}"


def text_of(paragraph: Element) -> str:
    """Return the text of an `a:p`, with its breaks as line ends."""
    pieces = []
    for element in paragraph.iter(f"{A}t", f"{A}br", "{*}t"):
        pieces.append("\n" if element.tag == f"{A}br" else element.text or "")
    return "".join(pieces).replace("\u00ad", "")
