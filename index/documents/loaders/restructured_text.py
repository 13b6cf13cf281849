"""reStructuredText: sections in the order of their underlines, literal blocks and directives."""

import regex

from index.documents.blocks import Blocks
from index.documents.line_blocks import Lines, Part, blocks_of_lines
from index.documents.loader import Content
from index.documents.markup_text import MAX_HEADING_LEVEL
from index.documents.text_loader import TextLoader

_UNDERLINE = regex.compile(r"([!-/:-@\[-`{-~])\1+\s*$")
_SHORTEST_UNDERLINE = 4
_DIRECTIVE = regex.compile(r"\s*\.\.\s+(?:\|[^|]+\|\s+)?([\w:.+-]*\w)::(?:\s+(?P<text>\S.*))?$")
_EXPLICIT = regex.compile(r"\s*\.\.(?:\s|$)")
_NOTE = regex.compile(r"\s*\.\.\s+\[[^\]]+\]\s+\S")
_FIELD = regex.compile(r"\s*:[^:\s][^:]*:(?:\s|$)")
_TABLE = regex.compile(r"\s*(?:\+[-=+]{3,}\+|={2,}(?:\s+={2,})+)\s*$")
_LINE = regex.compile(r"\s*(?:\||>>>)\s")

_LITERAL = frozenset(
    """code code-block sourcecode literalinclude parsed-literal math raw highlight image toctree
    csv-table table productionlist graphviz digraph graph include testcode testoutput testsetup
    testcleanup doctest prompt ipython plot index default-role contents sectnum role replace
    unicode date meta autosummary automodule autoclass autofunction automethod currentmodule module
    tabularcolumns""".split()
)
"""Directives whose content is no prose."""

_PROSE = frozenset(
    """note warning tip hint important caution danger attention error admonition seealso deprecated
    versionadded versionchanged versionremoved rubric""".split()
)
"""Directives whose text can begin on their own line."""


class RestructuredTextLoader(TextLoader):
    """Loads reStructuredText. The title is the first section's, as docutils promotes it."""

    def blocks_in(self, text: str) -> Blocks:
        return blocks_of_lines(text, _Reader().part_at)

    def heading_text(self, raw: str) -> str:
        lines = [line.strip() for line in raw.split("\n")]
        kept = [line for line in lines if not _UNDERLINE.match(line)]
        return " ".join(kept).strip() or raw

    def title(self, content: Content) -> str | None:
        return content.headings[0].text if content.headings else None


class _Reader:
    def __init__(self) -> None:
        self._levels: dict[str, int] = {}

    def part_at(self, lines: Lines, i: int) -> Part | None:
        literal = _end_of_literal(lines, i)
        if literal > i:
            return Part(literal)
        heading = self._heading_at(lines, i)
        if heading is not None:
            return heading
        line = lines[i]
        if _EXPLICIT.match(line):
            return _explicit_at(lines, i)
        if _TABLE.match(line) or _LINE.match(line):
            return Part(_end_of_group(lines, i))
        if _FIELD.match(line) or _UNDERLINE.match(line):
            return Part(i + 1)
        return None

    def _heading_at(self, lines: Lines, i: int) -> Part | None:
        over = _UNDERLINE.match(lines[i]) is not None
        if i + 1 + over >= len(lines) or not (over or _begins_block(lines, i)):
            return None
        title, under = lines[i + over], _UNDERLINE.match(lines[i + over + 1])
        if under is None or not title.strip() or _UNDERLINE.match(title):
            return None
        if over and lines[i].rstrip() != lines[i + 2].rstrip():
            return None
        width = len(under.group().rstrip())
        if (title[0].isspace() and not over) or width < min(len(title), _SHORTEST_UNDERLINE):
            return None
        sign = under.group(1) * (1 + over)
        level = self._levels.setdefault(sign, len(self._levels) + 1)
        return Part(i + 2 + over, "heading", min(level, MAX_HEADING_LEVEL))


def _begins_block(lines: Lines, i: int) -> bool:
    """Return whether a line does not continue a paragraph: a blank line or a sign is before it."""
    return i == 0 or lines.is_blank(i - 1) or not lines[i - 1][-1:].isalnum()


def _end_of_literal(lines: Lines, i: int) -> int:
    """Return the line after the literal block that begins at line i; i if none begins there."""
    before = i - 1
    while before >= 0 and lines.is_blank(before):
        before -= 1
    if before < 0 or before == i - 1 or not lines[before].rstrip().endswith("::"):
        return i
    if _EXPLICIT.match(lines[before]) or lines.indent(i) <= lines.indent(before):
        return i
    return lines.end_of_indented(i, lines.indent(before) + 1)


def _explicit_at(lines: Lines, i: int) -> Part | None:
    """Return a directive, a target or a comment; None for the first line of a text in one."""
    line, indent = lines[i], lines.indent(i)
    directive = _DIRECTIVE.match(line)
    if directive is None:
        return (
            None
            if _NOTE.match(line)
            else Part(max(lines.end_of_indented(i + 1, indent + 1), i + 1))
        )
    name = directive.group(1)
    if name in _LITERAL:
        return Part(max(lines.end_of_indented(i + 1, indent + 1), i + 1))
    if name in _PROSE and directive["text"]:
        return None
    end = i + 1
    while end < len(lines) and lines.indent(end) > indent and _FIELD.match(lines[end]):
        end += 1
    return Part(end)


def _end_of_group(lines: Lines, i: int) -> int:
    while i < len(lines) and not lines.is_blank(i):
        i += 1
    return i
