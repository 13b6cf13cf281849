"""The numbers of list items, as a browser shows them."""

import re
from dataclasses import dataclass

from index.documents.html.tree import Element

_INTEGER = re.compile(r"\s*([+-]?\d{1,9})")
_STYLES = {
    "decimal": "1", "lower-alpha": "a", "lower-latin": "a", "upper-alpha": "A", "upper-latin": "A",
    "lower-roman": "i", "upper-roman": "I", "none": "", "disc": "", "circle": "", "square": "",
}  # fmt: skip
_STYLE = re.compile(r"list-style(?:-type)?\s*:\s*([a-z-]+)", re.IGNORECASE)
_ROMAN = (
    (1000, "m"), (900, "cm"), (500, "d"), (400, "cd"), (100, "c"), (90, "xc"), (50, "l"),
    (40, "xl"), (10, "x"), (9, "ix"), (5, "v"), (4, "iv"), (1, "i"),
)  # fmt: skip


@dataclass(slots=True)
class Numbering:
    """The numbering of a list. style: `1`, `a`, `A`, `i`, `I`, or "" without numbers."""

    style: str
    following: int = 1
    step: int = 1

    @classmethod
    def of(cls, element: Element) -> "Numbering":
        """Return the numbering of a list element."""
        if element.tag != "ol":
            return cls("")
        style = _style_of(element) or "1"
        step = -1 if "reversed" in element.attributes else 1
        n_items = sum(each.tag == "li" for each in element.elements) if step < 0 else 1
        start = _INTEGER.match(element.get("start"))
        return cls(style, int(start.group(1)) if start else n_items, step)

    def number(self, item: Element) -> int | str | None:
        """Return the number of the next item, or None if the list has none."""
        value = _INTEGER.match(item.get("value"))
        n = int(value.group(1)) if value else self.following
        self.following = n + self.step
        return formatted(n, _style_of(item) or self.style) if self.style else None


def _style_of(element: Element) -> str:
    kind = element.get("type")
    if kind in ("1", "a", "A", "i", "I"):
        return kind
    style = _STYLE.search(element.get("style"))
    return _STYLES.get(style.group(1).lower(), "") if style else ""


def formatted(n: int, style: str) -> int | str:
    """Return a number in a style.

    >>> formatted(28, "a"), formatted(4, "I"), formatted(7, "1")
    ('ab', 'IV', 7)
    """
    if style in ("a", "A") and n > 0:
        text = _letters(n)
    elif style in ("i", "I") and 0 < n < 4000:
        text = _roman(n)
    else:
        return n if 0 <= n < 10**9 else str(n)
    return text.upper() if style.isupper() else text


def _letters(n: int) -> str:
    text = ""
    while n > 0:
        n, letter = divmod(n - 1, 26)
        text = chr(ord("a") + letter) + text
    return text


def _roman(n: int) -> str:
    text = ""
    for value, numeral in _ROMAN:
        text += numeral * (n // value)
        n %= value
    return text
