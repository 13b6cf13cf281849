"""The blocks of a Markdown text, parsed in slices, and the text of its headings.

The parser makes several tokens per line, each of some hundred bytes; slices bound this memory. A
slice ends before a top-level block whose start does not depend on later text, so the blocks are the
same as for the whole text. Only text without such a place, longer than the longest block, is cut at
a line end. A table, a fence or an HTML block that is cut continues in the next slice.
"""

from collections.abc import Iterator

import regex
from markdown_it import MarkdownIt
from markdown_it.token import Token

from index.documents.blocks import LONGEST_BLOCK, BlockKind, Blocks, end_of_part
from index.documents.front_matter import FRONT_MATTER
from index.documents.long_tables import shortened

SLICE = 1 << 16
"""Characters to parse at once; up to LONGEST_BLOCK if no block begins within them."""

LONGEST_HEADING_TEXT = 2000
"""A heading is cut to this many characters. Inline marks stay in a longer heading, because parsing
them takes quadratic time."""

_BLOCKS = MarkdownIt("commonmark").enable("table")
_BLOCKS.core.ruler.enableOnly(["normalize", "block"])
_INLINE = MarkdownIt("commonmark").enable("table")
_LEAF_PARAGRAPHS = {"paragraph_open", "html_block"}
_LEAF_LINES = {"fence", "code_block", "table_open"}
_LINES_OF_OPENING = {"fence": 1, "html_block": 1, "table_close": 2}
_LONGEST_OPENING = 4096


def markdown_blocks(text: str, slice_size: int = SLICE, longest: int = LONGEST_BLOCK) -> Blocks:
    """Return the blocks of a text, in order."""
    short = shortened(text)
    blocks = Blocks(text, longest)
    done = 0
    for leaves, short_end in _slices(short.text, slice_size, longest):
        end = short.original(short_end)
        for short_first, short_last, kind, level in leaves:
            first, last = short.original(short_first), short.original(short_last)
            if first < done:
                continue
            # Text outside the parser's blocks: front matter, link definitions, rules.
            blocks.add(done, first, "lines")
            blocks.add(first, last, kind, level)
            done = last
        if end - done > longest:
            blocks.add(done, end, "lines")
            done = end
    blocks.add(done, len(text), "lines")
    return blocks


_Leaf = tuple[int, int, BlockKind, int]


def _slices(text: str, slice_size: int, longest: int) -> Iterator[tuple[Iterator[_Leaf], int]]:
    """Yield the leaf blocks of each slice of the text, and the end offset of the slice."""
    start, size, opening = _end_of_front_matter(text), slice_size, ""
    while start < len(text):
        end = end_of_part(text, start, len(text), size)
        tokens = _BLOCKS.parse(opening + text[start:end])
        starts = [start] * opening.count("\n") + _line_starts(text, start, end)
        line = _first_line_of_last_block(tokens, text, starts) if end < len(text) else 0
        if end < len(text) and not line and size < longest:
            size = min(2 * size, longest)
            continue
        if line:
            end, size, opening = starts[line], slice_size, ""
        else:
            opening = _opening(tokens, opening + text[start:end])
        yield _leaves(tokens, starts, end), end
        start = end


def _opening(tokens: list[Token], source: str) -> str:
    """Return the lines to put before the next slice to continue a cut block; "" if none is cut."""
    first, last = next((token.map for token in reversed(tokens) if _is_top(token)), None) or (0, 0)
    n_lines = _LINES_OF_OPENING.get(tokens[-1].type, 0) if tokens else 0
    lines = source.removesuffix("\n").split("\n")
    opening = "".join(f"{line}\n" for line in lines[first : first + n_lines])
    if not opening or last < len(lines) or len(opening) + len(lines[-1]) > _LONGEST_OPENING:
        return ""
    # The block is open if a word on the next line still belongs to it.
    probe = _BLOCKS.parse(f"{opening}{lines[-1]}\nword")
    return opening if probe[-1].type == tokens[-1].type else ""


def _is_top(token: Token) -> bool:
    return token.level == 0 and token.map is not None


def _line_starts(text: str, start: int, end: int) -> list[int]:
    starts = [start]
    while (start := text.find("\n", start, end) + 1) > 0:
        starts.append(start)
    # No line begins at the end of the slice.
    return starts if starts[-1] == end else [*starts, end]


def _first_line_of_last_block(tokens: list[Token], text: str, starts: list[int]) -> int:
    """Return the first line of the last top-level block before which the text can be cut, else 0.

    The block must follow a blank line or directly follow another block. A gap between blocks
    contains link definitions, and later text can extend the last one.
    """
    line, end_before = 0, 0
    for token in tokens:
        if _is_top(token) and token.map is not None:
            first = token.map[0]
            is_inside = starts[first] > starts[0]
            if is_inside and (first == end_before or not _visible(text, starts, first - 1)):
                line = first
            end_before = token.map[1]
    return line


def _visible(text: str, starts: list[int], line: int) -> bool:
    """Return whether the line is not blank for the parser."""
    return bool(text[starts[line] : starts[line + 1]].strip(" \t\n"))


def _leaves(tokens: list[Token], starts: list[int], end: int) -> Iterator[_Leaf]:
    n_quotes = 0
    for token in tokens:
        n_quotes += {"blockquote_open": 1, "blockquote_close": -1}.get(token.type, 0)
        kind, level = _kind(token)
        if kind == "heading" and n_quotes:  # a heading of the quotation only
            kind, level = "paragraph", 0
        if kind is None or token.map is None:
            continue
        first, last = (starts[min(line, len(starts) - 1)] for line in token.map)
        if first < end:
            yield first, min(last, end), kind, level


def _kind(token: Token) -> tuple[BlockKind | None, int]:
    if token.type == "heading_open":
        return "heading", int(token.tag[1])
    if token.type in _LEAF_PARAGRAPHS:
        return "paragraph", 0
    if token.type in _LEAF_LINES:
        return "lines", 0
    return None, 0


# A heading that needs no parser: no inline mark, no closing #.
_PLAIN_HEADING = regex.compile(r"#{1,6}[ \t]+([^\\`*_\[\]<>&!#\s][^\\`*_\[\]<>&!#\n]*)")


def heading_text(raw: str) -> str:
    """Return the text of a heading without marks, on one line."""
    raw = raw[:LONGEST_HEADING_TEXT]
    plain = _PLAIN_HEADING.fullmatch(raw)
    if plain:
        return plain.group(1).strip() or raw
    parser = _INLINE if len(raw) < LONGEST_HEADING_TEXT else _BLOCKS
    inline = next((token for token in parser.parse(raw) if token.type == "inline"), None)
    if inline is None:
        return raw
    if inline.children is None or parser is _BLOCKS:
        return " ".join(inline.content.split()) or raw
    parts = inline.children
    text = "".join(" " if part.type.endswith("break") else part.content for part in parts)
    return text.strip() or raw


def _end_of_front_matter(text: str) -> int:
    match = FRONT_MATTER.match(text)
    if match is None:
        return 0
    # If no line end follows the front matter, this is the start of its last line.
    return text.rfind("\n", 0, match.end()) + 1
