"""The outline of a section: a tree of its parts.

List items are children of items and lead-ins, rows of their table, a reply of its question, and
code of the sentence that introduces it.

The outline is computed line by line, for Markdown and plain text, and only for sections that a
question needs. A Markdown parser takes longer for one section than a search of the whole index. If
this reader differs from a parser on rare Markdown, a quoted answer has one line more or less.
"""

from collections.abc import Sequence

import regex

from index.documents.blocks import Blocks, lines, trimmed
from index.documents.code.languages import LANGUAGES
from index.documents.code.outline import read_code
from index.documents.formats import PLAIN_TEXT, format_of_media_type, notation_of
from index.documents.loader import loader_of
from index.documents.outline_node import Node, NodeKind
from index.documents.structure import plain_blocks
from index.documents.text_loader import TextLoader
from index.types import Span

_ITEM = regex.compile(
    r"(?P<indent>[ \t>]*)(?P<mark>[-*+•–]|\(?(?:\d{1,3}|[A-Za-z])[.)])(?P<gap>[ \t]+)(?=\S)"
)
_FENCE = regex.compile(r"[ \t>]*(`{3,}|~{3,})")
_DELIMITER = regex.compile(r"[ \t>]*\|?[ \t]*:?-+:?[ \t]*(?:\|[ \t]*:?-+:?[ \t]*)*\|?[ \t]*$")
_MARKUP = regex.compile(
    r"\W+$|</?[A-Za-z!][^<>]*>\s*$|\{\{[<%].*[>%]\}\}\s*$|\{%.*%\}\s*$|:::"
    r"|\[[^\]]+\]:\s|\.\.\s+\S+::"
)
_CODE = regex.compile(
    r"\.\. +(?:code|code-block|sourcecode|prompt|parsed-literal|testcode)::|>>> |-{4,}|\.{4,}|```"
    r"|\[(?:source|listing|literal)\b|#\+begin_(?:src|example)"
    r"|\\begin\{(?:verbatim|lstlisting|minted)",
    regex.IGNORECASE,
)
"""The first line of code in reStructuredText, AsciiDoc, Org and LaTeX."""
_CODE_FOLLOWS = "::"
"""reStructuredText's mark, at the end of a paragraph or alone, before a block of code."""

_NO_TEXT = regex.compile(
    r"\.\.(?! +(?:\[|\S+::))|\.\. +[\w:.+-]+::$|//|%|# |#\+(?!begin_)|:[\w-]+:\s*$|\[\[[^\]]*\]\]$",
    regex.IGNORECASE,
)
"""The beginning of a comment, a label, a drawer or a keyword in these formats."""
_INDENT = regex.compile(r"[ \t>]*")
_QUESTION = regex.compile(r"[^.!?]*(?:[.](?=[\p{L}\p{N}])[^.!?]*)*[?？][\s*_\"'”’`#:)]*$")
_LEAD = regex.compile(r"[:：][\s*_]*$")
_TURN = regex.compile(
    r"[\s*_>-]*(\p{Lu}[\p{L}\p{N}.'’-]*(?:[ ]\p{Lu}[\p{L}.'’-]*){0,2})[*_]{0,2}:[*_]{0,2}\s"
)


def outline_of(text: str, section: Span, media_type: str) -> Node:
    """Return the root of the outline of a section's body.

    Each line is in one node, except blank lines and lines of markup only.
    """
    root = Node("root", Span(section.start, section.start), Span(section.start, section.start))
    if media_type in LANGUAGES:
        read_code(text, section, root, LANGUAGES[media_type])
        return root
    if notation_of(media_type) != "plain":
        _Markdown(text, section).read_into(root)
    else:
        _read_plain(text, section, root, media_type)
    _hang(text, root)
    return root


# Leaves


class _Markdown:
    """Reads the lines of a section, in order."""

    def __init__(self, text: str, section: Span) -> None:
        self.text = text
        self.lines = list(lines(text, section.start, section.end))

    def read_into(self, root: Node) -> None:
        i, items, after_blank = 0, [root], True
        paragraph: Node | None = None
        while i < len(self.lines):
            line = self.lines[i]
            raw = line.of(self.text)
            if not raw.strip(" \t>"):
                paragraph, after_blank, i = None, True, i + 1
                continue
            indent = _indent_of(raw)
            end = self._block_end(i, indent, items, after_blank)
            if end > i:
                _pop(items, indent)
                self._add_block(i, end, items[-1])
                paragraph, after_blank, i = None, False, end
                continue
            if _MARKUP.match(raw.strip()):
                paragraph, i = None, i + 1
                continue
            paragraph = self._read_text(line, raw, indent, items, paragraph)
            after_blank, i = False, i + 1

    def _read_text(
        self, line: Span, raw: str, indent: int, items: list[Node], paragraph: Node | None
    ) -> Node:
        """Return the node of this line: the current paragraph, or a new paragraph or list item."""
        visible = trimmed(self.text, line.start, line.end) or line
        item = _ITEM.match(raw)
        if item is not None:
            _pop(items, indent)
            node = Node("item", visible, visible, indent=indent + len(item["mark"] + item["gap"]))
            items.append(items[-1].add(node))
            return node
        if paragraph is not None:  # the paragraph continues
            _extend(paragraph, visible.end)
            return paragraph
        _pop(items, indent)
        return items[-1].add(Node("paragraph", visible, visible))

    def _block_end(self, i: int, indent: int, items: list[Node], after_blank: bool) -> int:
        """Return the line after the code or table that begins at line i; i if none begins there."""
        raw = self.lines[i].of(self.text)
        fence = _FENCE.match(raw)
        if fence is not None:
            return self._end_of_fence(i, fence.group(1))
        if self._is_table(i):
            end = i + 2
            while end < len(self.lines) and "|" in self.lines[end].of(self.text):
                end += 1
            return end
        inside = items[-1].indent if indent >= items[-1].indent else 0
        if after_blank and indent >= inside + 4 and _ITEM.match(raw) is None:
            return self._end_of_indented(i, inside + 4)
        return i

    def _is_table(self, i: int) -> bool:
        if i + 1 >= len(self.lines) or "|" not in self.lines[i].of(self.text):
            return False
        following = self.lines[i + 1].of(self.text)
        return "-" in following and _DELIMITER.match(following) is not None

    def _end_of_fence(self, i: int, fence: str) -> int:
        for end in range(i + 1, len(self.lines)):
            closing = self.lines[end].of(self.text).strip(" \t>")
            if closing.startswith(fence) and not closing.strip(fence[0]):
                return end + 1
        return len(self.lines)

    def _end_of_indented(self, i: int, least: int) -> int:
        last = i
        for end in range(i + 1, len(self.lines)):
            raw = self.lines[end].of(self.text)
            if raw.strip() and _indent_of(raw) < least:
                break
            if raw.strip():
                last = end
        return last + 1

    def _add_block(self, i: int, end: int, container: Node) -> None:
        block = Span(self.lines[i].start, self.lines[end - 1].end)
        visible = trimmed(self.text, block.start, block.end) or block
        if not self._is_table(i):
            container.add(Node("code", visible, visible))
            return
        header = trimmed(self.text, self.lines[i].start, self.lines[i].end) or visible
        table = container.add(Node("table", header, visible))
        for line in self.lines[i + 2 : end]:
            row = trimmed(self.text, line.start, line.end)
            if row is not None:
                table.add(Node("row", row, row))


def _read_plain(text: str, section: Span, root: Node, media_type: str) -> None:
    items = [root]
    has_markup = media_type != PLAIN_TEXT
    introduces_code = False
    for block in _blocks_of(section.of(text), media_type):
        span = Span(section.start + block.span.start, section.start + block.span.end)
        each = lines(text, span.start, span.end) if block.kind == "lines" else [span]
        if has_markup and block.kind == "lines" and _NO_TEXT.match(text, span.start, span.end):
            continue
        if has_markup and span.of(text) == _CODE_FOLLOWS:
            introduces_code = True
            continue
        after_lead = block.kind == "lines" and (
            introduces_code
            or (root.children and root.children[-1].head.of(text).endswith(_CODE_FOLLOWS))
        )
        introduces_code = False
        is_code = has_markup and block.kind == "lines" and _CODE.match(text, span.start, span.end)
        if after_lead or is_code:
            _pop(items, 0)
            root.add(Node("code", span, span))
            continue
        for line in each:
            visible = trimmed(text, line.start, line.end)
            if visible is not None:
                _read_plain_line(text, visible, block.kind == "lines", items)


def _blocks_of(section: str, media_type: str) -> Blocks:
    format = format_of_media_type(media_type)
    loader = loader_of(format) if format is not None and media_type != PLAIN_TEXT else None
    return loader.blocks_in(section) if isinstance(loader, TextLoader) else plain_blocks(section)


def _read_plain_line(text: str, visible: Span, is_line: bool, items: list[Node]) -> None:
    indent = visible.start - (text.rfind("\n", 0, visible.start) + 1)
    item = _ITEM.match(visible.of(text))
    _pop(items, indent)
    if item is None:
        items[-1].add(Node("line" if is_line else "paragraph", visible, visible))
        return
    node = Node("item", visible, visible, indent=indent + len(item["mark"] + item["gap"]))
    items.append(items[-1].add(node))


def _indent_of(raw: str) -> int:
    found = _INDENT.match(raw)
    return len(found.group().expandtabs(4)) if found else 0


def _pop(items: list[Node], indent: int) -> None:
    while len(items) > 1 and indent < items[-1].indent:
        items.pop()


def _extend(node: Node, end: int) -> None:
    node.head = Span(node.head.start, end)
    above: Node | None = node
    while above is not None and above.span.end < end:
        above.span = Span(above.span.start, end)
        above = above.parent


# Children of a lead-in or a question


def _hang(text: str, node: Node) -> None:
    """Make the nodes that a lead-in or a question introduces its children, at every depth."""
    children, node.children = node.children, []
    at = 0
    while at < len(children):
        child = children[at]
        if child.kind == "item":
            child.kind = _kind_of_item(text, child)
            _hang(text, child)
        end = _end_of_introduced(text, children, at)
        if end > at + 1:
            under = children[at + 1 : end]
            child.kind = "question" if is_question(child.head.of(text)) else "lead"
            for each in under:
                if each.kind == "item":
                    _hang(text, each)
                child.add(each)
        node.add(child)
        at = max(end, at + 1)


def _kind_of_item(text: str, item: Node) -> NodeKind:
    return "question" if item.children and is_question(item.head.of(text)) else "item"


def _end_of_introduced(text: str, children: Sequence[Node], at: int) -> int:
    """Return the index after the last sibling that the child at `at` introduces; at + 1 if none."""
    child, first = children[at], at + 1
    if first >= len(children) or child.kind not in ("paragraph", "item", "line"):
        return first
    if child.kind == "item":
        return first
    head = child.head.of(text)
    if is_question(head):
        return _end_of_reply(text, children, at)
    following = children[first].kind
    if following == "code":
        return first + 1
    if _LEAD.search(head) is None:
        return first
    end = first + 1
    while end < len(children) and following in ("item", "line") and children[end].kind == following:
        end += 1
    return end


def _end_of_reply(text: str, children: Sequence[Node], at: int) -> int:
    """Return the index after a reply, which ends at the next question or turn of the asker."""
    asker = turn_of(children[at].head.of(text))
    end = at + 1
    while end < len(children):
        head = children[end].head.of(text)
        if is_question(head) or (asker and turn_of(head) == asker):
            break
        end += 1
        if asker and turn_of(head) and end < len(children) and turn_of(children[end].head.of(text)):
            break
    return end


def is_question(text: str) -> bool:
    """Return whether a text is one question and nothing else.

    >>> is_question("**Q: Which cards are taken?**"), is_question("Who? I do not know.")
    (True, False)
    """
    return len(text) <= 400 and _QUESTION.match(text) is not None


def is_lead_in(text: str) -> bool:
    """Return whether a text ends in a colon, so that it introduces the text after it."""
    return _LEAD.search(text) is not None


def turn_of(text: str) -> str:
    """Return the speaker of a line that begins with a name and a colon; "" if there is none."""
    found = _TURN.match(text)
    return found.group(1) if found else ""
