"""Units of meaning: what of a document is quoted together as an answer, and what it hangs under.

A sentence alone is often none: a list item says nothing without the item above it, a table row
without the header, a question without its reply.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache

import regex

from index.documents.blocks import trimmed
from index.documents.outline import Node, is_lead_in, is_question, outline_of
from index.types import Document, Span

LONGEST_UNIT = 1200
"""Characters: of a longer list or section, only the part that answers is quoted."""
_LONGEST_REPLY = 500
_LONGEST_SECTION = 6000
"""Characters that are read of a section; of a longer one, half of it on each side of a passage."""

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
    """What is quoted as an answer.

    spans:   of the document's text, in order, without overlap
    context: what it hangs under, of which nothing need be quoted
    """

    spans: tuple[Span, ...]
    context: tuple[Span, ...] = ()


@dataclass(frozen=True, slots=True)
class Section:
    """The section that a passage stands in, with what hangs under what in it."""

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
        """The innermost node at an offset of the document; None if nothing that says anything
        stands there."""
        node = self.root.at(offset - self.start)
        return None if node.kind == "root" else node

    def span(self, span: Span) -> Span:
        """A span of the section as one of the document."""
        return Span(span.start + self.start, span.end + self.start)

    def heads(self, node: Node, sentence: Span) -> Iterator[Span]:
        """What a sentence of a node hangs under within the section, innermost first."""
        head = self.span(node.head)
        if node.children and not head.contains(sentence):
            yield head
        for above in node.above:
            yield self.span(above.head)


def headings_above(document: Document, passage: Span) -> list[Span]:
    """The headings above a passage, innermost first."""
    return [heading.span for heading in reversed(document.heading_path(passage.end))]


def says_nothing(text: str) -> bool:
    """Whether a stretch of text is no answer by itself: a question, a lead-in, a link, a reference
    or signs alone.

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
    """Whether a sentence begins with a word that stands for something in the sentence before."""
    return _REFERS_BACK.match(text) is not None


def reply(section: Section, question: Node) -> Span | None:
    """What follows a question, without the later paragraphs of a long reply."""
    spans = [section.span(child.span) for child in question.children]
    return _together(spans, _LONGEST_REPLY)


def whole(section: Section, node: Node) -> Span | None:
    """A node with all that hangs under it; None if it is too long to be quoted."""
    span = section.span(node.span)
    return span if span.end - span.start <= LONGEST_UNIT else None


def parts_apart(spans: Iterable[Span], text: str) -> tuple[Span, ...]:
    """Spans in order, those joined that overlap or have only white space between them."""
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
    """From the first span on as many as fit; the first in any case."""
    if not spans:
        return None
    end = spans[0].end
    for span in spans[1:]:
        if span.end - spans[0].start > longest:
            break
        end = span.end
    return Span(spans[0].start, end)


def _around(text: str, section: Span, passage: Span) -> Span:
    """The part of a long section that a passage stands in, from the beginning of a line on."""
    half = _LONGEST_SECTION // 2
    start, end = max(section.start, passage.start - half), min(section.end, passage.end + half)
    if start > section.start:
        start = text.rfind("\n", section.start, start) + 1 or start
    cut = trimmed(text, start, end)
    return cut or passage


@lru_cache(maxsize=256)
def _outline(section: str, media_type: str) -> Node:
    return outline_of(section, Span(0, len(section)), media_type)
