"""AsciiDoc: sections, delimited blocks, attributes and macros."""

import regex

from index.documents.blocks import Blocks
from index.documents.line_blocks import Lines, Part, blocks_of_lines
from index.documents.loader import Content
from index.documents.text_loader import TextLoader

_HEADING = regex.compile(r"(={1,6}|#{1,6})[ \t]+(\S.*)")
_VERBATIM = regex.compile(r"(-{4,}|\.{4,}|\+{4,}|/{4,}|`{3}|[|,:!]={3,})")
_CONTAINER = regex.compile(r"(?:={4,}|\*{4,}|_{4,}|--|\+)\s*$")
_ATTRIBUTES = regex.compile(r"\[(?:[^\[\]]*|\[[^\]]*\])\]\s*$")
_SOURCE = regex.compile(r"\[(?:source|listing|literal|verse|stem)\b", regex.IGNORECASE)
_ENTRY = regex.compile(r":!?[\w-]+!?:(?:\s|$)|//(?!/)|\.[^\s.]")
_MACRO = regex.compile(r"(?:include|image|video|audio|toc|ifdef|ifndef|ifeval|endif)::\S*\[")


class AsciiDocLoader(TextLoader):
    """Loads AsciiDoc. The title is the first heading of level 1."""

    def blocks_in(self, text: str) -> Blocks:
        return blocks_of_lines(text, _part_at)

    def heading_text(self, raw: str) -> str:
        found = _HEADING.match(raw)
        return found.group(2).strip() if found else raw

    def title(self, content: Content) -> str | None:
        return next((heading.text for heading in content.headings if heading.level == 1), None)


def _part_at(lines: Lines, i: int) -> Part | None:
    line = lines[i]
    heading = _HEADING.match(line)
    if heading is not None:
        return Part(i + 1, "heading", len(heading.group(1)))
    if _ATTRIBUTES.match(line):
        return Part(_end_of_styled(lines, i))
    end = _end_of_verbatim(lines, i)
    if end > i:
        return Part(end)
    if _CONTAINER.match(line) or _ENTRY.match(line) or _MACRO.match(line):
        return Part(i + 1)
    if line[0].isspace() and (i == 0 or lines.is_blank(i - 1)) and not _is_item(line):
        return Part(_end_of_group(lines, i))
    return None


def _end_of_verbatim(lines: Lines, i: int) -> int:
    """Return the line after the block with this delimiter; i if the line is none."""
    opening = lines[i].rstrip()
    found = _VERBATIM.match(opening)
    if found is None or (found.group() != opening and found.group() != "```"):
        return i
    return lines.end_of_enclosed(i + 1, lambda line: line.rstrip() == found.group())


def _end_of_styled(lines: Lines, i: int) -> int:
    """Return the line after the attributes and, of source code, after the code."""
    if _SOURCE.match(lines[i]) is None or i + 1 >= len(lines) or lines.is_blank(i + 1):
        return i + 1
    end = i + 1
    while end < len(lines) and (lines[end].startswith(".") and not _VERBATIM.match(lines[end])):
        end += 1
    if end >= len(lines) or lines.is_blank(end):
        return end
    closed = _end_of_verbatim(lines, end)
    return closed if closed > end else _end_of_group(lines, end)


def _is_item(line: str) -> bool:
    return regex.match(r"\s*(?:[-*.]+|\d+\.|[A-Za-z]\.)\s", line) is not None


def _end_of_group(lines: Lines, i: int) -> int:
    while i < len(lines) and not lines.is_blank(i):
        i += 1
    return i
