"""Split a compound question into its parts."""

from typing import NamedTuple

import regex

from index.words.analyze import terms_of
from rag.answer.comparisons import sides_of

_ASKS = r"(?:who|whom|whose|what|when|where|which|why|how)\b"
_IS = r"(?:is|are|was|were|do|does|did|has|have|had|can|could|will|would|should)\b"
# After a comma without a conjunction, a part must not be a relative clause: "the drug, which was
# approved" and "the man, when he died" are one part; "what …" and "when did …" start a new one.
_BETWEEN = regex.compile(
    rf"(?<=\?)\s+(?=\S)|(?<=[？؟])\s*(?=\S)"
    rf"|[,;]?\s+(?:and|or|but)\s+(?:also\s+)?(?={_ASKS})"
    rf"|;\s+(?={_ASKS})|,\s+(?=(?:what|why|how|(?:when|where)\s+{_IS})\b)",
    regex.IGNORECASE,
)
_ASKING = regex.compile(rf"\b{_ASKS}|[?？؟]", regex.IGNORECASE)
_REFERS = regex.compile(
    r"\b(?:it|its|he|his|him|she|her|hers|they|their|theirs|them|this|that|these|those|there)\b",
    regex.IGNORECASE,
)


class QuestionPart(NamedTuple):
    """A part of a question in the user's words, and the search query for it."""

    text: str
    query: str


def questions_in(text: str) -> list[QuestionPart]:
    """Return the parts of a compound question, or the sides of a comparison; empty without any.

    If a part has a pronoun or a similar word, the first part's text is added to its query.

    >>> questions_in("Who leads Norway, and when was he elected?")[1]
    QuestionPart(text='when was he elected?', query='Who leads Norway when was he elected?')
    """
    parts = _parts(text)
    if len(parts) < 2:
        return [QuestionPart(side, side) for side in sides_of(text)]
    first = parts[0]
    return [
        QuestionPart(part, f"{first} {part}" if i and _REFERS.search(part) else part)
        for i, part in enumerate(parts)
    ]


def _parts(text: str) -> list[str]:
    """Split a text so that each part asks something."""
    parts: list[str] = []
    start = 0
    for between in _BETWEEN.finditer(text):
        if _asks(text[start : between.start()]) and _asks(text[between.end() :]):
            parts.append(text[start : between.start()].strip())
            start = between.end()
    return [*parts, text[start:].strip()]


def _asks(text: str) -> bool:
    return _ASKING.search(text) is not None and bool(terms_of(text))
