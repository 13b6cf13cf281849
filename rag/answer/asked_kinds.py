"""What kind of thing a question asks for, and whether a sentence says one.

A sentence that repeats the question matches it best, although the sentence beside it has the name,
the number, the time or the cause.
"""

from functools import lru_cache
from typing import Literal

import regex

from index.words.analyze import distinct_terms

Asked = Literal["time", "quantity", "name", "cause"]

_ASKED: tuple[tuple[Asked, "regex.Pattern[str]"], ...] = (
    (
        "time",
        regex.compile(r"\bwhen\b|\b(?:what|which) (?:year|month|day|date|century)\b", regex.I),
    ),
    ("quantity", regex.compile(r"\bhow (?:many|much|old|far|tall|high|long|large|big)\b", regex.I)),
    ("cause", regex.compile(r"\bwhy\b", regex.I)),
    (
        "name",
        regex.compile(
            r"\b(?:who|whom|whose|where)\b"
            r"|\b(?:what|which) (?:country|city|town|place|person|company|river|state)\b",
            regex.I,
        ),
    ),
)
_NUMBER = regex.compile(
    r"\p{N}[\p{N}.,]*|\b(?:two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|\w+teen"
    r"|twenty|thirty|forty|fifty|sixty|seventy|eighty|ninety|hundreds?|thousands?|millions?|half"
    r"|third|quarter|twice|dozens?)\b",
    regex.I,
)
_TIME = regex.compile(
    r"\p{N}[\p{N}.,]*|\b(?:January|February|March|April|June|July|August|September|October|November"
    r"|December|\w+day|century|yesterday|midnight|noon|summer|winter|spring|autumn)\b"
)
_NAME = regex.compile(r"\p{Lu}[\p{L}\p{M}’'-]+")
_CAUSE = regex.compile(
    r"\b(?:because|since|due to|owing to|caused?|causing|reasons?|therefore|thus|hence|so that|in "
    r"order to|to avoid|led to|result(?:ed|s)? (?:in|from)|as a result|forced|thanks to|fear\w*)\b",
    regex.I,
)
_PATTERNS: dict[Asked, "regex.Pattern[str]"] = {
    "time": _TIME,
    "quantity": _NUMBER,
    "name": _NAME,
    "cause": _CAUSE,
}


@lru_cache(maxsize=256)
def asked_for(question: str) -> Asked | None:
    """Return the kind of thing that a question asks for, by its question word."""
    return next((kind for kind, pattern in _ASKED if pattern.search(question)), None)


def says(kind: Asked, text: str, question: str) -> bool:
    """Return whether a text has a thing of this kind that the question does not have.

    >>> says("time", "He died in 1259.", "When did he die?")
    True
    >>> says("name", "Kublai Khan led it.", "Who led Kublai Khan?")
    False
    """
    known = distinct_terms(question)
    return any(
        kind == "cause" or bool(distinct_terms(found.group()) - known)
        for found in _PATTERNS[kind].finditer(text)
    )


_DEFINED = regex.compile(
    r"\W*(?:what|who)(?:['’]s|\s+(?:is|are|was|were|does))\s|\W*(?:define|definition of)\s", regex.I
)
_SUBJECT = regex.compile(
    r"^[\W_]*(?:(?:The|An?)\s+)?(?P<subject>[^,.;:()]{2,60}?)\s*(?:\([^()]*\)\s*)?,?\s+"
    r"(?:is|are|was|were|means|refers to|(?:can|could|may) be)\b",
    regex.I,
)


def defines(question: str, sentence: str) -> bool:
    """Return whether a question asks what something is and a sentence begins by saying it.

    >>> defines("what is the concept of wellness?", "Wellness is a healthy balance.")
    True
    """
    if not _DEFINED.match(question):
        return False
    found = _SUBJECT.match(sentence)
    subject = distinct_terms(found["subject"]) if found is not None else frozenset()
    return bool(subject) and subject <= distinct_terms(question)
