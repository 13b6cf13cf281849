"""The blocks of a Markdown text: headings, lists, quotations, code, tables and HTML."""

import regex
from markdown_it.token import Token

from index.types import Span
from rag.output.markdown.inline import CODE, DEFINITION, PARSER, TAG, mark_inline
from rag.output.markdown.marks import Marks
from rag.output.markdown.tables import mark_table

_INDENT = regex.compile(r"[ \t>]*")
_ITEM = regex.compile(r"[ \t>]*(?P<mark>[-+*]|\d{1,9}[.)])")
_HEADING = regex.compile(r"#{1,6}[ \t]*")
_CLOSING_FENCE = regex.compile(r"[ \t>]*(?:`{3,}|~{3,})[ \t]*")
_RULE = regex.compile(r"[-*_]")


def marks_of(text: str, width: int) -> Marks:
    """Return what to show of a Markdown text. width: of a table, in columns."""
    blocks = _Blocks(text, width)
    tokens = PARSER.parse(text)
    for i, token in enumerate(tokens):
        if token.map is not None:
            blocks.mark(token, tokens[i:])
    return blocks.marks


class _Blocks:
    """Marks the blocks of a text in their order.

    lines:   the span of each line, without its end
    _begins: where the content of each line begins, after the marks of the blocks around it
    """

    def __init__(self, text: str, width: int) -> None:
        self.text, self.width = text, width
        self.marks = Marks(text)
        self.lines: list[Span] = []
        at = 0
        for line in text.split("\n"):
            self.lines.append(Span(at, at + len(line)))
            at += len(line) + 1
        self._begins = [line.start for line in self.lines]
        self._in_table = False

    def mark(self, token: Token, rest: list[Token]) -> None:
        assert token.map is not None
        first, last = token.map[0], min(token.map[1], len(self.lines))
        match token.type:
            case "blockquote_open":
                self._mark_quotation(first, last)
            case "list_item_open":
                self._mark_item(first)
            case "heading_open":
                self._mark_heading(token, rest[1], first, last)
            case "fence":
                self._mark_fence(first, last)
            case "code_block":
                self._style(first, last, CODE)
            case "hr":
                self._mark_rule(first)
            case "html_block":
                self._mark_html(first, last)
            case "table_open":
                starts = [self._after(_INDENT, line) for line in range(first, last)]
                rows = [Span(a, self.lines[first + i].end) for i, a in enumerate(starts)]
                mark_table(self.marks, rows, _alignments(rest), self.width)
            case "paragraph_open":
                self._mark_paragraph(rest[1], first, last)

    def _after(self, pattern: "regex.Pattern[str]", line: int) -> int:
        """Return the offset after a match at the beginning of a line's content."""
        match = pattern.match(self.text, self._begins[line], self.lines[line].end)
        return self._begins[line] if match is None else match.end()

    def _style(self, first: int, last: int, name: str) -> None:
        for line in range(first, last):
            self.marks.style(self._after(_INDENT, line), self.lines[line].end, name)

    def _hide(self, line: int) -> None:
        self.marks.hide(self._begins[line], self.lines[line].end)

    def _mark_quotation(self, first: int, last: int) -> None:
        for line in range(first, last):
            for i in range(self._begins[line], self._after(_INDENT, line)):
                if self.text[i] == ">":
                    self.marks.replace(i, i + 1, "│")

    def _mark_item(self, line: int) -> None:
        match = _ITEM.match(self.text, self._begins[line], self.lines[line].end)
        if match is None:
            return
        start, end = match.span("mark")
        if match["mark"] in "-+*":
            self.marks.replace(start, end, "•")
        self._begins[line] = end

    def _mark_heading(self, token: Token, inline: Token, first: int, last: int) -> None:
        if token.markup in ("=", "-"):
            self._hide(last - 1)
            self._mark_paragraph(inline, first, last - 1, "bold")
            return
        begin = self._after(_INDENT, first)
        match = _HEADING.match(self.text, begin, self.lines[first].end)
        start = begin if match is None else match.end()
        content = inline.content
        self.marks.hide(begin, start)
        self.marks.hide(start + len(content), self.lines[first].end)
        self.marks.style(start, start + len(content), "bold")
        if self.text.startswith(content, start):
            mark_inline(self.marks, content, range(start, start + len(content) + 1))

    def _mark_fence(self, first: int, last: int) -> None:
        self._hide(first)
        end = self.lines[last - 1].end
        is_closed = last - first > 1 and _CLOSING_FENCE.fullmatch(
            self.text, self._begins[last - 1], end
        )
        if is_closed:
            self._hide(last - 1)
        self._style(first + 1, last - 1 if is_closed else last, CODE)

    def _mark_rule(self, line: int) -> None:
        for match in _RULE.finditer(self.text, self._begins[line], self.lines[line].end):
            self.marks.replace(match.start(), match.end(), "─")

    def _mark_html(self, first: int, last: int) -> None:
        end = self.lines[last - 1].end
        for match in TAG.finditer(self.text, self._begins[first], end):
            for line in range(first, last):
                span = self.lines[line]
                a, b = max(match.start(), span.start), min(match.end(), span.end)
                if a < b:
                    self.marks.hide(a, b)

    def _mark_paragraph(self, inline: Token, first: int, last: int, style: str = "") -> None:
        while first < last and DEFINITION.fullmatch(
            self.text, self.lines[first].start, self.lines[first].end
        ):
            self._hide(first)
            first += 1
        lines = inline.content.split("\n")[-(last - first) :] if first < last else []
        places: list[int] = []
        for line, content in zip(range(first, last), lines, strict=False):
            start = self.text.rfind(content, self._begins[line], self.lines[line].end)
            if start < 0:
                return  # a tab that the parser expanded: it stays as it is
            places += range(start, start + len(content))
            places.append(self.lines[line].end)
            self.marks.style(start, start + len(content), style)
        if places:
            mark_inline(self.marks, "\n".join(lines), places)


def _alignments(tokens: list[Token]) -> list[str]:
    """Return "left", "right" or "center" for each column of the table that begins here."""
    found = []
    for token in tokens:
        if token.type == "thead_close":
            break
        if token.type == "th_open":
            style = str(token.attrs.get("style", ""))
            found.append(style.removeprefix("text-align:") or "left")
    return found
