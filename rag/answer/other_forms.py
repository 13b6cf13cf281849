"""Other forms of the words of a text: numbers in words, months, units and their signs.

A document says "43 %" and "9 Nov" where a question says "forty-three percent" and "November 9th".
"""

from functools import lru_cache

import regex

from index.words.analyze import distinct_terms, stems_of, terms_of
from rag.search.exact_terms import NUMBER_WORDS, ORDINALS, TENS, numbers_in

_MONTHS = (
    "january february march april may june july august september october november december".split()
)
_SAME = (
    *([month, month[:3]] for month in _MONTHS if month != "may"),
    ["september", "sept"],
    ["kilometre", "kilometer", "km"],
    ["metre", "meter"],
    ["centimetre", "centimeter", "cm"],
    ["millimetre", "millimeter", "mm"],
    ["mile", "mi"],
    ["foot", "feet", "ft"],
    ["kilogram", "kilogramme", "kg"],
    ["milligram", "mg"],
    ["litre", "liter"],
    ["hour", "hr"],
    ["minute", "min"],
    ["second", "sec"],
    ["gigabyte", "gb"],
    ["megabyte", "mb"],
    ["kilobyte", "kb"],
    ["percent", "pct"],
    ["euro", "eur"],
    ["dollar", "usd"],
    ["pound", "gbp"],
)
_SIGNS = {"%": "percent per cent", "€": "euro", "$": "dollar", "£": "pound", "°": "degree"}
_DATE = regex.compile(r"(?<!\d)[12]\d{3}-(\d{2})-\d{2}(?!\d)")
_ORDINAL_ENDS = {1: "st", 2: "nd", 3: "rd"}


def _forms_by_term() -> dict[str, frozenset[str]]:
    groups = [frozenset(stems_of(group)) for group in _SAME]
    return {term: group for group in groups for term in group}


_FORMS = _forms_by_term()


@lru_cache(maxsize=256)
def other_forms(text: str) -> frozenset[str]:
    """Return terms that a text has in another form only.

    >>> sorted(other_forms("43 % in Nov"))
    ['43rd', 'cent', 'forti', 'novemb', 'per', 'percent', 'three']
    """
    terms = distinct_terms(text)
    forms = {form for term in terms for form in _FORMS.get(term, ())}
    forms.update(term for sign, words in _SIGNS.items() if sign in text for term in terms_of(words))
    forms.update(stems_of([_MONTHS[int(m) - 1] for m in _DATE.findall(text) if 1 <= int(m) <= 12]))
    for number in numbers_in(text):
        forms.update(_forms_of_number(number))
    return frozenset(forms - terms)


def _forms_of_number(number: str) -> list[str]:
    """Return a number below 100 in digits, as an ordinal and in words, as terms."""
    if not number.isdecimal() or len(number) > 2:
        return [number]
    n = int(number)
    end = _ORDINAL_ENDS.get(n % 10, "th") if n // 10 != 1 else "th"
    words = [NUMBER_WORDS[n]] if n < len(NUMBER_WORDS) else [TENS[n // 10 - 2]]
    if n >= len(NUMBER_WORDS) and n % 10:
        words.append(NUMBER_WORDS[n % 10])
    if n < len(ORDINALS):
        words.append(ORDINALS[n])
    return [number, f"{n}{end}", *terms_of(" ".join(words))]
