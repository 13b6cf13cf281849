"""Org: headlines, blocks, drawers, keywords and tables."""

import regex

from index.documents.blocks import Blocks
from index.documents.line_blocks import Lines, Part, blocks_of_lines
from index.documents.loader import Content
from index.documents.markup_text import MAX_HEADING_LEVEL
from index.documents.text_loader import TextLoader

_HEADLINE = regex.compile(r"(\*+)[ \t]+(?=\S)")
_KEYWORD = regex.compile(r"(?:TODO|DONE|NEXT|WAITING|CANCELLED)[ \t]+(?=\S)")
_PRIORITY = regex.compile(r"\[#\w\][ \t]+(?=\S)")
_TAGS = regex.compile(r":[\w@#%:]+:")
_TITLE = regex.compile(r"^#\+title:[ \t]*(\S.*?)[ \t]*$", regex.IGNORECASE | regex.MULTILINE)
_BEGIN = regex.compile(r"\s*#\+begin_(\w+)", regex.IGNORECASE)
_DRAWER = regex.compile(r"\s*:[\w-]+:\s*$")
_LINE = regex.compile(
    r"\s*(?:#(?:\s|$)|#\+\S|:(?:\s|$)|\|)|\s*(?:SCHEDULED|DEADLINE|CLOSED|CLOCK):"
)
_LONGEST_DRAWER = 100
"""In lines. A longer one is read as prose."""
_PROSE = frozenset({"quote", "center", "abstract", "note", "tip", "warning"})


class OrgLoader(TextLoader):
    """Loads Org files. The title is `#+TITLE:`, else the first headline."""

    def blocks_in(self, text: str) -> Blocks:
        return blocks_of_lines(text, _part_at)

    def heading_text(self, raw: str) -> str:
        text = _HEADLINE.sub("", raw, count=1).strip()
        for mark in (_KEYWORD, _PRIORITY):
            found = mark.match(text)
            text = text[found.end() :] if found else text
        *before, last = text.split()
        return " ".join(before) if before and _TAGS.fullmatch(last) else text

    def title(self, content: Content) -> str | None:
        found = _TITLE.search(content.text)
        if found is not None:
            return found.group(1)
        return content.headings[0].text if content.headings else None


def _part_at(lines: Lines, i: int) -> Part | None:
    line = lines[i]
    headline = _HEADLINE.match(line)
    if headline is not None:
        return Part(i + 1, "heading", min(len(headline.group(1)), MAX_HEADING_LEVEL))
    begin = _BEGIN.match(line)
    if begin is not None and begin.group(1).lower() not in _PROSE:
        end = f"#+end_{begin.group(1)}".lower()
        return Part(lines.end_of_enclosed(i + 1, lambda line: line.strip().lower() == end))
    if _DRAWER.match(line):
        return Part(_end_of_drawer(lines, i))
    if _LINE.match(line):
        end_of_lines = i + 1
        while line.lstrip().startswith("|") and end_of_lines < len(lines):
            if not lines[end_of_lines].lstrip().startswith("|"):
                break
            end_of_lines += 1
        return Part(end_of_lines)
    return None


def _end_of_drawer(lines: Lines, i: int) -> int:
    """Return the line after `:END:`; after this line if a headline or the end comes first."""
    for end in range(i + 1, min(i + _LONGEST_DRAWER, len(lines))):
        if lines[end].strip().upper() == ":END:":
            return end + 1
        if not _DRAWER.match(lines[end]) and not lines[end].lstrip().startswith((":", "-", "CL")):
            break
    return i + 1
