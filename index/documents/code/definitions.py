"""Find the functions, methods, classes and types in source code, with tree-sitter.

The parser recovers from syntax errors: what it still recognises is found.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from importlib import import_module

import regex
from tree_sitter import Language as Grammar
from tree_sitter import Node, Parser

from index.documents.blocks import trimmed
from index.documents.code.languages import Language
from index.documents.code.parts import is_comment
from index.documents.line_blocks import Lines
from index.types import Span

MAX_CHARACTERS = 8 * 2**20
"""A longer text is not parsed, so it has no headings: its tree would take gigabytes."""

_LONG_FUNCTION = 80
"""In lines. The functions within a longer one have headings of their own."""

_LONGEST_SIGNATURE = 400
_LONGEST_NAME = 120
_WRAPPERS = frozenset(
    "decorated_definition export_statement template_declaration type_declaration "
    "ambient_declaration lexical_declaration variable_declaration variable_declarator "
    "assignment_expression expression_statement pair field_definition public_field_definition "
    "linkage_specification statement".split()
)
"""Nodes that begin with what belongs to the definition in them: decorators, `export`, a name."""
_NEED_BODY = frozenset("struct_specifier union_specifier enum_specifier class_specifier".split())
_DECLARATIONS = frozenset({"declaration", "field_declaration"})
_UNNAMED = {"init_declaration": "init", "deinit_declaration": "deinit"}
_ATTRIBUTE = regex.compile(r"\s*(?:@|#?\[)")


@dataclass(frozen=True, slots=True)
class Definition:
    """A definition. Offsets are code points; lines count from 0.

    first:     its first line, with decorators
    row:       the line on which its signature begins
    signature: from the beginning of that line to the body
    end:       offset of its end
    level:     1 at the top, one more within each class
    """

    name: str
    first: int
    row: int
    signature: Span
    end: int
    level: int


def definitions_in(lines: Lines, language: Language) -> list[Definition]:
    """Return the definitions in a text, in order; at most one per line."""
    if len(lines.text) > MAX_CHARACTERS:
        return []
    root = _parser(language.grammar).parse(lines.text.encode()).root_node
    found: list[Definition] = []
    for node, level in _walk(root, language):
        name = _name(node)
        if name:
            definition = _definition(lines, language, node, name, level)
            if not found or definition.first > found[-1].row:
                found.append(definition)
    return found


@lru_cache(maxsize=32)
def _parser(grammar: str) -> Parser:
    module, name = grammar.split(":")
    return Parser(Grammar(getattr(import_module(module), name)()))


def _walk(root: Node, language: Language) -> Iterator[tuple[Node, int]]:
    """Yield the definitions in order, each with its level. A short function is not entered."""
    todo = [(root, 1)]
    while todo:
        node, level = todo.pop()
        inner = level
        if node.type in language.types | language.functions and _is_definition(node):
            yield node, level
            inner = level + 1
            n_lines = node.end_point.row - node.start_point.row
            if node.type in language.functions and n_lines <= _LONG_FUNCTION:
                continue
        todo += [(child, inner) for child in reversed(node.named_children)]


def _is_definition(node: Node) -> bool:
    if node.type in _DECLARATIONS:
        return any(each.type == "function_declarator" for each in _declarators(node))
    if node.type in _NEED_BODY and node.child_by_field_name("body") is None:
        return False
    return bool(_name(node))


def _name(node: Node) -> str:
    """Return the name of a definition; "" if it has none."""
    if node.type == "impl_item":
        return _text(node).partition("{")[0]
    name = _text(_name_node(node))
    receiver = node.child_by_field_name("receiver")
    if name and receiver is not None:  # of a method in Go
        owner = regex.search(r"([\w.]+)(?:\[[^\]]*\])?\s*\)$", _text(receiver))
        return f"{owner.group(1)}.{name}" if owner else name
    return name or _UNNAMED.get(node.type, "")


def _name_node(node: Node) -> Node | None:
    named = node.child_by_field_name("name")
    if named is not None:
        return named
    if node.child_by_field_name("declarator") is not None:
        return _declarators(node)[-1]
    if node.type.startswith("create_"):  # SQL
        kinds = ("object_reference", "identifier")
        column = node.child_by_field_name("column")
        return column or next((each for each in node.named_children if each.type in kinds), None)
    if node.type in ("companion_object", "type_alias"):
        return node.child_by_field_name("type") or node.child(0)
    above = node.parent
    if above is None:
        return None
    fields = ("name", "key", "left", "property") if above.type in _WRAPPERS else ()
    return next(filter(None, map(above.child_by_field_name, fields)), None)


def _declarators(node: Node) -> list[Node]:
    """Return the declarators in each other, of C and C++, the innermost last."""
    found = []
    inner = node.child_by_field_name("declarator")
    while inner is not None:
        found.append(inner)
        below = inner.child_by_field_name("declarator")
        if below is None and inner.type.startswith(("parenthesized", "reference")):
            below = inner.named_children[0] if inner.named_children else None
        inner = below
    return found or [node]


def _text(node: Node | None) -> str:
    if node is None or node.text is None:
        return ""
    return " ".join(node.text[: 4 * _LONGEST_NAME].decode(errors="ignore").split())


def _definition(lines: Lines, language: Language, node: Node, name: str, level: int) -> Definition:
    outer = node
    while outer.parent is not None and outer.parent.type in _WRAPPERS:
        outer = outer.parent
    named = _name_node(node)
    last = named.start_point.row if named is not None else node.start_point.row
    row = min(node.start_point.row, last)
    while row < last and _ATTRIBUTE.match(lines[row]):
        row += 1
    return Definition(
        name.strip("\"'` ")[:_LONGEST_NAME],
        min(outer.start_point.row, row),
        row,
        _signature(lines, language, row, node),
        _offset(lines, outer.end_point.row, outer.end_point.column),
        level,
    )


def _signature(lines: Lines, language: Language, row: int, node: Node) -> Span:
    """Return the span from the beginning of a line to the body, or to the end of the line."""
    line = lines[row]
    start = lines.start(row) + len(line) - len(line.lstrip())
    body = node.child_by_field_name("body") or node.child_by_field_name("value")
    last = row
    if body is not None and body.start_point.row >= row and node.end_point.row > row:
        last = body.start_point.row
        end = _offset(lines, last, body.start_point.column)
    else:
        end = lines.end(row)
    for i in range(row + 1, last + 1):
        if is_comment(lines[i], language):
            end = lines.end(i - 1)
            break
    if end - start > _LONGEST_SIGNATURE:
        end = lines.end(row)
    signature = trimmed(lines.text, start, end)
    return signature or Span(start, start + len(line.strip()))


def _offset(lines: Lines, row: int, column: int) -> int:
    """Return the offset of a position. column: in bytes"""
    if row >= len(lines):
        return len(lines.text)
    line = lines[row]
    n = column if line.isascii() else len(line.encode()[:column].decode("utf-8", "ignore"))
    return lines.start(row) + n
