"""Exact terms in questions, and whether a text contains them, as tables."""

import pytest

from rag.search.exact_terms import ExactTerm, Kind, exact_terms, holds, missing, required


@pytest.mark.parametrize(
    ("question", "expected"),
    [
        ("What is the total of invoice INV-2024-1121?", [("INV-2024-1121", "identifier")]),
        ("What was added in version 0.27.3?", [("0.27.3", "identifier")]),
        ("--force", [("--force", "identifier")]),
        ("How do I set log_level in app.conf?", [("log_level", "identifier"), ("app.conf",) * 2]),
        ("What does maxRetries do?", [("maxRetries", "identifier")]),
        ("Is C++ faster than .NET?", [("C++", "identifier"), (".NET", "identifier")]),
        ("Which team booked room 104?", [("104", "number")]),
        ("How many lived there in 1,939?", [("1939", "number")]),
        ("What did the 18th Amendment do?", [("18", "number"), ("Amendment", "name")]),
        ("What are the 3 largest cities?", []),
        ('What does "time to live" mean?', [("time to live", "quoted")]),
        ("What does the WHO say?", [("WHO", "acronym")]),
        ("WHAT DOES IT SAY?", []),
        ("What are the side effects of Amolin?", [("Amolin", "name")]),
        ("Does it have side-effects?", []),
    ],
)
def test_the_exact_terms_of_a_question(question: str, expected: list[tuple[str, str]]) -> None:
    found = [tuple(term) for term in exact_terms(question)]
    assert found == [(a, "identifier") if a == b else (a, b) for a, b in expected]


@pytest.mark.parametrize(
    ("text", "term", "kind", "expected"),
    [
        ("E106 is a code", "E106", "identifier", True),
        ("e106 is a code", "E106", "identifier", True),
        ("all E106s", "E106", "identifier", True),
        ("E1067 is a code", "E106", "identifier", False),
        ("FE106 is a code", "E106", "identifier", False),
        ("v0.27.3 is out", "0.27.3", "identifier", True),
        ("0.27.31 is out", "0.27.3", "identifier", False),
        ("10.27.3 is out", "0.27.3", "identifier", False),
        ("with --force-all", "--force", "identifier", False),
        ("with `--force`", "--force", "identifier", True),
        ("1,939 people", "1939", "number", True),
        ("forty-three percent", "43", "number", True),
        ("on 9 Nov", "9", "number", True),
        ("at 10:58:07", "58", "number", False),
        ("on 2031-04-01", "2031", "number", True),
        ("from 1998–2011", "2011", "number", True),
        ("CVE-2030-40337", "40337", "number", False),
        ("The World Health Organization says", "WHO", "acronym", True),
        ("the W.H.O. says", "WHO", "acronym", True),
        ("those who say", "WHO", "acronym", False),
        ("its time  to\nlive ends", "time to live", "quoted", True),
        ("Germany's", "German", "name", True),
    ],
)
def test_whether_a_text_contains_an_exact_term(
    text: str, term: str, kind: Kind, expected: bool
) -> None:
    assert holds(text, ExactTerm(term, kind)) == expected


def test_what_stands_in_any_of_the_texts_is_not_missing() -> None:
    terms = required("What did INV-7 and INV-8 cost in 2031?", ())
    assert [term.text for term in missing(terms, ["INV-7 is paid", "in 2031"])] == ["INV-8"]


def test_a_name_is_not_required_for_it_may_go_by_another_form() -> None:
    assert required("Where was Ada Lovelace born?", ()) == ()
