"""Write a canonical text in Markdown's block notation from the parts of a file.

Formats that are not text (HTML, Office, PDF) have one notation for headings, lists, tables and
code, so one outline, one chunker and one set of answer units serve them all. Only blocks have
marks. The text within a block is literal: `*` and `_` in it are the file's own characters. A line
of a paragraph that would be read as a mark gets a backslash before it.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

import regex

from index.documents.blocks import Blocks
from index.documents.loader import Content
from index.documents.markdown import markdown_blocks
from index.errors import UnreadableDocument
from index.places import Place, PlaceKind
from index.types import Heading

MAX_HEADING_LEVEL = 6

MAX_DEPTH = 16
"""Of items in each other, and of quotations. Deeper ones have this depth."""

_MOST_PADDING = 4
"""Most cells of a table's lines per cell of its rows."""

_MARK = regex.compile(
    r"#{1,6}(?=\s|$)|>|[-+*](?=\s|$)|`{3}|~{3}|=+\s*$|(?:[*_-][ \t]*){3,}$|\[[^\]]+\]:"
    r"|<(?:/?(?:script|pre|style|textarea)\b|!|\?)",
    regex.IGNORECASE,
)
_NUMBER = regex.compile(r"(\d{1,9})([.)])(?=\s|$)")
_BREAKS = regex.compile(r"[\v\f\x1c-\x1f\x85\u2028\u2029]")
_NOT_TEXT = regex.compile(r"[\p{Cc}\p{Cs}\ufeff--[\t\n]]", regex.V1)
_SPACES = regex.compile(r"[^\S\n]+")


@dataclass(slots=True)
class MarkupText:
    """A canonical text that grows by one block at a time.

    >>> text = MarkupText()
    >>> text.heading(1, "Prices")
    >>> text.table([["Plan", "Price"], ["Basic", "5"]])
    >>> print(text.text)
    # Prices
    <BLANKLINE>
    | Plan | Price |
    | --- | --- |
    | Basic | 5 |
    """

    _parts: list[str] = field(default_factory=list)
    _length: int = 0
    _pages: list[int] = field(default_factory=list)
    _places: list[Place] = field(default_factory=list)
    _pending: list[tuple[PlaceKind | None, str, bool]] = field(default_factory=list)
    _after_item: bool = False
    _below: int = 0
    _marks: list[int] = field(default_factory=list)
    """The widths of the marks of the items that the next block can be in."""

    @property
    def text(self) -> str:
        return "".join(self._parts)

    @property
    def length(self) -> int:
        """The number of code points of `text`."""
        return self._length

    @property
    def last_block(self) -> str:
        """The block that `text` ends with; "" if there is none."""
        return self._parts[-1] if self._parts else ""

    def page(self) -> None:
        """Begin the next page with the next block."""
        self._pending.append((None, "", False))

    def place(self, kind: PlaceKind, label: str, *, counts_lines: bool = False) -> None:
        """Begin a place with the next block; see index.places.Place."""
        self._pending.append((kind, label, counts_lines))

    def heading(self, level: int, text: str) -> None:
        """Add a heading. level: from 1; levels above MAX_HEADING_LEVEL become that one."""
        line = one_line(text)
        if line:
            level = min(max(level, 1) + self._below, MAX_HEADING_LEVEL)
            self._marks.clear()
            self._add(f"{'#' * level} {line}")

    def paragraph(self, text: str, *, depth: int = 0, quoted: int = 0, lists: bool = False) -> None:
        """Add a paragraph.

        text:   a line end in it stays one; other white space becomes one space
        depth:  the number of list items that it is in
        quoted: the depth of quotation, for replies in mails
        lists:  lines that begin like list items are list items
        """
        lines = [_literal(line, lists) for line in tidy_lines(text)]
        if lines:
            prefix = self._indent(depth) + "> " * min(quoted, MAX_DEPTH)
            self._add("\n".join(prefix + line for line in lines))

    def extend(self, text: str) -> None:
        """Continue the last block with more lines. A pending page or place begins with them."""
        lines = [_literal(line, lists=False) for line in tidy_lines(text)]
        if lines:
            self._add("\n".join(lines), gap="\n")

    def _indent(self, depth: int) -> str:
        """Return the white space before a block in so many of the items before it.

        As in Markdown, it is as wide as their marks; a heading ends all items.
        """
        del self._marks[min(max(depth, 0), MAX_DEPTH) :]
        return " " * sum(self._marks)

    def lines(self, lines: Iterable[tuple[PlaceKind, str, str]]) -> None:
        """Add a paragraph whose lines begin places: each a kind, a label, and the line's text."""
        written = [
            (kind, label, _literal(one_line(text), lists=False)) for kind, label, text in lines
        ]
        written = [each for each in written if each[2]]
        if not written:
            return
        self._marks.clear()
        start = self._add("\n".join(text for _, _, text in written))
        for kind, label, text in written:
            self._places.append(Place(start, kind, label))
            start += len(text) + 1

    def item(self, text: str, *, depth: int = 0, number: int | str | None = None) -> None:
        """Add a list item. depth: the number of items that it is in. number: of a numbered list."""
        lines = [_literal(line, lists=False) for line in tidy_lines(text)]
        if not lines:
            return
        indent = self._indent(depth)
        mark = "-" if number is None else f"{number}."
        self._marks.append(len(mark) + 1)
        first, *rest = lines
        below = f"\n{indent}{' ' * (len(mark) + 1)}"
        self._add(below.join([f"{indent}{mark} {first}", *rest]), is_item=True)

    def code(self, text: str, language: str = "", *, depth: int = 0) -> None:
        """Add a block of code, with its lines as they are. depth: the number of items it is in."""
        body = _NOT_TEXT.sub("", text.replace("\r\n", "\n").replace("\r", "\n")).strip("\n")
        if not body.strip():
            return
        self._add(_indented(fenced(body, one_line(language)), self._indent(depth)))

    def table(
        self,
        rows: Iterable[Sequence[str]],
        *,
        row_numbers: Sequence[int] | None = None,
        depth: int = 0,
    ) -> None:
        """Add a table. The first row is its header; rows without text are left out.

        row_numbers: the number of each row in its sheet, for citations; 0 for a header without one
        depth:       the number of list items that it is in
        """
        cells = [[_cell(cell) for cell in row] for row in rows]
        numbers = row_numbers or [0] * len(cells)
        filled = [(row, n) for row, n in zip(cells, numbers, strict=True) if any(row)]
        if not filled:
            return
        indent = self._indent(depth)
        lines, delimiter = _table_lines([row for row, _ in filled], indent)
        if filled[0][1]:
            self.place("row", str(filled[0][1]))
        start = self._add("\n".join([lines[0], delimiter, *lines[1:]]))
        if row_numbers is not None:
            self._number_rows(start + len(lines[0]) + len(delimiter) + 2, lines[1:], filled[1:])

    def _number_rows(
        self, start: int, lines: Sequence[str], rows: Sequence[tuple[list[str], int]]
    ) -> None:
        previous = None
        for line, (_, number) in zip(lines, rows, strict=True):
            if number - 1 != previous:
                self._places.append(Place(start, "row", str(number), counts_lines=True))
            previous = number
            start += len(line) + 1

    @contextmanager
    def part(self, below: int) -> Iterator[None]:
        """Write a part: its headings are `below` levels lower, its lists and places end with it."""
        self._end_list()
        self._below += below
        n_places = len(self._places)
        try:
            yield
        finally:
            self._below -= below
            self._end_list()
            for kind in sorted({place.kind for place in self._places[n_places:]} - {"part"}):
                self.end_places(kind)

    def _end_list(self) -> None:
        self._marks.clear()
        self._after_item = False

    def append(self, text: str, places: Iterable[Place]) -> None:
        """Add a text that is in this notation, and its places, whose offsets are in that text."""
        self._marks.clear()
        start = self._add(text)
        self._places += [
            Place(start + place.start, place.kind, place.label, place.counts_lines)
            for place in places
        ]

    def end_places(self, kind: PlaceKind) -> None:
        """End the current place of a kind with the next block."""
        self.place(kind, "")

    def _add(self, block: str, *, is_item: bool = False, gap: str = "\n\n") -> int:
        """Append a block, and return its offset."""
        if self._parts:
            gap = "\n" if is_item and self._after_item else gap
            self._parts.append(gap)
            self._length += len(gap)
        start = self._length
        for kind, label, counts_lines in self._pending:
            if kind is None:
                self._pages.append(start if self._pages else 0)
            else:
                self._places.append(Place(start, kind, label, counts_lines))
        self._pending.clear()
        self._parts.append(block)
        self._length += len(block)
        self._after_item = is_item
        return start

    def content(
        self,
        *,
        title: str | None = None,
        metadata: Mapping[str, str] | None = None,
        warning: str | None = None,
    ) -> Content:
        """Return the content. The title defaults to the first heading of the outermost level.

        Raises UnreadableDocument (`empty`) if no block was added.
        """
        text = self.text
        if not text:
            raise UnreadableDocument("empty", "empty")
        blocks = markdown_blocks(text)
        headings = headings_of(text, blocks)
        pages = [*self._pages, *[self._length] * sum(kind is None for kind, *_ in self._pending)]
        return Content(
            text,
            blocks,
            headings,
            title=one_line(title or "") or _title_of(headings),
            pages=tuple(pages),
            places=tuple(sorted(self._places, key=lambda place: place.start)),
            metadata=dict(metadata or {}),
            warning=warning,
        )


def _indented(block: str, indent: str) -> str:
    if not indent:
        return block
    return "\n".join(indent + line if line else line for line in block.split("\n"))


def _table_lines(rows: Sequence[Sequence[str]], indent: str) -> tuple[list[str], str]:
    """Return the lines of a table's rows, and the line below the first.

    The first row has as many cells as the longest. Other rows are made as long if that adds few
    cells: one wide row in a long table must not make all of them wide.
    """
    width = max(map(len, rows))
    pad = width * len(rows) <= _MOST_PADDING * sum(map(len, rows)) + 1000
    widths = [width, *[width if pad else 0] * (len(rows) - 1)]
    lines = [
        indent + _row([*row, *[""] * (least - len(row))])
        for row, least in zip(rows, widths, strict=True)
    ]
    return lines, indent + _row(["---"] * width)


def headings_of(text: str, blocks: Blocks) -> tuple[Heading, ...]:
    """Return the headings of a text in this notation."""
    return tuple(
        Heading(block.span, block.level, block.span.of(text).lstrip("#").strip())
        for block in blocks
        if block.kind == "heading"
    )


def fenced(code: str, language: str = "") -> str:
    """Return code between fences, which are longer than any run of backticks in it."""
    fence = "`" * max(3, 1 + max(map(len, regex.findall("`+", code)), default=0))
    return f"{fence}{language}\n{code}\n{fence}"


def one_line(text: str) -> str:
    """Return a text without control characters, with each run of white space as one space."""
    return " ".join(_NOT_TEXT.sub("", _BREAKS.sub(" ", text.replace("\r", "\n"))).split())


def tidy_lines(text: str) -> list[str]:
    """Return the lines that are not blank, without control characters and outer white space."""
    text = _BREAKS.sub(" ", text.replace("\r\n", "\n").replace("\r", "\n"))
    clean = _NOT_TEXT.sub("", text)
    lines = (_SPACES.sub(" ", line).strip() for line in clean.split("\n"))
    return [line for line in lines if line]


def _literal(line: str, lists: bool) -> str:
    """Return a line with a backslash before what would be read as a mark."""
    place = place_of_backslash(line, lists=lists)
    return line if place is None else f"{line[:place]}\\{line[place:]}"


def place_of_backslash(line: str, *, lists: bool) -> int | None:
    """Return where a line of a paragraph gets a backslash; None if it needs none.

    lists: a line that begins like a list item is one

    >>> place_of_backslash("# one", lists=False), place_of_backslash("12. one", lists=False)
    (0, 2)
    """
    if lists and regex.match(r"(?:[-+*]|\d{1,9}[.)])\s", line):
        return None
    if _MARK.match(line):
        return 0
    number = _NUMBER.match(line)
    return None if number is None else number.end(1)


def _cell(text: str) -> str:
    return one_line(text).replace("|", "\\|")


def _row(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _title_of(headings: Sequence[Heading]) -> str | None:
    return min(headings, key=lambda each: each.level).text if headings else None
