"""What came before what: a sentence may say the reverse of what a question asks."""

import regex

from index.words.analyze import distinct_terms, terms_of

_ASKED = regex.compile(r"\b(?P<word>before|after)\s+(?P<what>[^?.,;]+)", regex.I)
_CLAUSE = regex.compile(r"[^.;?!\n]+")


def says_reverse(question: str, text: str) -> bool:
    """Return whether a text has X only on the other side of the word than the question's "before X"
    or "after X".

    >>> says_reverse("Who led before Strand?", "Strand led before Aker.")
    True
    >>> says_reverse("Who led before Strand?", "Holm led before Strand.")
    False
    """
    asked = _ASKED.search(question)
    wanted = set(terms_of(asked["what"])) if asked is not None else set()
    if asked is None or not wanted:
        return False
    word = regex.compile(rf"\b{asked['word']}\b", regex.I)
    sides = [
        (clause[: found.start()], clause[found.end() :])
        for clause in _CLAUSE.findall(text)
        for found in word.finditer(clause)
    ]
    if any(wanted & distinct_terms(right) for _, right in sides):
        return False
    return any(wanted <= distinct_terms(left) for left, _ in sides)
