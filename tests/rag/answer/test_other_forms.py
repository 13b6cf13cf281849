"""Forms of numbers, dates and units, by hand."""

import pytest

from index.words.analyze import distinct_terms
from rag.answer.other_forms import other_forms


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("43 %", "forty-three percent"),
        ("forty-three percent", "43"),
        ("on 9 Nov", "November 9th"),
        ("November 9th", "Nov 9"),
        ("2031-05-14", "May 14"),
        ("12 km", "twelve kilometres"),
        ("20 €", "twenty euros"),
        ("the 2nd time", "second"),
    ],
)
def test_what_a_text_says_in_another_form(text: str, said: str) -> None:
    assert distinct_terms(said) <= distinct_terms(text) | other_forms(text)


@pytest.mark.parametrize(
    ("text", "unsaid"),
    [("43 %", "34"), ("9 Nov", "december"), ("12 km", "mile"), ("at 10:58:07", "58")],
)
def test_what_it_does_not_say(text: str, unsaid: str) -> None:
    assert unsaid not in other_forms(text)
