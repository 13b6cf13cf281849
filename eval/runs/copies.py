"""The places in near-identical passages that correspond to a place in the passage that is shown.

A search shows one of several near-identical passages and lists the others. An answer that is
labelled in one of the others counts as found, because the shown passage says the same.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from difflib import SequenceMatcher

from eval.datasets.load import Place
from index.types import Span
from rag.results import Passage

_WORD = re.compile(r"\S+")


def places_of(passage: Passage) -> list[Place]:
    """Return the place of a passage, then those of its duplicates."""
    copies = [(copy.doc_id, Span(copy.start, copy.end)) for copy in passage.duplicates]
    return [(passage.citation.doc_id, passage.citation.span), *copies]


def copies_of(
    place: Place, passages: Iterable[Sequence[Place]], texts: Mapping[str, str]
) -> tuple[Place, ...]:
    """Return the places that correspond to `place` in the duplicates of the passages that have it.

    passages: the places of each, its own first, then those of its duplicates
    texts:    canonical text of each document, by doc_id
    """
    doc_id, span = place
    copies = []
    for (shown_id, shown), *others in passages:
        if shown_id == doc_id and shown.overlaps(span):
            for other_id, other in others:
                equal = corresponding(texts[doc_id], shown, span, texts[other_id], other)
                copies.append((other_id, equal))
    return tuple(copies)


def corresponding(text: str, passage: Span, span: Span, other_text: str, other: Span) -> Span:
    """Return the span in the passage `other` that corresponds to `span` in `passage`.

    The words of both passages are aligned by their longest common blocks (difflib). A word that
    differs corresponds to all words between the nearest equal ones.

    passage: a span of `text` that overlaps `span`. other: a span of `other_text`.

    >>> text, copy = "The bridge is 40 m long. It is old.", "X. The bridge is 40 m long! It is old."
    >>> span = Span(text.index("40"), text.index(" It"))
    >>> corresponding(text, Span(0, len(text)), span, copy, Span(3, len(copy))).of(copy)
    '40 m long!'
    """
    words, other_words = _words(text, passage), _words(other_text, other)
    within = [i for i, word in enumerate(words) if word.overlaps(span)]
    if not within:
        return Span(other.start, other.start)
    of_words = [word.of(text) for word in words]
    of_others = [word.of(other_text) for word in other_words]
    first, end = _aligned(of_words, of_others, within[0], within[-1])
    if end <= first:  # none of its words is in the other passage
        return Span(other.start, other.start)
    return Span(other_words[first].start, other_words[end - 1].end)


def _aligned(words: Sequence[str], others: Sequence[str], first: int, last: int) -> tuple[int, int]:
    """Return the half-open range of `others` that is aligned with words[first] to words[last]."""
    blocks = SequenceMatcher(None, words, others, autojunk=False).get_opcodes()
    start = next(
        j1 + (first - i1) * (tag == "equal") for tag, i1, i2, j1, _ in blocks if i1 <= first < i2
    )
    end = next(
        j2 - (i2 - 1 - last) * (tag == "equal") for tag, i1, i2, _, j2 in blocks if i1 <= last < i2
    )
    return start, end


def _words(text: str, span: Span) -> list[Span]:
    return [Span(*match.span()) for match in _WORD.finditer(text, span.start, span.end)]
