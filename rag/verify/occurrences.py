"""Find the exact quote elsewhere in a text."""

from collections.abc import Iterator
from itertools import chain, islice

from index.types import Span

_MAX_OCCURRENCES = 10_000
"""Occurrences that are compared; a quote with more of them is a very common phrase."""

_MAX_CHARACTERS = 20_000_000
"""Of all compared occurrences together: finding each takes time linear in the quote's length."""

_REACH = 2**20
"""If there are too many occurrences, those are compared that follow the place this many characters
before the old position, and those next to the old position."""


def best_occurrence(text: str, quote: str, start: int, prefix: str, suffix: str) -> Span | None:
    """Return the occurrence whose surroundings agree best with prefix and suffix, then the nearest.

    Surroundings agree in the number of equal characters next to the quote, before and after it
    together. start: the old position of the quote. None if the text does not contain the quote.

    >>> best_occurrence("a cat. The cat.", "cat", 2, "The ", ".")
    Span(start=11, end=14)
    """

    def preference(at: int) -> tuple[int, int]:
        before = text[max(0, at - len(prefix)) : at]
        after = text[at + len(quote) : at + len(quote) + len(suffix)]
        agreement = n_equal(reversed(before), reversed(prefix)) + n_equal(after, suffix)
        return agreement, -abs(at - start)

    n = min(_MAX_OCCURRENCES, 1 + _MAX_CHARACTERS // len(quote))
    places = (max(0, start - reach) for reach in (_REACH, n // 2))
    found = (islice(_occurrences(text, quote, place), n) for place in places)
    best = max(chain.from_iterable(found), key=preference, default=None)
    return None if best is None else Span(best, best + len(quote))


def n_equal(characters: Iterator[str] | str, others: Iterator[str] | str) -> int:
    """Return the length of the common beginning of two texts.

    >>> n_equal("abcd", "abd")
    2
    """
    n = 0
    for one, other in zip(characters, others, strict=False):
        if one != other:
            break
        n += 1
    return n


def _occurrences(text: str, quote: str, start: int) -> Iterator[int]:
    """Yield the offsets of the quote from `start` on, then those before."""
    start = min(start, len(text))
    end_of_first = min(len(text), start + len(quote) - 1)
    return chain(_found(text, quote, start, len(text)), _found(text, quote, 0, end_of_first))


def _found(text: str, quote: str, start: int, end: int) -> Iterator[int]:
    at = text.find(quote, start, end)
    while at >= 0:
        yield at
        at = text.find(quote, at + 1, end)
