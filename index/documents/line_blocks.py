"""Blocks of text formats whose structure shows at the beginnings of lines.

A format describes the lines that are not prose. The lines between them are read as plain text,
without its headings, which are guesses that such formats do not need.
"""

from array import array
from bisect import bisect_right
from collections.abc import Callable
from typing import NamedTuple

import regex

from index.documents.blocks import BlockKind, Blocks
from index.documents.structure import plain_blocks

_LINE_END = regex.compile("\n")


class Lines:
    """The lines of a text, without their line ends; 8 bytes each, besides the text."""

    def __init__(self, text: str) -> None:
        self.text = text
        self._starts = array("q", [0])
        self._starts.extend(found.end() for found in _LINE_END.finditer(text))

    def __len__(self) -> int:
        return len(self._starts)

    def __getitem__(self, i: int) -> str:
        return self.text[self.start(i) : self.end(i)]

    def start(self, i: int) -> int:
        return self._starts[i]

    def end(self, i: int) -> int:
        return self._starts[i + 1] - 1 if i + 1 < len(self._starts) else len(self.text)

    def row_of(self, offset: int) -> int:
        """Return the line that contains an offset. A line end belongs to the line before it."""
        return bisect_right(self._starts, offset) - 1

    def visible_start(self, i: int) -> int:
        """Return the offset of the first character of a line that is not white space."""
        return self.start(i) + len(self[i]) - len(self[i].lstrip())

    def is_blank(self, i: int) -> bool:
        return not self[i].strip()

    def indent(self, i: int) -> int:
        """Return the width of the white space before a line, with tabs to the next 8 columns."""
        line = self[i]
        return len(line[: len(line) - len(line.lstrip())].expandtabs(8))

    def first_visible(self, i: int) -> int:
        """Return the first line from i that is not blank; the number of lines if there is none."""
        while i < len(self) and self.is_blank(i):
            i += 1
        return i

    def end_of_indented(self, i: int, least: int) -> int:
        """Return the line after the lines from i that are indented by at least so much."""
        end = i
        while i < len(self):
            if not self.is_blank(i):
                if self.indent(i) < least:
                    break
                end = i + 1
            i += 1
        return end

    def end_of_enclosed(self, i: int, is_end: Callable[[str], bool]) -> int:
        """Return the line after the next line from i that ends a block; the last without one."""
        while i < len(self):
            i += 1
            if is_end(self[i - 1]):
                break
        return i


class Part(NamedTuple):
    """Lines that are no prose. end: the line after them. level: of a heading, else 0."""

    end: int
    kind: BlockKind = "lines"
    level: int = 0


PartAt = Callable[[Lines, int], Part | None]
"""Returns the part that begins at a line that is not blank, or None if it is prose."""


def blocks_of_lines(text: str, part_at: PartAt) -> Blocks:
    """Return the blocks of a text."""
    lines, blocks = Lines(text), Blocks(text)
    i = prose = 0
    while i < len(lines):
        part = None if lines.is_blank(i) else part_at(lines, i)
        if part is None:
            i += 1
            continue
        _add_prose(blocks, text, lines.start(prose), lines.start(i))
        blocks.add(lines.start(i), lines.end(part.end - 1), part.kind, part.level)
        i = prose = part.end
    if prose < len(lines):
        _add_prose(blocks, text, lines.start(prose), len(text))
    return blocks


def _add_prose(blocks: Blocks, text: str, start: int, end: int) -> None:
    for block in plain_blocks(text[start:end]):
        kind: BlockKind = "lines" if block.kind == "lines" else "paragraph"
        blocks.add(start + block.span.start, start + block.span.end, kind)
