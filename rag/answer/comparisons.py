"""Find the two sides of a comparison, so that each is searched for and cited.

The documents seldom compare two things in one sentence: the height of one tree is in one passage,
that of the other in another.
"""

import regex

from index.words.analyze import terms_of

_SIDE = r"(?:the\s+|an?\s+)?\S+(?:\s+\S+){0,4}?"
_COMPARATIVE = r"(?:\p{L}{2,}(?:er|est)|more|less|fewer|most|least|better|best|worse|worst|first)"
_BETWEEN = regex.compile(
    rf"(?P<before>.*?)\b(?:differences?|distinction|comparison)\b(?P<about>.*?)\bbetween\s+"
    rf"(?P<one>{_SIDE})\s+and\s+(?P<other>{_SIDE})$",
    regex.I,
)
_DIFFER = regex.compile(
    rf"(?P<before>\W*how)\s+(?:do|does|did)\s+(?P<one>{_SIDE})\s+"
    rf"(?:(?:differ|compare)\s+(?:from|to|with)\s+(?P<other>{_SIDE})"
    rf"|and\s+(?P<other>{_SIDE})\s+(?:differ|compare))(?P<about>(?:\s+in\s+.*?)?)$",
    regex.I,
)
_COMPARE = regex.compile(
    rf"(?P<before>\W*)compare\s+(?P<one>{_SIDE})\s+(?:and|with|to)\s+(?P<other>{_SIDE})"
    rf"(?P<about>)$",
    regex.I,
)
_EITHER = regex.compile(
    rf"(?P<before>.*\b{_COMPARATIVE}\b[^,:]*[,:]\s*)(?P<one>{_SIDE}),?\s+or\s+"
    rf"(?P<other>{_SIDE})(?P<about>)$",
    regex.I,
)
_THAN = regex.compile(
    rf"\W*(?:is|are|was|were|do|does|did|has|have|had)\s+(?P<one>{_SIDE})\s+"
    rf"(?P<before>(?:\p{{L}}+\s+)?{_COMPARATIVE}"
    rf"(?:\s+\p{{L}}+)?)\s+than\s+(?P<other>{_SIDE})(?P<about>)$",
    regex.I,
)

_NO_THING = regex.compile(
    r"\P{L}*(?:it|that|this|expected|usual|normal|average|needed|others?|one|\d.*|half)\b", regex.I
)


def sides_of(question: str) -> list[str]:
    """Return a question for each side of a comparison; empty if nothing is compared.

    >>> sides_of("Which is taller, the rowan or the hornbeam?")
    ['Which is taller, the rowan', 'Which is taller, the hornbeam']
    >>> sides_of("Is tea dearer than coffee?")
    ['dearer tea', 'dearer coffee']
    """
    question = question.rstrip(" \n?？.!")
    for pattern in (_BETWEEN, _DIFFER, _COMPARE, _EITHER, _THAN):
        found = pattern.match(question)
        if found is not None and all(_is_thing(found[side]) for side in ("one", "other")):
            return [
                " ".join(f"{found['before']} {found['about']} {found[side]}".split())
                for side in ("one", "other")
            ]
    return []


def _is_thing(side: str) -> bool:
    return bool(terms_of(side)) and _NO_THING.match(side) is None
