"""LaTeX: sections, verbatim text, formulas and tables, comments and the preamble."""

import regex

from index.documents.blocks import Blocks
from index.documents.line_blocks import Lines, Part, blocks_of_lines
from index.documents.loader import Content
from index.documents.text_loader import TextLoader

_ORDER = ("part", "chapter", "section", "subsection", "subsubsection", "paragraph")
_SECTION = regex.compile(
    rf"[ \t]*\\({'|'.join(_ORDER)})\*?\s*(?:\[[^\]]*\]\s*)?"
    r"\{(?P<text>(?:[^{}\\]|\\.|\{(?:[^{}\\]|\\.|\{[^{}]*\})*\})*+)\}"
)
_SECTION_COMMAND = regex.compile(rf"^[ \t]*\\({'|'.join(_ORDER)})\*?\s*[\[{{]", regex.MULTILINE)
_LONGEST_HEADING = 2000
_TITLE = regex.compile(r"\\title\s*(?:\[[^\]]*\]\s*)?\{((?:[^{}\\]|\\.|\{[^{}]*\})*+)\}")
_BEGIN = regex.compile(r"\s*\\begin\s*\{([^}]*)\}")
_BEGIN_DOCUMENT = regex.compile(r"^[^%\n]*\\begin\s*\{document\}", regex.MULTILINE)
_COMMAND_ONLY = regex.compile(
    r"\s*(?:%|\\(?:(?:begin|end|label|maketitle|tableofcontents|centering|includegraphics"
    r"|input|include|bibliography|bibliographystyle|newpage|clearpage|usepackage|newcommand"
    r"|renewcommand|documentclass|appendix|noindent|[vh]space)\*?(?:\[[^\]]*\]|\{[^{}]*\})*)\s*$)"
)
_ITEM = regex.compile(r"\s*\\item\b")
_LITERAL = frozenset(
    """verbatim Verbatim lstlisting minted comment alltt equation align gather multline eqnarray
    displaymath math tabular tabularx longtable array tikzpicture thebibliography filecontents
    algorithm algorithmic""".split()
)

_LABEL = regex.compile(r"\\(?:label|footnote|index|thanks)\s*\{[^{}]*\}")
_ESCAPED = regex.compile(r"\\([&%$#_{}])")
_COMMAND = regex.compile(r"\\(?:[A-Za-z]+\*?|.)\s*|[{}~]")


class LatexLoader(TextLoader):
    """Loads LaTeX. The title is that of `\\title`, else the first section's."""

    def blocks_in(self, text: str) -> Blocks:
        return blocks_of_lines(text, _Reader(text).part_at)

    def heading_text(self, raw: str) -> str:
        found = _SECTION.match(raw)
        return _plain(found["text"]) or raw.strip() if found else raw

    def title(self, content: Content) -> str | None:
        found = _TITLE.search(content.text)
        title = _plain(found.group(1)) if found else ""
        if title:
            return title
        return content.headings[0].text if content.headings else None


class _Reader:
    def __init__(self, text: str) -> None:
        used = set(_SECTION_COMMAND.findall(text))
        self._levels = {
            name: level for level, name in enumerate((n for n in _ORDER if n in used), 1)
        }
        begin = _BEGIN_DOCUMENT.search(text)
        self._preamble = begin.end() if begin else 0

    def part_at(self, lines: Lines, i: int) -> Part | None:
        if lines.start(i) < self._preamble:
            end = i
            while end < len(lines) and lines.start(end) < self._preamble:
                end += 1
            return Part(end)
        heading = self._heading_at(lines, i)
        if heading is not None:
            return heading
        begin = _BEGIN.match(lines[i])
        if begin is not None and begin.group(1).rstrip("*") in _LITERAL:
            closing = f"\\end{{{begin.group(1)}}}"
            return Part(lines.end_of_enclosed(i, lambda line: closing in line))
        if "\\end{document}" in lines[i]:
            return Part(len(lines))
        if _COMMAND_ONLY.match(lines[i]):
            return Part(i + 1)
        if _ITEM.match(lines[i]):
            return Part(_end_of_item(lines, i), "paragraph")
        return None

    def _heading_at(self, lines: Lines, i: int) -> Part | None:
        start = lines.start(i)
        found = _SECTION.match(lines.text, start, start + _LONGEST_HEADING)
        if found is None or found.group(1) not in self._levels:
            return None
        end = i + 1
        while end < len(lines) and lines.start(end) < found.end():
            end += 1
        return Part(end, "heading", self._levels[found.group(1)])


def _end_of_item(lines: Lines, i: int) -> int:
    """Return the line after an item: the next one that is blank or begins with a command."""
    end = i + 1
    while end < len(lines) and not lines.is_blank(end):
        line = lines[end]
        if _ITEM.match(line) or _COMMAND_ONLY.match(line) or _BEGIN.match(line):
            break
        if _SECTION_COMMAND.match(line):
            break
        end += 1
    return end


def _plain(latex: str) -> str:
    """Return a text without commands and braces, on one line."""
    literal = _LABEL.sub("", latex).replace("\\\\", " ")
    kept = _ESCAPED.sub(lambda found: f"\ue000{ord(found.group(1))}\ue001", literal)
    kept = _COMMAND.sub(lambda found: " " if found.group() == "~" else "", kept)
    kept = regex.sub("\ue000(\\d+)\ue001", lambda found: chr(int(found.group(1))), kept)
    return " ".join(kept.split())
