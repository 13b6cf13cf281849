"""Units of meaning: the parts of a document that are quoted together as an answer.

A single sentence is often not enough: a list item needs its parent item, a table row needs the
header, a question needs its reply. The context of a unit is its headings, lead-ins and parents.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache

import regex

from index.documents.blocks import trimmed
from index.documents.outline import is_lead_in, is_question, outline_of
from index.documents.outline_node import Node
from index.types import Document, Span

LONGEST_UNIT = 1200
"""In characters. Only a part of a longer list or section is quoted."""
_LONGEST_REPLY = 500
_LONGEST_SECTION = 6000
"""In characters. Of a longer section, only half of this on each side of a passage is parsed."""

_LINKS = regex.compile(r"!?\[[^\[\]]*\]\([^()]*\)|!?\[[^\[\]]*\]\[[^\[\]]*\]|<?https?://\S+")
_SEE = regex.compile(
    r"[\W\d_]*(?:see(?:\s+also)?|cf\.|siehe(?:\s+auch)?|voir|refer\s+to|read\s+more"
    r"|more\s+(?:on|in|about))\b",
    regex.IGNORECASE,
)
_LONGEST_REFERENCE = 120
_VISIBLE = regex.compile(r"[\p{L}\p{N}]")
_REFERS_BACK = regex.compile(
    r"[\W_]*(?:it|its|he|his|she|her|they|their|this|these|that|those|such|both|then|there)\b",
    regex.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Unit:
    """A quotation from a document.

    spans:   of the document's text, in order, without overlap
    context: spans of its headings, lead-ins and parents; they need not be quoted
    """

    spans: tuple[Span, ...]
    context: tuple[Span, ...] = ()


@dataclass(frozen=True, slots=True)
class Section:
    """The section of a passage, with its outline. start: its offset in the document."""

    document: Document
    start: int
    root: Node

    @classmethod
    def of(cls, document: Document, passage: Span) -> "Section":
        span = document.section_at(passage.end)
        if span.end - span.start > _LONGEST_SECTION:
            span = _around(document.text, span, passage)
        root = _outline(span.of(document.text), document.media_type)
        return cls(document, span.start, root)

    def node_at(self, offset: int) -> Node | None:
        """Return the innermost node at an offset of the document; None if it is the root."""
        node = self.root.at(offset - self.start)
        return None if node.kind == "root" else node

    def span(self, span: Span) -> Span:
        """Convert a span of the section to a span of the document."""
        return Span(span.start + self.start, span.end + self.start)

    def heads(self, node: Node, sentence: Span) -> Iterator[Span]:
        """Yield the heads of the nodes above a sentence in the section, innermost first."""
        head = self.span(node.head)
        if node.children and not head.contains(sentence):
            yield head
        for above in node.above:
            yield self.span(above.head)


def headings_above(document: Document, passage: Span) -> list[Span]:
    """Return the spans of the headings above a passage, innermost first."""
    return [heading.span for heading in reversed(document.heading_path(passage.end))]


def says_nothing(text: str) -> bool:
    """Return whether a text alone is not an answer: a question, lead-in, link, reference, or only
    punctuation.

    >>> says_nothing("See [the manual](m.md)."), says_nothing("It takes two days.")
    (True, False)
    """
    if not _VISIBLE.search(text):
        return True
    if is_question(text) or is_lead_in(text):
        return True
    if len(text) <= _LONGEST_REFERENCE and _SEE.match(text):
        return True
    return "](" in text + "http" and not _VISIBLE.search(_LINKS.sub("", text))


def refers_back(text: str) -> bool:
    """Return whether a sentence begins with a pronoun or a word that refers to the previous one."""
    return _REFERS_BACK.match(text) is not None


def reply(section: Section, question: Node) -> Span | None:
    """Return the reply to a question, without the later paragraphs of a long reply."""
    spans = [section.span(child.span) for child in question.children]
    return _together(spans, _LONGEST_REPLY)


def whole(section: Section, node: Node) -> Span | None:
    """Return the span of a node with its children; None if it exceeds LONGEST_UNIT characters."""
    span = section.span(node.span)
    return span if span.end - span.start <= LONGEST_UNIT else None


def parts_apart(spans: Iterable[Span], text: str) -> tuple[Span, ...]:
    """Sort spans and merge those that overlap or have only white space between them."""
    joined: list[Span] = []
    for span in sorted(spans):
        if joined and (
            span.start <= joined[-1].end or not text[joined[-1].end : span.start].strip()
        ):
            joined[-1] = Span(joined[-1].start, max(joined[-1].end, span.end))
        else:
            joined.append(span)
    return tuple(joined)


def _together(spans: list[Span], longest: int) -> Span | None:
    """Join the first span with as many of the next ones as fit in `longest` characters."""
    if not spans:
        return None
    end = spans[0].end
    for span in spans[1:]:
        if span.end - spans[0].start > longest:
            break
        end = span.end
    return Span(spans[0].start, end)


def _around(text: str, section: Span, passage: Span) -> Span:
    """Return the part of a long section around a passage, from the start of a line."""
    half = _LONGEST_SECTION // 2
    start, end = max(section.start, passage.start - half), min(section.end, passage.end + half)
    if start > section.start:
        start = text.rfind("\n", section.start, start) + 1 or start
    cut = trimmed(text, start, end)
    return cut or passage


@lru_cache(maxsize=256)
def _outline(section: str, media_type: str) -> Node:
    return outline_of(section, Span(0, len(section)), media_type)
