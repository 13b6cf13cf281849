"""Choose which segments of a BM25 index an update writes again.

A segment is a part of the index that tantivy searches separately. Removed chunks in a segment would
still count in the frequencies of terms, so a segment that loses a chunk is written again without
it, in 0.08 ms for each chunk. More segments make an update cheaper and a search slower: with 18,000
chunks, each segment takes 0.08 ms of a question. So an index has about N_LARGE large segments and a
few small ones, with the chunks that were added last.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from math import ceil

N_LARGE = 3
LEAST_LIMIT = 2500
"""A segment of at most this many chunks is never split: it is written in 0.2 s."""

_GROWTH = 8
"""New chunks are written together with a segment of up to this many times their number. So a chunk
that is added is written again a few times, and there are few small segments."""


@dataclass(frozen=True, slots=True)
class Segment:
    """A segment of the former index. n_removed: how many of its n_chunks are removed."""

    n_chunks: int
    n_removed: int = 0

    @property
    def n_left(self) -> int:
        return self.n_chunks - self.n_removed


@dataclass(frozen=True, slots=True)
class Plan:
    """What to do with the former segments, by their numbers.

    kept:   stay as they are
    joined: the chunks left in them are written together with the new chunks
    alone:  the chunks left in each are written as a segment
    The other segments have no chunk left.
    """

    kept: list[int] = field(default_factory=list)
    joined: list[int] = field(default_factory=list)
    alone: list[int] = field(default_factory=list)


def plan(segments: Sequence[Segment], n_added: int) -> Plan:
    """Return a plan for an update of an index that has these segments.

    >>> plan([Segment(2000), Segment(2000, n_removed=1), Segment(40)], n_added=6)
    Plan(kept=[0], joined=[2], alone=[1])
    """
    most = limit(sum(each.n_left for each in segments) + n_added)
    chosen, n_joined = Plan(), n_added
    for number in sorted(range(len(segments)), key=lambda i: segments[i].n_left):
        n_left, is_touched = segments[number].n_left, segments[number].n_removed > 0
        if not n_left:
            continue
        first = is_touched and not n_joined
        if first or (n_left <= _GROWTH * n_joined and n_left + n_joined <= most):
            chosen.joined.append(number)
            n_joined += n_left
        else:
            (chosen.alone if is_touched else chosen.kept).append(number)
    return chosen


def limit(n_chunks: int) -> int:
    """Return the most chunks that a new segment of an index with n_chunks chunks has."""
    return max(LEAST_LIMIT, ceil(n_chunks / N_LARGE))


def even_size(n: int, most: int) -> int:
    """Return the size of equal parts of n chunks, none above `most`; the last may be smaller.

    >>> even_size(5001, 2500)
    1667
    """
    return ceil(n / max(1, ceil(n / most)))
