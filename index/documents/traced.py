"""Texts whose characters remember where they come from."""

from array import array
from collections.abc import Collection, Iterable
from dataclasses import dataclass

ADDED = -1
"""The origin of a character that the source does not have."""


@dataclass(frozen=True, slots=True)
class Traced:
    """A text and the origin of each of its code points.

    origins: as many as code points; the number of the character in the source, or ADDED. The
             letters of a ligature have the same origin

    >>> word = Traced.of("files", 7)
    >>> (word[1:3] + Traced.added("-")).origins.tolist()
    [8, 9, -1]
    """

    text: str
    origins: "array[int]"

    @classmethod
    def of(cls, text: str, first: int) -> "Traced":
        """Return the text of consecutive characters of the source, from the number `first` on."""
        return cls(text, array("i", range(first, first + len(text))))

    @classmethod
    def added(cls, text: str) -> "Traced":
        """Return a text that is not in the source."""
        return cls(text, array("i", [ADDED]) * len(text))

    def __getitem__(self, part: slice) -> "Traced":
        return Traced(self.text[part], self.origins[part])

    def __add__(self, other: "Traced") -> "Traced":
        return Traced(self.text + other.text, self.origins + other.origins)

    def without(self, places: Collection[int]) -> "Traced":
        """Return the text without the code points at these places."""
        kept = [i for i in range(len(self.text)) if i not in places]
        text = "".join(self.text[i] for i in kept)
        return Traced(text, array("i", [self.origins[i] for i in kept]))

    def with_added(self, text: str, places: Iterable[int]) -> "Traced":
        """Return the text with another one added before each of these places, ascending."""
        result, start = Traced.added(""), 0
        for place in places:
            result, start = result + self[start:place] + Traced.added(text), place
        return result + self[start:]


def joined(separator: str, parts: Iterable[Traced]) -> Traced:
    """Return the parts with an added separator between them."""
    listed = list(parts)
    between = array("i", [ADDED]) * len(separator)
    origins = array("i")
    for n, part in enumerate(listed):
        if n:
            origins += between
        origins += part.origins
    return Traced(separator.join(part.text for part in listed), origins)
