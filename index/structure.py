"""The blocks of a document: headings, paragraphs and lines that stand alone.

Blocks are spans of the canonical text, in order, without overlap, and together hold every character
that is not white space. Nothing here changes the text.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

import regex
from markdown_it import MarkdownIt
from markdown_it.token import Token

from index.types import Heading, Span

Kind = Literal["heading", "paragraph", "lines"]

MARKDOWN = "text/markdown"

_LONGEST_HEADING = 120
_LONGEST_WRAPPED_LINE = 120
_LONGEST_RUN_OF_HEADINGS = 3


@dataclass(frozen=True, slots=True)
class Block:
    """A stretch of text that reads as one.

    kind `paragraph` flows across its line ends; in `lines` each line stands for itself.
    level is a heading's, 1 the outermost, and 0 for everything else.
    """

    span: Span
    kind: Kind
    level: int = 0


def blocks_of(text: str, media_type: str) -> list[Block]:
    """The blocks of a canonical text, in order; empty if it is all white space."""
    return _markdown(text) if media_type == MARKDOWN else _plain(text)


def headings_of(text: str, blocks: list[Block], media_type: str) -> tuple[Heading, ...]:
    """The headings among the blocks, as people read them: without marks, on one line."""
    return tuple(
        Heading(block.span, block.level, _heading_text(block.span.of(text), media_type))
        for block in blocks
        if block.kind == "heading"
    )


def _heading_text(raw: str, media_type: str) -> str:
    if media_type != MARKDOWN:
        return raw
    inline = next((token for token in _MARKDOWN.parse(raw) if token.type == "inline"), None)
    parts = inline.children or [] if inline is not None else []
    text = "".join(" " if part.type.endswith("break") else part.content for part in parts)
    return text.strip() or raw


def trimmed(text: str, start: int, end: int) -> Span | None:
    """The span without white space at its ends, or None if nothing is left."""
    piece = text[start:end]
    left = len(piece) - len(piece.lstrip())
    right = len(piece.rstrip())
    return Span(start + left, start + right) if right > left else None


def lines(text: str, start: int, end: int) -> Iterator[Span]:
    """The lines between two offsets, without their line ends."""
    while start < end:
        stop = text.find("\n", start, end)
        stop = end if stop < 0 else stop
        yield Span(start, stop)
        start = stop + 1


# Plain text


def _plain(text: str) -> list[Block]:
    paragraphs = list(_plain_paragraphs(text))
    shaped = [_looks_like_heading(text, block) for block in paragraphs]
    blocks: list[Block] = []
    i = 0
    while i < len(paragraphs):
        run = i
        while run < len(paragraphs) and shaped[run]:
            run += 1
        # Many in a row are a list of names or a table of contents, and a heading heads something.
        is_heading = 0 < run - i <= _LONGEST_RUN_OF_HEADINGS and run < len(paragraphs)
        for block in paragraphs[i:run]:
            blocks.append(Block(block.span, "heading", 1) if is_heading else block)
        if run < len(paragraphs):
            blocks.append(paragraphs[run])
        i = run + 1
    return blocks


def _plain_paragraphs(text: str) -> Iterator[Block]:
    """Paragraphs end at blank lines; where lines are not wrapped, each line is a paragraph."""
    group: list[Span] = []
    for line in (*lines(text, 0, len(text)), Span(len(text), len(text))):
        visible = trimmed(text, line.start, line.end)
        if visible is not None:
            group.append(visible)
            continue
        if _is_wrapped(group):
            yield Block(Span(group[0].start, group[-1].end), "paragraph")
        else:
            yield from (Block(span, "paragraph") for span in group)
        group = []


def _is_wrapped(lines: list[Span]) -> bool:
    """Whether these lines are one paragraph broken to fit a width: alike in length but the last."""
    if len(lines) < 2:
        return False
    lengths = [line.end - line.start for line in lines]
    longest = max(lengths)
    return longest <= _LONGEST_WRAPPED_LINE and min(lengths[:-1]) >= 0.55 * longest


def _looks_like_heading(text: str, block: Block) -> bool:
    """One short line, no full stop at its end, and written as a title is."""
    line = block.span.of(text)
    if len(line) > _LONGEST_HEADING or "\n" in line or line[-1] in ".!?:;,…。！？：；，、”\"'":
        return False
    words = regex.findall(r"\p{L}[\p{L}\p{M}]*", line)
    cased = [word for word in words if word.lower() != word.upper()]
    long = [word for word in cased if len(word) > 3] or cased
    return bool(long) and sum(word[0].isupper() for word in long) >= 0.6 * len(long)


# Markdown

_MARKDOWN = MarkdownIt("commonmark").enable("table")
_LEAF_PARAGRAPHS = {"paragraph_open", "html_block"}
_LEAF_LINES = {"fence", "code_block", "table_open"}


def _markdown(text: str) -> list[Block]:
    starts = [0, *(i + 1 for i, character in enumerate(text) if character == "\n"), len(text)]
    body = _front_matter_lines(text)
    blocks: list[Block] = []
    done = 0

    def rest_until(line: int) -> None:
        """What the parser made no block of: front matter, link definitions, rules."""
        if line > done:
            span = trimmed(text, starts[done], starts[line])
            if span is not None:
                blocks.append(Block(span, "lines"))

    # The parser counts lines of its own source: blank out the front matter, keeping its lines.
    tokens = _MARKDOWN.parse("\n" * body + text[starts[body] :])
    for token in tokens:
        kind, level = _markdown_kind(token)
        if kind is None or token.map is None or token.map[0] < done:
            continue
        first, last = token.map[0], min(token.map[1], len(starts) - 1)
        rest_until(first)
        span = trimmed(text, starts[first], starts[last])
        if span is not None:
            blocks.append(Block(span, kind, level))
        done = last
    rest_until(len(starts) - 1)
    return blocks


def _markdown_kind(token: Token) -> tuple[Kind | None, int]:
    if token.type == "heading_open":
        return "heading", int(token.tag[1])
    if token.type in _LEAF_PARAGRAPHS:
        return "paragraph", 0
    if token.type in _LEAF_LINES:
        return "lines", 0
    return None, 0


_FRONT_MATTER = regex.compile(r"\A---[ \t]*\n.*?\n---[ \t]*(?:\n|\Z)", regex.DOTALL)


def _front_matter_lines(text: str) -> int:
    match = _FRONT_MATTER.match(text)
    return match.group().count("\n") if match else 0


def front_matter_title(text: str) -> str | None:
    """The `title:` of a Markdown file's front matter."""
    match = _FRONT_MATTER.match(text)
    title = regex.search(r"^title:[ \t]*(.+?)[ \t]*$", match.group(), regex.M) if match else None
    return title.group(1).strip("\"'") if title else None
