"""Score the sentences of a passage and extend the best ones to units of meaning.

The context of a sentence is its headings, lead-ins and parent items. A sentence is scored by the
matches of the question's tokens with the sentence and its context. Then it is extended to its unit:
a question to its reply, a lead-in to its list, a table row to the header and the row. A unit that
lacks an exact term of the question is not an answer, nor is a quotation in a mail.
"""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np

from index.documents.blocks import trimmed
from index.documents.outline_node import Node
from index.types import Document, Floats, Span
from index.words.analyze import distinct_terms
from rag.answer.asked_kinds import defines
from rag.answer.code_units import code_unit, is_code
from rag.answer.neighbours import with_neighbours
from rag.answer.order import says_reverse
from rag.answer.quotations import before_quotation, is_quoted
from rag.answer.token_matches import TokenMatches
from rag.answer.units import (
    LONGEST_UNIT,
    Section,
    Unit,
    headings_above,
    parts_apart,
    refers_back,
    reply,
    says_nothing,
    whole,
)
from rag.search.definitions import DEFINES, identifiers
from rag.search.definitions import defines as is_definition
from rag.search.exact_terms import ExactTerm, missing, required
from rag.search.question import Question

_PAIR_GAIN = 0.04
"""Two adjacent sentences are a candidate if their joint score exceeds the better single score by
this much, for example if the first has a name and the second has the fact about it."""

_OTHER_SUBJECT = 0.15
"""Subtracted from the score of a sentence below another item than the one the question names, or
that says what came after where the question asks what came before."""

_DEFINITION = 0.05
"""Added to the score of a sentence that begins by saying what the question asks about."""

_OWN_GAIN = 0.05
"""A sentence is quoted alone if it raises the score of its context by at least this much. Otherwise
everything below its lead-in or item is quoted."""

_LONGEST_OF_HEADING = 800
"""The maximum length, in characters, of a section that is quoted whole for its heading."""

_LINE_KINDS = frozenset({"item", "row", "line", "code", "table"})


class Choice(NamedTuple):
    """A unit and its match with the question.

    missing: exact terms of the question that neither the unit nor its context has
    matched: shape (t,), the best match of each token of the question with the unit
    """

    score: float
    unit: Unit
    missing: tuple[ExactTerm, ...]
    matched: Floats


class Anchor(NamedTuple):
    """A sentence, or two adjacent ones, with their context and their matches, shape (t,)."""

    score: float
    sentences: tuple[int, ...]
    node: Node
    context: tuple[Span, ...]
    matched: Floats


class Chooser:
    """The sentences of one passage and their units."""

    def __init__(self, document: Document, token_matches: TokenMatches, question: Question) -> None:
        self.document = document
        self.text = document.text
        self.token_matches = token_matches
        self.question = question
        self.required = required(question.text, question.idf)
        self.names = identifiers(question.text) if is_code(document) else []
        self.section = Section.of(document, token_matches.chunk.span)
        self.headings = headings_above(document, token_matches.chunk.span)
        self._subjects: dict[int, dict[int, frozenset[str]]] = {}
        title_terms = distinct_terms(document.title)
        self.by_title = np.array([0.8 if t in title_terms else -1.0 for t in token_matches.terms])
        self.by_headings = np.maximum(
            self.by_title, token_matches.matches_in_context(self.headings)
        )

    # Sentences and how well they match the question

    def anchors(self) -> Iterator[Anchor]:
        spans = self.token_matches.chunk.sentences
        if self.token_matches.chunk.contents_list:
            return
        singles = [self._anchor(i) for i in range(len(spans))]
        for i, anchor in enumerate(singles):
            if anchor is None:
                continue
            yield anchor
            following = singles[i + 1] if i + 1 < len(singles) else None
            if following is None or following.node is not anchor.node:
                continue
            if anchor.node.kind == "paragraph":
                yield from self._pair(anchor, following)

    def _pair(self, one: Anchor, other: Anchor) -> Iterator[Anchor]:
        """Yield the two sentences together if their joint score is high enough.

        It must exceed both single scores by _PAIR_GAIN; without that margin if the second sentence
        refers back to the first and adds a term of the question.
        """
        matched = np.maximum(one.matched, other.matched)
        prior = float(self.token_matches.prior[[*one.sentences, *other.sentences]].max())
        gain = 0.0 if self._goes_on(one, other) else _PAIR_GAIN
        score = round(self.token_matches.score(matched) + prior - gain, 6)
        if score >= max(one.score, other.score):
            yield Anchor(score, (*one.sentences, *other.sentences), one.node, one.context, matched)

    def _goes_on(self, one: Anchor, other: Anchor) -> bool:
        first, second = (
            self.token_matches.chunk.sentences[anchor.sentences[0]].of(self.text)
            for anchor in (one, other)
        )
        if not refers_back(second):
            return False
        return bool(self.question.idf.keys() & (distinct_terms(second) - distinct_terms(first)))

    def _anchor(self, i: int) -> Anchor | None:
        span = self.token_matches.chunk.sentences[i]
        node = self.section.node_at(span.start)
        if node is None or (node.kind != "question" and is_quoted(self.document, span.start)):
            return None
        inside = [i]
        if node.kind in ("question", "lead"):
            inside = self.token_matches.sentences_in(self.section.span(node.span)) or inside
        elif node.kind in ("code", "item") and self.section.span(node.head).contains(span):
            inside = self.token_matches.sentences_in(self.section.span(node.head)) or inside
        context = (*self.section.heads(node, span), *self._antecedent(node, i))
        matched = np.maximum(self.token_matches.matches_in(inside), self.by_headings)
        if context:
            matched = np.maximum(matched, self.token_matches.matches_in_context(context))
        score = self.token_matches.score(matched) + float(self.token_matches.prior[i])
        if defines(self.question.text, span.of(self.text)):
            score += _DEFINITION
        if any(is_definition(self.document, span, name) for name in self.names):
            score += DEFINES
        if self._is_of_other_subject(node) or says_reverse(self.question.text, span.of(self.text)):
            score -= _OTHER_SUBJECT
        return Anchor(round(score, 6), (i,), node, context, matched)

    def _is_of_other_subject(self, node: Node) -> bool:
        """Return whether the question names another item or row than the one with this node.

        True if the head of a sibling item or row has question terms that this one's head lacks.
        """
        branch: Node | None = node
        while branch is not None and branch.parent is not None:
            if branch.kind == "row" or (branch.kind == "item" and branch.children):
                subjects = self._subjects_in(branch.parent)
                own = subjects.get(id(branch), frozenset())
                if any(not other <= own for other in subjects.values()):
                    return True
            branch = branch.parent
        return False

    def _subjects_in(self, parent: Node) -> dict[int, frozenset[str]]:
        """Return the question's terms in the head of each item and row of a parent.

        The key is the id() of the node. Items and rows without such terms are omitted.
        """
        if id(parent) not in self._subjects:
            wanted, found = self.question.idf.keys(), {}
            for child in parent.children:
                if child.kind == "row" or child.children:
                    head = self.section.span(child.head).of(self.text)
                    terms = wanted & distinct_terms(_subject(head))
                    if terms:
                        found[id(child)] = frozenset(terms)
            self._subjects[id(parent)] = found
        return self._subjects[id(parent)]

    def _antecedent(self, node: Node, first: int) -> list[Span]:
        """Return the previous sentence if this one begins with a pronoun or a similar word."""
        spans = self.token_matches.chunk.sentences
        if not first or node.kind not in ("paragraph", "item"):
            return []
        before = spans[first - 1]
        if not refers_back(spans[first].of(self.text)) or not self.section.span(node.span).contains(
            before
        ):
            return []
        return [before]

    # From a sentence to its unit

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
        above = np.maximum(self.by_headings, self.token_matches.matches_in_context(anchor.context))
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
        if name not in self.names:
            return False
        return any(is_definition(self.document, span, name) for span in unit.spans)


def _subject(head: str) -> str:
    """Return the subject of an item or a row: the whole item, or the first cell of the row."""
    cells = [cell for cell in head.split("|") if cell.strip()] if "|" in head else []
    return cells[0] if cells else head
