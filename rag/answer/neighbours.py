"""The sentences of a paragraph that belong to a quoted one.

They have the name, number, time or cause that the question asks for and that the quoted sentence
lacks, or they begin with a word that refers to the sentence before.
"""

from collections.abc import Sequence
from itertools import takewhile

import regex

from index.types import Span
from rag.answer.asked_kinds import asked_for, says

_LONGEST_BESIDE = 400
"""In characters, of a sentence that is quoted for the thing that is asked for."""
_LONGEST_JOINED = 320
"""In characters, of a quotation with the sentences that refer to it: about three lines."""
_GOES_ON = regex.compile(
    r"[\W_]*(?:it|its|he|his|him|she|her|they|their|them|this|these|that|those|such|both|then|there"
    r"|here|and|but|so|or|yet|also|however|thus|therefore|instead|i|we|our|my|you|not|no"
    r"|in (?:this|that|these|those)|for example|as a result)\b",
    regex.IGNORECASE,
)


def with_neighbours(quoted: Span, paragraph: Sequence[Span], text: str, question: str) -> Span:
    """Return a quotation with the sentences beside it that belong to it.

    quoted: one or more whole sentences of `paragraph`, the sentences of one paragraph in order
    """
    before = [span for span in paragraph if span.end <= quoted.start]
    after = [span for span in paragraph if span.start >= quoted.end]
    found = _with_what_is_asked(quoted, [*after[:1], *before[-1:]], text, question)
    asked = asked_for(question)
    if asked is not None and not says(asked, found.of(text), question):
        return found  # sentences that refer to it must not make it look like an answer
    return _with_references(found, paragraph, text)


def _with_what_is_asked(quoted: Span, beside: Sequence[Span], text: str, question: str) -> Span:
    asked = asked_for(question)
    if asked is None or says(asked, quoted.of(text), question):
        return quoted
    for span in beside:
        sentence = span.of(text)
        if len(sentence) <= _LONGEST_BESIDE and says(asked, sentence, question):
            return _joined(quoted, span)
    return quoted


def _with_references(quoted: Span, paragraph: Sequence[Span], text: str) -> Span:
    """Add the next sentences that refer back, then those before to which the quotation refers."""
    after = (span for span in paragraph if span.start >= quoted.end)
    for span in takewhile(lambda each: _GOES_ON.match(each.of(text)), after):
        if span.end - quoted.start > _LONGEST_JOINED:
            break
        quoted = _joined(quoted, span)
    for span in reversed([span for span in paragraph if span.end <= quoted.start]):
        if quoted.end - span.start > _LONGEST_JOINED or not _GOES_ON.match(quoted.of(text)):
            break
        quoted = _joined(quoted, span)
    return quoted


def _joined(one: Span, other: Span) -> Span:
    return Span(min(one.start, other.start), max(one.end, other.end))
