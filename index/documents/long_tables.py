"""Shorten the long tables of a Markdown text before it is parsed.

The parser takes most of the time of a spreadsheet, and the rows within a table do not change the
blocks of the text: a line that begins with a bar ends neither a table nor a fence around it.
"""

from array import array
from bisect import bisect_left
from dataclasses import dataclass, field

import regex

_TABLE = regex.compile(
    r"(?:\A|(?<=\n\n))(?P<header>\|[^\n]*\|)\n(?P<delimiter>\|(?: ?:?-+:? ?\|)+)\n"
    r"\|[^\n]*\|\n(?P<inner>(?:\|[^\n]*\|\n){8,})(?=\|[^\n]*\|(?:\n|\Z))"
)
_LONGEST_HEADER = 20_000
_MOST_MISSING = 1 << 16
"""The parser ends a table of which so many cells are missing."""
_UNSAFE = regex.compile(
    r"^[ \t]*(?:[->*+][ \t]*|\d+[.)][ \t]*)*"
    r"(?:\[[^\]\n]+\]:|<(?:[!?]|/?(?:script|pre|style|textarea)))",
    regex.MULTILINE | regex.IGNORECASE,
)
"""Link definitions, of which long runs are cut by their offsets, and HTML that a row can end."""


@dataclass(frozen=True, slots=True)
class Shortened:
    """A text without some rows.

    places:  the offsets in it at which rows are missing, ascending
    removed: how many characters are missing up to and with each of these places
    """

    text: str
    places: "array[int]" = field(default_factory=lambda: array("q"))
    removed: "array[int]" = field(default_factory=lambda: array("q"))

    def original(self, offset: int) -> int:
        """Return the offset in the whole text."""
        n = bisect_left(self.places, offset)
        return offset + (self.removed[n - 1] if n else 0)


def shortened(text: str) -> Shortened:
    """Return a text without the rows of its long tables between their first and last row."""
    if not _TABLE.search(text) or _UNSAFE.search(text):
        return Shortened(text)
    pieces: list[str] = []
    places, removed = array("q"), array("q")
    n_kept = n_removed = done = 0
    for table in _TABLE.finditer(text):
        if not _can_be_shortened(table["header"], table["delimiter"], table["inner"]):
            continue
        start, end = table.span("inner")
        pieces.append(text[done:start])
        n_kept += start - done
        n_removed += end - start
        places.append(n_kept)
        removed.append(n_removed)
        done = end
    return Shortened("".join([*pieces, text[done:]]), places, removed)


def _can_be_shortened(header: str, delimiter: str, rows: str) -> bool:
    n_bars = _n_bars(header)
    if n_bars != _n_bars(delimiter) or len(header) > _LONGEST_HEADER:
        return False
    n_missing = sum(max(n_bars - _n_bars(row), 0) for row in rows.split("\n")[:-1])
    return n_missing < _MOST_MISSING // 2


def _n_bars(row: str) -> int:
    """Return the number of bars between cells. A bar after a backslash is text."""
    return row.count("|") - row.count("\\|")
