"""The outline of a section of source code: its comments and its code."""

from index.documents.blocks import trimmed
from index.documents.code.languages import Language
from index.documents.code.parts import Part, continues, parts_of
from index.documents.line_blocks import Lines
from index.documents.outline_node import Node, NodeKind
from index.types import Span


def read_code(text: str, section: Span, root: Node, language: Language) -> None:
    """Add the parts of a section to the root, in order.

    A comment is a paragraph. If code follows it on the next line, it is a lead-in with this code as
    its child, except at the beginning of the section, where it is about all of the section. The
    statement or signature before a docstring is a lead-in with the docstring as its child.
    """
    lines = Lines(section.of(text))
    parts = list(parts_of(lines, language, 0, len(lines)))
    lead: Node | None = None
    for i, part in enumerate(parts):
        if part.is_comment:
            is_lead = i > 0 and lead is None and _is_followed(parts, i)
            node = _node("lead" if is_lead else "paragraph", lines, part, section)
            (lead or root).add(node)
            lead = node if is_lead else None
            continue
        is_documented = _is_followed(parts, i) and _is_docstring(lines, parts[i + 1], language)
        last = _last_statement(lines, part) if is_documented else part.end
        if last > part.first:
            before = Part(part.first, last, is_comment=False)
            (lead or root).add(_node("code", lines, before, section))
        lead = None
        if is_documented:
            statement = Part(last, part.end, is_comment=False)
            lead = root.add(_node("lead", lines, statement, section))


def _last_statement(lines: Lines, part: Part) -> int:
    """Return the first line of the last statement of a code part."""
    indent, last = lines.indent(part.first), part.first
    for i in range(part.first, part.end):
        if lines.indent(i) <= indent and not continues(lines[i]):
            last = i
    return last


def _node(kind: NodeKind, lines: Lines, part: Part, section: Span) -> Node:
    span = _span(lines, part, section)
    return Node(kind, span, span)


def _span(lines: Lines, part: Part, section: Span) -> Span:
    start, end = lines.start(part.first), lines.end(part.end - 1)
    visible = trimmed(lines.text, start, end) or Span(start, end)
    return Span(section.start + visible.start, section.start + visible.end)


def _is_followed(parts: list[Part], i: int) -> bool:
    return i + 1 < len(parts) and parts[i + 1].first == parts[i].end


def _is_docstring(lines: Lines, part: Part, language: Language) -> bool:
    return language.has_docstrings and lines[part.first].lstrip()[:1] != "#"
