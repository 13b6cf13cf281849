"""Extend the best sentences of a passage to units of meaning.

A sentence (rag.answer.anchors) is extended to its unit: a question to its reply, a lead-in to its
list, a table row to the header and the row. A unit that lacks an exact term of the question is not
an answer, nor is a quotation in a mail.
"""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np

from index.documents.blocks import trimmed
from index.documents.outline_node import Node
from index.types import Document, Floats, Span
from index.words.analyze import distinct_terms
from rag.answer.anchors import Anchor, AnchorScorer
from rag.answer.code_units import code_unit, is_code
from rag.answer.neighbours import with_neighbours
from rag.answer.quotations import before_quotation
from rag.answer.token_matches import TokenMatches
from rag.answer.units import (
    LONGEST_UNIT,
    Unit,
    parts_apart,
    reply,
    says_nothing,
    whole,
)
from rag.search.definitions import defines as is_definition
from rag.search.exact_terms import ExactTerm, missing, required
from rag.search.question import Question

_OWN_GAIN = 0.05
"""A sentence is quoted alone if it raises the score of its context by at least this much. Otherwise
everything below its lead-in or item is quoted."""

_LONGEST_OF_HEADING = 800
"""The maximum length, in characters, of a section that is quoted whole for its heading."""


class Choice(NamedTuple):
    """A unit and its match with the question.

    missing: exact terms of the question that neither the unit nor its context has
    matched: shape (t,), the best match of each token of the question with the unit
    """

    score: float
    unit: Unit
    missing: tuple[ExactTerm, ...]
    matched: Floats


class Chooser:
    """The sentences of one passage and their units."""

    def __init__(self, document: Document, token_matches: TokenMatches, question: Question) -> None:
        self.document = document
        self.text = document.text
        self.token_matches = token_matches
        self.question = question
        self.required = required(question.text, question.idf)
        self.scorer = AnchorScorer(document, token_matches, question)
        self.section, self.headings = self.scorer.section, self.scorer.headings

    def anchors(self) -> Iterator[Anchor]:
        """Yield the scored sentences of the passage, and pairs of them, in order."""
        return self.scorer.anchors()

    def choice_of(self, anchor: Anchor) -> Choice | None:
        """Return the unit of a sentence; None if it is not an answer."""
        unit = self._unit_of(anchor)
        if unit is None:
            return None
        return Choice(anchor.score, unit, self._lacking(unit), anchor.matched)

    def _unit_of(self, anchor: Anchor) -> Unit | None:
        spans = [self.token_matches.chunk.sentences[i] for i in anchor.sentences]
        sentence = Span(spans[0].start, spans[-1].end)
        if is_code(self.document):
            [quoted] = self._with_neighbours(anchor, [sentence])
            grown = code_unit(self.section, anchor.node, quoted, adds=self._adds(anchor))
        else:
            grown = self._grown(anchor, sentence) or []
        own = (before_quotation(self.document, span) for span in grown)
        core = [span for span in own if span is not None]
        if not core or all(says_nothing(span.of(self.text)) for span in core):
            return None
        core = self._with_neighbours(anchor, core)
        context = [span for span in anchor.context if not any(c.contains(span) for c in core)]
        cited = self._cited(core, context)
        unit = parts_apart([*core, *cited], self.text)
        return Unit(unit, (*context, *self.headings))

    def _with_neighbours(self, anchor: Anchor, core: list[Span]) -> list[Span]:
        """Return the core with the sentences beside it that belong to it, in a paragraph."""
        spans = self.token_matches.chunk.sentences
        sentence = Span(spans[anchor.sentences[0]].start, spans[anchor.sentences[-1]].end)
        if anchor.node.kind != "paragraph" or core != [sentence]:
            return core
        whole_paragraph = self.section.span(anchor.node.span)
        paragraph = [span for span in spans if whole_paragraph.contains(span)]
        return [with_neighbours(sentence, paragraph, self.text, self.question.text)]

    def _grown(self, anchor: Anchor, sentence: Span) -> list[Span] | None:
        node, section = anchor.node, self.section
        if node.kind == "question":
            span = reply(section, node)
            return None if span is None else [span]
        if node.kind == "table":
            table = whole(section, node)
            return None if table is None else [table]
        if node.kind == "lead":
            return self._introduced(node)
        adds = self._adds(anchor)
        for above in node.above:
            if above.kind == "question":
                span = reply(section, above)
                if span is not None and span.contains(sentence):
                    return [span]
                break
            if above.kind in ("lead", "item") and not adds:
                span_of_all = whole(section, above)
                if span_of_all is not None:
                    return [span_of_all]
        if not adds:
            of_heading = self._of_heading(anchor)
            if of_heading is not None:
                return of_heading
        return self._leaf(node, sentence)

    def _leaf(self, node: Node, sentence: Span) -> list[Span]:
        section = self.section
        head = section.span(node.head)
        if node.kind == "row" and node.parent is not None:
            return [section.span(node.parent.head), head]
        if node.kind == "code":
            lead = node.parent
            above = [section.span(lead.head)] if lead is not None and lead.kind == "lead" else []
            return [*above, head if head.end - head.start <= LONGEST_UNIT else sentence]
        if node.kind == "item":
            all_of_it = whole(section, node)
            if all_of_it is not None and all_of_it.end - all_of_it.start <= _LONGEST_OF_HEADING:
                return [all_of_it]
        return [sentence]

    def _introduced(self, node: Node) -> list[Span] | None:
        """Return a lead-in with the parts it introduces, up to LONGEST_UNIT characters."""
        span = whole(self.section, node)
        if span is not None:
            return [span]
        head = self.section.span(node.head)
        parts = [self.section.span(child.span) for child in node.children]
        kept = [part for part in parts if part.end - head.start <= LONGEST_UNIT]
        return [head, *kept] if kept else None

    def _adds(self, anchor: Anchor) -> bool:
        """Return whether the sentence raises the score of its context by at least _OWN_GAIN."""
        above = np.maximum(
            self.scorer.by_headings, self.token_matches.matches_in_context(anchor.context)
        )
        return (
            self.token_matches.score(anchor.matched) - self.token_matches.score(above) >= _OWN_GAIN
        )

    def _of_heading(self, anchor: Anchor) -> list[Span] | None:
        """Return the section of the innermost heading that shares a term with the question.

        None if the section is longer than _LONGEST_OF_HEADING, or if the sentence itself shares a
        term with the question.
        """
        own = Span(
            self.token_matches.chunk.sentences[anchor.sentences[0]].start,
            self.token_matches.chunk.sentences[anchor.sentences[-1]].end,
        )
        if (
            anchor.node.kind == "paragraph"
            and distinct_terms(own.of(self.text)) & self.question.idf.keys()
        ):
            return None
        path = self.document.heading_path(self.token_matches.chunk.span.end)
        for heading in reversed(path):
            if distinct_terms(heading.text) & self.question.idf.keys():
                body = self.document.section_at(self.token_matches.chunk.span.end, heading.level)
                span = trimmed(self.text, body.start, body.end)
                fits = span is not None and span.end - span.start <= _LONGEST_OF_HEADING
                return [span] if fits and span is not None else None
        return None

    def _cited(self, core: Sequence[Span], context: Sequence[Span]) -> list[Span]:
        """Return the parts of the context that have terms of the question that the unit lacks."""
        own = frozenset[str]().union(*(distinct_terms(span.of(self.text)) for span in core))
        wanted = self.question.idf.keys() - own
        cited = []
        for span in context:
            given = wanted & distinct_terms(span.of(self.text))
            if given:
                cited.append(span)
                wanted = wanted - given
        lacking = missing(self.required, [span.of(self.text) for span in [*core, *cited]])
        for span in self.headings:
            if lacking and len(missing(lacking, [span.of(self.text)])) < len(lacking):
                cited.append(span)
                lacking = missing(lacking, [span.of(self.text)])
        return cited

    def _lacking(self, unit: Unit) -> tuple[ExactTerm, ...]:
        """Return the exact terms that neither the unit nor its context has."""
        if not self.required:
            return ()
        texts = [span.of(self.text) for span in (*unit.spans, *unit.context)]
        lacking = missing(self.required, [*texts, self.document.title])
        if lacking:
            node = self.section.node_at(unit.spans[-1].start)
            if node is not None and node.kind == "paragraph":  # search its earlier sentences too
                before = Span(self.section.span(node.head).start, unit.spans[-1].end)
                lacking = missing(lacking, [before.of(self.text)])
        return tuple(term for term in lacking if not self._defines(unit, term.text))

    def _defines(self, unit: Unit, name: str) -> bool:
        """Return whether a unit of source code defines a name, also as the member of another."""
        if name not in self.scorer.names:
            return False
        return any(is_definition(self.document, span, name) for span in unit.spans)
