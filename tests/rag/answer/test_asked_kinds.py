"""What questions ask for and what sentences say, by hand."""

import pytest

from rag.answer.asked_kinds import Asked, asked_for, defines, says


@pytest.mark.parametrize(
    ("question", "asked"),
    [
        ("When did he die?", "time"),
        ("In what year was it built?", "time"),
        ("How many seats are there?", "quantity"),
        ("Why did it fail?", "cause"),
        ("Who built it?", "name"),
        ("In what country is it?", "name"),
        ("How does it work?", None),
        ("What does it do?", None),
    ],
)
def test_what_a_question_asks_for(question: str, asked: Asked | None) -> None:
    assert asked_for(question) == asked


@pytest.mark.parametrize(
    ("kind", "text", "expected"),
    [
        ("time", "He died in 1259.", True),
        ("time", "He died soon.", False),
        ("time", "In 1256 it began.", False),  # the question has that year
        ("quantity", "It has ninety seats.", True),
        ("name", "Kublai moved it to Daidu.", True),
        ("name", "In Kublai's time it grew.", False),
        ("cause", "Because it rained.", True),
        ("cause", "It rained.", False),
    ],
)
def test_whether_a_text_says_something_of_that_kind(kind: Asked, text: str, expected: bool) -> None:
    assert says(kind, text, "What of Kublai in 1256?") == expected


@pytest.mark.parametrize(
    ("question", "sentence", "expected"),
    [
        ("What is wellness?", "Wellness is a balance.", True),
        ("what is the concept of wellness", "The concept (new) is old.", True),
        ("What is wellness?", "The market of wellness is large.", False),
        ("What is wellness?", "Many people seek wellness.", False),
        ("How does wellness grow?", "Wellness is a balance.", False),
    ],
)
def test_whether_a_sentence_defines_what_is_asked(
    question: str, sentence: str, expected: bool
) -> None:
    assert defines(question, sentence) == expected
