"""Places of a document's source: slides, sheets, rows, anchors, times."""

from bisect import bisect_right
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

PlaceKind = Literal[
    "page-label", "slide", "sheet", "row", "anchor", "time", "record", "cell", "part"
]


@dataclass(frozen=True, slots=True)
class Place:
    """A named place of the source. It holds from `start` to the next place of the same kind.

    start:        offset in the canonical text
    label:        as people write it: `iv`, `Prices`, `12`, `#install`, `00:01:05`; "" ends the
                  place before it
    counts_lines: the label is a number, and each later line of the text is the next number
    """

    start: int
    kind: PlaceKind
    label: str
    counts_lines: bool = False


@dataclass(frozen=True, slots=True)
class PlaceRange:
    """The places of one kind that a span begins and ends in. They are equal within one place."""

    kind: PlaceKind
    first: str
    last: str


PlacesByKind = Mapping[PlaceKind, Sequence[Place]]
"""In order of their offsets."""


def by_kind(places: Iterable[Place]) -> PlacesByKind:
    """Group places by kind."""
    grouped: dict[PlaceKind, list[Place]] = {}
    for place in sorted(places, key=lambda each: each.start):
        grouped.setdefault(place.kind, []).append(place)
    return grouped


def ranges_of(
    places: PlacesByKind, start: int, end: int, line_of: Callable[[int], int]
) -> tuple[PlaceRange, ...]:
    """Return the places of each kind that hold in the text [start, end).

    line_of: the line number of an offset

    >>> rows = by_kind([Place(0, "row", "1"), Place(9, "row", "2"), Place(20, "row", "")])
    >>> ranges_of(rows, 3, 12, line_of=lambda offset: 0)
    (PlaceRange(kind='row', first='1', last='2'),)
    """
    last = max(start, end - 1)
    ranges = (_range(kind, of_kind, start, last, line_of) for kind, of_kind in places.items())
    return tuple(each for each in ranges if each is not None)


def _range(
    kind: PlaceKind,
    places: Sequence[Place],
    start: int,
    last: int,
    line_of: Callable[[int], int],
) -> PlaceRange | None:
    first = bisect_right(places, start, key=_start)
    end = bisect_right(places, last, key=_start)
    labels = [_label(places, first - 1, start, line_of)]
    labels += [place.label for place in places[first:end]]
    labels = [label for label in labels if label]
    if not labels:
        return None
    return PlaceRange(kind, labels[0], _label(places, end - 1, last, line_of) or labels[-1])


def _start(place: Place) -> int:
    return place.start


def _label(places: Sequence[Place], i: int, offset: int, line_of: Callable[[int], int]) -> str:
    """Return the label at an offset of place i, which holds there; "" if i is -1."""
    if i < 0:
        return ""
    place = places[i]
    if not place.counts_lines:
        return place.label
    return str(int(place.label) + line_of(offset) - line_of(place.start))
