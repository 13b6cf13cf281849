"""Score the sentences of a passage by their match with a question.

The context of a sentence is its headings, lead-ins and parent items. A sentence is scored by the
matches of the question's tokens with the sentence and its context; so are two adjacent sentences of
a paragraph together.
"""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from index.documents.front_matter import end_of_front_matter
from index.documents.outline_node import Node
from index.types import Document, Floats, Span
from index.words.analyze import distinct_terms
from rag.answer.asked_kinds import defines
from rag.answer.code_units import is_code
from rag.answer.order import says_reverse
from rag.answer.quotations import is_quoted
from rag.answer.token_matches import TokenMatches
from rag.answer.units import Section, headings_above, refers_back
from rag.search.definitions import DEFINES, identifiers
from rag.search.definitions import defines as is_definition
from rag.search.question import Question

_PAIR_GAIN = 0.04
"""Two adjacent sentences are a candidate if their joint score exceeds the better single score by
this much, for example if the first has a name and the second has the fact about it."""

_OTHER_SUBJECT = 0.15
"""Subtracted from the score of a sentence below another item than the one the question names, or
that says what came after where the question asks what came before."""

_DEFINITION = 0.05
"""Added to the score of a sentence that begins by saying what the question asks about."""

_DECIMALS = 6


class Anchor(NamedTuple):
    """A sentence, or two adjacent ones, with their context and their matches, shape (t,)."""

    score: float
    sentences: tuple[int, ...]
    node: Node
    context: tuple[Span, ...]
    matched: Floats


class _Place(NamedTuple):
    """A sentence's node, the sentences that are scored with it, and its context."""

    node: Node
    inside: tuple[int, ...]
    context: tuple[Span, ...]


class AnchorScorer:
    """Scores the sentences of one passage.

    names:       identifiers in the question, if the document is source code
    by_headings: (t,), the match of each token of the question with the title and the headings
    """

    def __init__(self, document: Document, token_matches: TokenMatches, question: Question) -> None:
        self.document = document
        self.text = document.text
        self.token_matches = token_matches
        self.question = question
        self.names = identifiers(question.text) if is_code(document) else []
        self.section = Section.of(document, token_matches.chunk.span)
        self.headings = headings_above(document, token_matches.chunk.span)
        self._text_start = end_of_front_matter(document.text, document.media_type)
        self._subjects: dict[int, dict[int, frozenset[str]]] = {}
        title_terms = distinct_terms(document.title)
        by_title = np.array([0.8 if t in title_terms else -1.0 for t in token_matches.terms])
        self.by_headings = np.maximum(by_title, token_matches.matches_in_context(self.headings))

    def anchors(self) -> Iterator[Anchor]:
        """Yield the sentences that can be an answer, and pairs of them, in order."""
        chunk = self.token_matches.chunk
        if chunk.contents_list:
            return
        places = [self._place(i) for i in range(len(chunk.sentences))]
        matched = self._matched(places)
        singles = self._singles(places, matched)
        joint = np.maximum(matched[:, :-1], matched[:, 1:])
        joint_scores = self.token_matches.weights @ joint
        for i, anchor in enumerate(singles):
            if anchor is None:
                continue
            yield anchor
            following = singles[i + 1] if i + 1 < len(singles) else None
            if following is None or following.node is not anchor.node:
                continue
            if anchor.node.kind == "paragraph":
                yield from self._pair(anchor, following, joint[:, i], float(joint_scores[i]))

    def _place(self, i: int) -> _Place | None:
        """Return the place of a sentence; None if it cannot be an answer."""
        span = self.token_matches.chunk.sentences[i]
        node = self.section.node_at(span.start)
        if node is None or span.start < self._text_start:
            return None
        if node.kind != "question" and is_quoted(self.document, span.start):
            return None
        inside: list[int] = []
        if node.kind in ("question", "lead"):
            inside = self.token_matches.sentences_in(self.section.span(node.span))
        elif node.kind in ("code", "item") and self.section.span(node.head).contains(span):
            inside = self.token_matches.sentences_in(self.section.span(node.head))
        context = (*self.section.heads(node, span), *self._antecedent(node, i))
        return _Place(node, tuple(inside) or (i,), context)

    def _matched(self, places: list[_Place | None]) -> NDArray[np.float64]:
        """Return the match of each token with each sentence and its context, (t, n)."""
        matched = np.asarray(
            np.maximum(self.token_matches.matches, self.by_headings[:, None]), np.float64
        )
        for i, place in enumerate(places):
            if place is None:
                continue
            if place.inside != (i,):
                inside = self.token_matches.matches_in(place.inside)
                matched[:, i] = np.maximum(inside, self.by_headings)
            if place.context:
                context = self.token_matches.matches_in_context(place.context)
                matched[:, i] = np.maximum(matched[:, i], context)
        return matched

    def _singles(
        self, places: list[_Place | None], matched: NDArray[np.float64]
    ) -> list[Anchor | None]:
        scores = self.token_matches.weights @ matched + self.token_matches.prior
        return [
            None
            if place is None
            else Anchor(
                round(score + self._bonus(i, place.node), _DECIMALS),
                (i,),
                place.node,
                place.context,
                matched[:, i],
            )
            for i, (place, score) in enumerate(zip(places, scores.tolist(), strict=True))
        ]

    def _bonus(self, i: int, node: Node) -> float:
        question, sentence = self.question.text, self._sentence(i)
        bonus = _DEFINITION if defines(question, sentence) else 0.0
        span = self.token_matches.chunk.sentences[i]
        if any(is_definition(self.document, span, name) for name in self.names):
            bonus += DEFINES
        if self._is_of_other_subject(node) or says_reverse(question, sentence):
            bonus -= _OTHER_SUBJECT
        return bonus

    def _sentence(self, i: int) -> str:
        return self.token_matches.chunk.sentences[i].of(self.text)

    def _pair(
        self, one: Anchor, other: Anchor, matched: Floats, joint_score: float
    ) -> Iterator[Anchor]:
        """Yield the two sentences together if their joint score is high enough.

        It must exceed both single scores by _PAIR_GAIN; without that margin if the second sentence
        refers back to the first and adds a term of the question.

        joint_score: of the matches alone
        """
        sentences = (*one.sentences, *other.sentences)
        score = joint_score + float(self.token_matches.prior[[*sentences]].max())
        least = max(one.score, other.score)
        if round(score, _DECIMALS) < least:
            return
        score = round(score - (0.0 if self._goes_on(*sentences) else _PAIR_GAIN), _DECIMALS)
        if score >= least:
            yield Anchor(score, sentences, one.node, one.context, matched)

    def _goes_on(self, first: int, second: int) -> bool:
        sentence = self._sentence(second)
        if not refers_back(sentence):
            return False
        added = distinct_terms(sentence) - distinct_terms(self._sentence(first))
        return bool(self.question.idf.keys() & added)

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


def _subject(head: str) -> str:
    """Return the subject of an item or a row: the whole item, or the first cell of the row."""
    cells = [cell for cell in head.split("|") if cell.strip()] if "|" in head else []
    return cells[0] if cells else head
