"""The blocks of source code, from its headings, without a parser."""

from collections.abc import Sequence

from index.documents.blocks import Blocks
from index.documents.code.languages import Language
from index.documents.code.parts import parts_of, statements_of
from index.documents.line_blocks import Lines
from index.types import Heading

SHORT = 400
"""In characters. The statements of a shorter section are not needed: it is not cut."""


def code_blocks(text: str, headings: Sequence[Heading], language: Language) -> Blocks:
    """Return the blocks of source code: comments as paragraphs, statements as lines."""
    lines, blocks = Lines(text), Blocks(text)
    rows = [lines.row_of(heading.begins) for heading in headings]
    starts = [0, *rows]
    for first, end in zip(starts, [*rows, len(lines)], strict=True):
        for part in parts_of(lines, language, first, end):
            if part.is_comment:
                blocks.add(lines.start(part.first), lines.end(part.end - 1), "paragraph")
                continue
            is_short = lines.end(end - 1) - lines.start(first) <= SHORT
            for each in [part] if is_short else statements_of(lines, part):
                blocks.add(lines.start(each.first), lines.end(each.end - 1), "lines")
    return blocks
