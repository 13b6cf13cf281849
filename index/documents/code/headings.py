"""The headings of source code: one for each definition, and one for code after it."""

from collections.abc import Iterator
from typing import NamedTuple

import regex

from index.documents.code.definitions import Definition, definitions_in
from index.documents.code.languages import Language
from index.documents.code.parts import end_of_comment, start_of_comment
from index.documents.line_blocks import Lines
from index.types import Heading, Span

MAX_LEVEL = 6

_CLOSERS = frozenset("end endif fi done esac endregion pragma else".split())
_WORD = regex.compile(r"[\p{L}\p{N}_]+")
_ASSIGNED = regex.compile(
    r"\s*(?:(?:export|public|private|protected|internal|static|final|const|let|var|val|readonly|pub"
    r"|constexpr|local|declare)\s+)*(?P<name>[\p{L}_$][\p{L}\p{N}_.$]*)\s*(?::[^=]*)?=(?!=)"
    r"|\s*#\s*define\s+(?P<name>\w+)"
)
_MOST_NAMES = 4
_LONGEST_TITLE = 80


def headings_in(text: str, language: Language) -> tuple[Heading, ...]:
    """Return the headings of source code, in order.

    A heading is the signature of a definition. Its section begins with the comment above it and
    contains the signature. Code after a definition that belongs to no other one has a heading too:
    its first line, with the names that it assigns.
    """
    lines = Lines(text)
    definitions = definitions_in(lines, language)
    headings: list[Heading] = []
    within: list[Definition] = []
    free = 0  # the first line that the next section can begin with
    for definition in definitions:
        first = start_of_comment(lines, definition.first, language, free)
        headings += _rest_before(lines, language, within, first)
        headings.append(
            Heading(
                definition.signature,
                min(definition.level, MAX_LEVEL),
                definition.name,
                section_start=lines.visible_start(first),
            )
        )
        within.append(definition)
        free = max(definition.row, lines.row_of(definition.signature.end - 1)) + 1
    headings += _rest_before(lines, language, within, len(lines))
    return tuple(headings)


def _rest_before(
    lines: Lines, language: Language, within: list[Definition], end: int
) -> Iterator[Heading]:
    """Yield the headings of the code between ended definitions and a line.

    Remove these definitions from `within`, which has those in each other, innermost last.
    """
    while within and (last := lines.row_of(within[-1].end - 1)) < end:
        closed = within.pop()
        enclosing = lines.row_of(within[-1].end - 1) + 1 if within else end
        rest = _rest_in(lines, language, last + 1, min(end, enclosing))
        if rest is not None:
            level = min(closed.level, MAX_LEVEL)
            yield Heading(rest.first_line, level, rest.title, section_start=rest.start)


class _Rest(NamedTuple):
    """Code between definitions. start: of its section; first_line: of its code."""

    start: int
    first_line: Span
    title: str


def _rest_in(lines: Lines, language: Language, first: int, end: int) -> _Rest | None:
    while first < end and _is_closer(lines[first]):
        first += 1
    code = first
    while code < end:
        after = end_of_comment(lines, code, language)
        if after == code and not _is_closer(lines[code]):
            break
        code = max(after, code + 1)
    if code >= end:
        return None
    span = Span(lines.visible_start(code), lines.start(code) + len(lines[code].rstrip()))
    return _Rest(lines.visible_start(first), span, _title(lines, code, end))


def _is_closer(line: str) -> bool:
    word = _WORD.search(line)
    return word is None or line.lstrip()[0] in ")]}" or word.group() in _CLOSERS


def _title(lines: Lines, first: int, end: int) -> str:
    """Return the names that the lines assign, or the first line if they assign none."""
    indent, names = lines.indent(first), dict[str, None]()
    for i in range(first, end):
        found = _ASSIGNED.match(lines[i]) if lines.indent(i) == indent else None
        if found is not None:
            names[found["name"]] = None
            if len(names) > _MOST_NAMES:
                break
    if not names:
        return lines[first].strip()[:_LONGEST_TITLE].strip()
    title = ", ".join(list(names)[:_MOST_NAMES])
    return f"{title}, …" if len(names) > _MOST_NAMES else title
