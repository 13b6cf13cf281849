"""The exact terms of a question: identifiers, numbers, quoted phrases, acronyms and names.

A sentence about E109 does not answer a question about E106, although their vectors are similar. So
an answer or its context (headings, lead-ins, parents) must contain the exact terms of a question.
"""

from collections.abc import Container, Iterable, Sequence
from functools import lru_cache
from typing import Literal, NamedTuple

import regex

from index.words.analyze import is_stop_word, terms_of

Kind = Literal["identifier", "number", "quoted", "acronym", "name"]


class ExactTerm(NamedTuple):
    """An exact term with its text in the question; a number has no thousands separators."""

    text: str
    kind: Kind


REQUIRED: frozenset[Kind] = frozenset({"identifier", "number", "quoted", "acronym"})
"""A text that lacks a term of one of these kinds is not an answer. A name may have another form
(Germany, German; he), so a missing name is only evidence against it."""

_QUOTED = regex.compile(
    r"[\"“„«]([^\"“”„«»]{2,120})[\"”“»]|(?<![\p{L}\p{N}])[`']([^`'\n]{2,80})[`'](?!\p{L})"
)
_TOKEN = regex.compile(
    r"(?:--?|[.#@$/])?[\p{L}\p{N}_]+(?:(?:::|->|(?<=\d),(?=\d)|[-–._/:@#+\\])[\p{L}\p{N}_]+)*"
    r"(?:\(\)|\+\+|#)?"
)
_WORD_NUMBER = regex.compile(r"(\d+(?:[.,]\d+)*)(?:st|nd|rd|th|s|er|e)?$", regex.IGNORECASE)
_QUANTITY = regex.compile(r"(\d+(?:[.,]\d+)*)(?:[a-zµ°%]{1,3})$", regex.IGNORECASE)
_VERSION = regex.compile(r"[vV]?\d+(?:\.\d+){2,}\S*$")
_CODE = regex.compile(r"(?=.*\p{L})(?=.*\d)[\p{L}\d][\p{L}\d_.:/#+-]*$")
_SYMBOL = regex.compile(
    r".*(?:_|::|->|\(\)|\\|@|\p{Ll}\p{Lu})|--?\p{L}[\p{L}\d-]+$|[#$/.]\p{L}[\p{L}\d_./-]*$"
    r"|\p{L}(?:\+\+|#)$"
)
_PLURAL = regex.compile(r"\p{Lu}[\p{Lu}\d-]*\ds$")
_FILE = regex.compile(
    r"[\p{L}\p{N}_./-]+\.(?:[a-z]{1,4}\d?|json|yaml|toml|html|conf|lock|properties)$"
)
_NO_FILE = frozenset({"e.g", "i.e", "p.m", "a.m", "u.s", "u.k"})
_ACRONYM = regex.compile(r"\p{Lu}[\p{Lu}\p{N}&/-]{1,9}s?$")
_NAME = regex.compile(r"\p{Lu}[\p{L}\p{M}’'-]+$")
_COUNTED = regex.compile(r"\s+(?:\p{Ll}+\s+)?\p{Ll}+s\b")
_MOST_COUNTED = 12
NUMBER_WORDS = (
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen "
    "sixteen seventeen eighteen nineteen"
).split()
TENS = "twenty thirty forty fifty sixty seventy eighty ninety".split()
ORDINALS = (
    "zeroth first second third fourth fifth sixth seventh eighth ninth tenth eleventh twelfth"
).split()


@lru_cache(maxsize=256)
def exact_terms(question: str) -> tuple[ExactTerm, ...]:
    """Return the distinct exact terms of a question: quoted ones, then the others, then names.

    Each group is in the order of the question.

    >>> [term.text for term in exact_terms("Does E106 of the Mark 40 log to app.log?")]
    ['E106', '40', 'app.log', 'Mark']
    """
    terms = [ExactTerm(a or b, "quoted") for a, b in _QUOTED.findall(question)]
    quoted_words = {word for term in terms for word in term.text.split()}
    is_shouted = not any(map(str.islower, question))
    names = []
    for match in _TOKEN.finditer(question):
        token = match.group()
        if token in quoted_words:
            continue
        kind = _kind_of(token, is_shouted=is_shouted)
        if kind == "number" and _is_count(token, question, match.end()):
            continue
        if kind == "name" and not _begins_sentence(question, match.start()):
            names.append(ExactTerm(token, "name"))
        elif kind is not None and kind != "name":
            terms.append(ExactTerm(_plain_number(token) if kind == "number" else token, kind))
    return tuple(dict.fromkeys([*terms, *names]))


def required(question: str, terms: Container[str]) -> tuple[ExactTerm, ...]:
    """Return the exact terms of a question that an answer must contain.

    terms: the question's search terms. A function word in capitals that is not among them is only
    emphasised, as in "what must I NOT do".
    """
    return tuple(
        term
        for term in exact_terms(question)
        if term.kind in REQUIRED and not _is_emphasis(term, terms)
    )


def missing(terms: Iterable[ExactTerm], texts: Sequence[str]) -> tuple[ExactTerm, ...]:
    """Return the terms that none of the texts contains."""
    return tuple(term for term in terms if not any(holds(text, term) for text in texts))


def holds(text: str, term: ExactTerm) -> bool:
    """Return whether a text contains an exact term, in any equivalent form.

    >>> holds("founded in forty-three days", ExactTerm("43", "number"))
    True
    >>> holds("E1067 is unknown", ExactTerm("E106", "identifier"))
    False
    """
    if term.kind == "number":
        return term.text in numbers_in(text)
    if term.kind == "quoted":
        return " ".join(term.text.split()).casefold() in " ".join(text.split()).casefold()
    if term.kind == "acronym":
        return _holds_acronym(text, term.text)
    if term.kind == "name":
        return _name_pattern(term.text).search(text) is not None
    return _identifier_pattern(term.text).search(text) is not None


def _kind_of(token: str, *, is_shouted: bool) -> Kind | None:
    if _WORD_NUMBER.match(token) or (_QUANTITY.match(token) and not token[0].isalpha()):
        return "identifier" if _VERSION.match(token) else "number"
    if _VERSION.match(token) or _CODE.match(token) or _SYMBOL.match(token):
        return "identifier"
    if _FILE.match(token) and token.lower() not in _NO_FILE:
        return "identifier"
    if _ACRONYM.match(token) and not is_shouted:
        return "acronym"
    return "name" if _NAME.match(token) and not is_shouted else None


def _is_emphasis(term: ExactTerm, terms: Container[str]) -> bool:
    if term.kind != "acronym" or not is_stop_word(term.text):
        return False
    return not any(each in terms for each in terms_of(term.text))


def _is_count(token: str, question: str, end: int) -> bool:
    """Return whether a number counts the results, as in "the 3 largest cities": answers lack it."""
    number = _plain_number(token)
    small = number.isdigit() and int(number) <= _MOST_COUNTED
    return small and _COUNTED.match(question, end) is not None


def _begins_sentence(question: str, start: int) -> bool:
    before = question[:start].rstrip(" \t\n\"'“‘(")
    return not before or before[-1] in ".!?:"


def _plain_number(token: str) -> str:
    """Return a number without thousands separators, sign and suffix, with a decimal point."""
    found = regex.search(r"\d+(?:[.,]\d+)*", token)
    digits = found.group() if found else token
    whole = regex.sub(r"(?<=\d)[.,](?=\d{3}(?!\d))", "", digits)
    return whole.replace(",", ".")


_NUMBER_IN_TEXT = regex.compile(r"(?<![\p{N}])\d+(?:[.,]\d+)*")
_LONG_TOKEN = regex.compile(
    r"\d+(?:[-–:/.]\d+){2,}\S*|\p{L}[\p{L}\d]*[-_]?\d[\p{L}\d]*(?:[-_.:/]\w+)+"
)
_DATE = regex.compile(r"(?<![\d-])([12]\d{3})-(\d{2})-(\d{2})(?![\d-])")
_YEAR = regex.compile(r"(?<!\d)[12]\d{3}(?!\d)")
_SPELLED = regex.compile(
    rf"\b(?:({'|'.join(TENS)})(?:[- ]({'|'.join(NUMBER_WORDS[1:10])}))?"
    rf"|({'|'.join(NUMBER_WORDS)})|({'|'.join(ORDINALS)}))\b",
    regex.IGNORECASE,
)


@lru_cache(maxsize=2048)
def numbers_in(text: str) -> frozenset[str]:
    """Return the numbers of a text, in the form of _plain_number.

    Of a time or a code with several numbers, only the years count: `10:58:07` has no 58. A date
    such as 2031-05-14 has its year, month and day.
    """
    plain = _DATE.sub(lambda m: " ".join(str(int(number)) for number in m.groups()), text)
    plain = _LONG_TOKEN.sub(lambda m: " ".join(_YEAR.findall(m.group())) + " ", plain)
    numbers = {_plain_number(number) for number in _NUMBER_IN_TEXT.findall(plain)}
    for tens, ones, small, ordinal in _SPELLED.findall(text.casefold()):
        if tens:
            value = 10 * (TENS.index(tens) + 2) + (NUMBER_WORDS.index(ones) if ones else 0)
        else:
            value = NUMBER_WORDS.index(small) if small else ORDINALS.index(ordinal)
        numbers.add(str(value))
    return frozenset(numbers)


@lru_cache(maxsize=1024)
def _identifier_pattern(token: str) -> "regex.Pattern[str]":
    """Return a pattern for a whole identifier, in any case, with optional plural s or version v."""
    token = token[:-1] if _PLURAL.match(token) else token
    body = regex.escape(token.removesuffix("()"))
    begins = "(?<![\\p{L}\\p{N}_])" if token[0].isalnum() else ""
    if token[0].isdigit():
        begins = "(?<![\\p{L}\\p{N}_.])v?|(?<=[\\s(])v"
        begins = f"(?:{begins})"
    more = r"-\p{L}" if token[0] == "-" else r"(?!)"
    return regex.compile(
        rf"{begins}{body}(?:s(?!\p{{L}}))?(?![\p{{L}}\p{{N}}_]|[.-]\p{{N}}|{more})", regex.I
    )


@lru_cache(maxsize=1024)
def _name_pattern(token: str) -> "regex.Pattern[str]":
    stem = regex.sub(r"['’]s$|['’]$", "", token)
    return regex.compile(rf"(?<!\p{{L}}){regex.escape(stem)}", regex.I)


_CAPITALISED = regex.compile(
    r"\p{Lu}[\p{L}’'-]*(?:[ -](?:(?:of|the|and|for|in|on|de|&) ){0,2}\p{Lu}[\p{L}’'-]*)+"
)


def _holds_acronym(text: str, acronym: str) -> bool:
    """Return whether a text has the acronym, with or without dots, or words with these initials."""
    letters = acronym.removesuffix("s")
    dotted = r"\.?".join(regex.escape(letter) for letter in letters)
    if regex.search(rf"(?<![\p{{L}}\p{{N}}]){dotted}(?![\p{{Ll}}])", text):
        return True
    if any(letter.isdigit() for letter in letters):
        return False
    initials = (
        "".join(w[0] for w in regex.findall(r"\p{Lu}\p{L}*", n)) for n in _CAPITALISED.findall(text)
    )
    return any(letters in each for each in initials)
