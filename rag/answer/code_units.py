"""Units of meaning in source code.

A unit is a sentence of a comment with the signature that it is about, code with the comment that
introduces it, or a whole function.
"""

from index.documents.blocks import lines, trimmed
from index.documents.code.parts import continues
from index.documents.formats import notation_of
from index.documents.outline_node import Node
from index.types import Document, Heading, Span
from index.words.analyze import terms_of
from rag.answer.units import LONGEST_UNIT, Section, whole

KINDS_OF_CODE = frozenset(
    terms_of(
        "function method class interface type struct constant variable module package file script "
        "code command test"
    )
)
"""What a question calls the thing it asks for, as in "which function splits a text?". The answer
need not say that it is one."""


def is_code(document: Document) -> bool:
    """Return whether a document is source code."""
    return notation_of(document.media_type) == "code"


def code_unit(section: Section, node: Node, quoted: Span, *, adds: bool) -> list[Span]:
    """Return the unit of a quoted sentence or line of source code.

    node:   the part of the section that it is in
    quoted: the sentence, with those that belong to it
    adds:   whether it matches the question better than the headings above it do. Else the question
            is about the whole definition
    """
    heading = _heading_at(section, quoted)
    definition = _definition(section, heading)
    is_short = definition is not None and definition.end - definition.start <= LONGEST_UNIT
    if definition is not None and is_short and (not adds or node.kind == "code"):
        return [definition]
    core = _introduced(section, node, quoted, adds=adds)
    signature = _signature(section, heading)
    if signature is None or any(span.overlaps(signature) for span in core):
        return core
    return [signature, *core]


def _introduced(section: Section, node: Node, quoted: Span, *, adds: bool) -> list[Span]:
    lead = node if node.kind == "lead" else node.parent
    if lead is not None and lead.kind == "lead":
        together = whole(section, lead)
        if together is not None and (node.kind != "paragraph" or not adds):
            return [together]
        return [section.span(lead.head), quoted]
    if node.kind != "code":
        return [quoted]
    block = whole(section, node)
    if block is None:
        return [quoted]
    return [_statement_at(section.document.text, block, quoted)]


def _statement_at(text: str, block: Span, quoted: Span) -> Span:
    """Return the statement of a quoted line, if the lines of the block are not indented more.

    Other code is quoted as a block: a line within a function says little.
    """
    level = _indent(text, block.start)
    if level or _indent(text, quoted.start) > level:
        return block
    end = quoted.end
    for line in lines(text, quoted.end + 1, block.end):
        if _indent(text, line.start) <= level and not continues(line.of(text)):
            break
        end = line.end
    return Span(quoted.start, end)


def _heading_at(section: Section, quoted: Span) -> Heading | None:
    path = section.document.heading_path(quoted.start + 1)
    return path[-1] if path else None


def _signature(section: Section, heading: Heading | None) -> Span | None:
    if heading is None:
        return None
    name = heading.text.rpartition(".")[2]
    return heading.span if name in heading.span.of(section.document.text) else None


def _definition(section: Section, heading: Heading | None) -> Span | None:
    """Return the section of a heading, without the ends of what encloses it."""
    if heading is None:
        return None
    text = section.document.text
    body = section.document.section_at(heading.begins + 1)
    span = trimmed(text, body.start, body.end)
    while span is not None and "\n" in span.of(text):
        last = text.rfind("\n", span.start, span.end) + 1
        if _indent(text, last) >= _indent(text, heading.span.start):
            break
        span = trimmed(text, span.start, last)
    return span


def _indent(text: str, offset: int) -> int:
    """Return the width of the white space before the line at an offset."""
    line = text[text.rfind("\n", 0, offset) + 1 :][:200]
    return len(line) - len(line.lstrip(" \t"))
