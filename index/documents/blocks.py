"""Blocks (headings, paragraphs, groups of lines) of a canonical text, in a compact list."""

from array import array
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal, overload

from index.types import Span

BlockKind = Literal["heading", "paragraph", "lines"]

LONGEST_BLOCK = 1 << 18
"""In characters. A longer block is split, which bounds the memory for a file without blank line."""

_KINDS: tuple[BlockKind, ...] = ("heading", "paragraph", "lines")
_LOOK_BACK = 4096
_BYTES_PER_BLOCK = 18


@dataclass(frozen=True, slots=True)
class Block:
    """A heading, a paragraph or a group of separate lines.

    kind:  in a `paragraph`, sentences continue across line ends; in `lines`, each line is separate
    level: of a heading, 1 is the outermost; 0 for other kinds
    """

    span: Span
    kind: BlockKind
    level: int = 0


class Blocks(Sequence[Block]):
    """The blocks of a text, in order, 18 bytes each: a file of 32 MiB can have ten million."""

    def __init__(self, text: str, longest: int = LONGEST_BLOCK) -> None:
        self._text = text
        self._longest = longest
        self._starts, self._ends = array("q"), array("q")
        self._kinds, self._levels = bytearray(), bytearray()

    def add(self, start: int, end: int, kind: BlockKind, level: int = 0) -> None:
        """Append text[start:end], without outer white space, as one block, or several if too long.

        Append nothing if the text is all white space.
        """
        while start < end:
            stop = end_of_part(self._text, start, end, self._longest)
            span = trimmed(self._text, start, stop)
            if span is not None:
                self._starts.append(span.start)
                self._ends.append(span.end)
                self._kinds.append(_KINDS.index(kind))
                self._levels.append(level)
            start = stop

    def to_bytes(self) -> bytes:
        """Return the blocks as bytes, without the text."""
        spans = self._starts.tobytes() + self._ends.tobytes()
        return spans + bytes(self._kinds) + bytes(self._levels)

    @classmethod
    def from_bytes(cls, text: str, stored: bytes) -> "Blocks":
        """Return the blocks of a text from the output of to_bytes."""
        blocks, n = cls(text), len(stored) // _BYTES_PER_BLOCK
        blocks._starts.frombytes(stored[: 8 * n])
        blocks._ends.frombytes(stored[8 * n : 16 * n])
        blocks._kinds += stored[16 * n : 17 * n]
        blocks._levels += stored[17 * n :]
        return blocks

    def __len__(self) -> int:
        return len(self._starts)

    @overload
    def __getitem__(self, i: int) -> Block: ...
    @overload
    def __getitem__(self, i: slice) -> list[Block]: ...
    def __getitem__(self, i: int | slice) -> Block | list[Block]:
        if isinstance(i, slice):
            return [self[each] for each in range(len(self))[i]]
        span = Span(self._starts[i], self._ends[i])
        return Block(span, _KINDS[self._kinds[i]], self._levels[i])

    def __iter__(self) -> Iterator[Block]:
        return (self[i] for i in range(len(self)))


def end_of_part(text: str, start: int, end: int, longest: int) -> int:
    """Return the offset at which to cut text[start:end] to at most `longest` characters.

    Cut after the last line end, else after the last space, else at the limit. Return `end` if no
    cut is needed.
    """
    if end - start <= longest:
        return end
    stop = start + longest
    line_end = text.rfind("\n", start, stop) + 1
    if line_end > start:
        return line_end
    space = max(text.rfind(" ", max(start, stop - _LOOK_BACK), stop), start)
    return space + 1 if space > start else stop


def trimmed(text: str, start: int, end: int) -> Span | None:
    """Return the span without white space at its ends, or None if it is all white space."""
    piece = text[start:end]
    left = len(piece) - len(piece.lstrip())
    right = len(piece.rstrip())
    return Span(start + left, start + right) if right > left else None


def lines(text: str, start: int, end: int) -> Iterator[Span]:
    """Yield the lines between two offsets, without their line ends."""
    while start < end:
        stop = text.find("\n", start, end)
        stop = end if stop < 0 else stop
        yield Span(start, stop)
        start = stop + 1
