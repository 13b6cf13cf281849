"""The comments and the code of a text, line by line, without a parser.

A question needs the parts of one function faster than a parser can be loaded.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import regex

from index.documents.code.languages import Language
from index.documents.line_blocks import Lines

_DOCSTRING = regex.compile(r"\s*[rRbBuU]{0,2}(\"\"\"|''')")
_CLOSES = regex.compile(
    r"\s*(?:[\])}]|(?:end|else|elif|elsif|elseif|except|finally|catch|rescue|ensure|fi|done|esac"
    r"|then|do|and|or|when|default|case)\b|[.&|?:+*/%,-])"
)
"""A line that belongs to the statement before it, although it is not indented more."""


@dataclass(frozen=True, slots=True)
class Part:
    """Lines [first, end) of a text that are a comment, or code without a blank line."""

    first: int
    end: int
    is_comment: bool


def parts_of(lines: Lines, language: Language, first: int, end: int) -> Iterator[Part]:
    """Yield the parts of the lines [first, end), in order. Blank lines are in none."""
    while (first := lines.first_visible(first)) < end:
        after = min(end_of_comment(lines, first, language), end)
        if after > first:
            while after < end and (more := end_of_comment(lines, after, language)) > after:
                after = min(more, end)
            yield Part(first, after, is_comment=True)
        else:
            after = first + 1
            while after < end and not lines.is_blank(after):
                if end_of_comment(lines, after, language) > after:
                    break
                after += 1
            yield Part(first, after, is_comment=False)
        first = after


def is_comment(line: str, language: Language) -> bool:
    """Return whether a comment begins with a line."""
    line = line.strip() + "\n"
    if line.startswith(language.comments):
        return True
    return line.startswith(tuple(opening for opening, _ in language.enclosed))


def end_of_comment(lines: Lines, i: int, language: Language) -> int:
    """Return the line after the comment that begins with line i; i if there is none."""
    line = lines[i].strip()
    if f"{line}\n".startswith(language.comments):
        return i + 1
    for opening, closing in language.enclosed:
        if line.startswith(opening):
            return _end_of_enclosed(lines, i, line.removeprefix(opening), closing)
    quotes = _DOCSTRING.match(lines[i]) if language.has_docstrings else None
    if quotes is not None:
        return _end_of_enclosed(lines, i, lines[i][quotes.end() :], quotes.group(1))
    return i


def start_of_comment(lines: Lines, end: int, language: Language, least: int) -> int:
    """Return the first line of the comments and attributes that end directly before a line.

    least: the first line that can be one
    """
    first = end
    while first > least and not lines.is_blank(first - 1):
        above = lines[first - 1].strip()
        if f"{above}\n".startswith(language.comments) or above.startswith(("@", "#[", "[")):
            first -= 1
            continue
        opened = _start_of_enclosed(lines, first - 1, language, least)
        if opened is None:
            break
        first = opened
    return first


def _start_of_enclosed(lines: Lines, last: int, language: Language, least: int) -> int | None:
    line = lines[last].strip()
    for opening, closing in language.enclosed:
        if line.endswith(closing):
            for i in range(last, least - 1, -1):
                if lines[i].lstrip().startswith(opening):
                    return i
    return None


def _end_of_enclosed(lines: Lines, i: int, rest: str, closing: str) -> int:
    """Return the line after a comment; i if code follows the comment on its last line."""
    end = i
    while closing not in rest:
        end += 1
        if end == len(lines):
            return end
        rest = lines[end]
    following = rest.partition(closing)[2].strip()
    return end + 1 if not following else i


def continues(line: str) -> bool:
    """Return whether a line, not indented more than the one before, continues its statement."""
    return _CLOSES.match(line) is not None


def statements_of(lines: Lines, part: Part) -> Iterator[Part]:
    """Yield the statements of a code part: a line, with the lines that are indented more.

    The first line can be a signature: what is indented like the second line are statements too.
    """
    start = part.first
    if part.end - part.first > 1:
        base = lines.indent(part.first + 1)
        for i in range(part.first + 1, part.end):
            if lines.indent(i) <= base and not continues(lines[i]):
                yield Part(start, i, is_comment=False)
                start = i
    yield Part(start, part.end, is_comment=False)
