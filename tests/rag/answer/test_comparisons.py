"""Which questions compare two things, by hand."""

import pytest

from rag.answer.comparisons import sides_of


@pytest.mark.parametrize(
    ("question", "sides"),
    [
        (
            "What is the difference in price between the Larch room and the Alder room?",
            ["What is the in price the Larch room", "What is the in price the Alder room"],
        ),
        ("How do tabs differ from spaces?", ["How tabs", "How spaces"]),
        ("How do tabs and spaces differ in width?", ["How in width tabs", "How in width spaces"]),
        ("Compare tea with coffee", ["tea", "coffee"]),
        ("Which costs more, tea or coffee?", ["Which costs more, tea", "Which costs more, coffee"]),
        ("Does tea cost more than coffee?", ["cost more tea", "cost more coffee"]),
        ("Is tea or coffee served?", []),
        ("Was it later than usual?", []),
        ("Were more than 100 seats sold?", []),
        ("Is the hall larger than 100 seats?", []),
        ("Who ran the shop before 2011?", []),
    ],
)
def test_a_comparison_is_split_into_its_sides(question: str, sides: list[str]) -> None:
    assert sides_of(question) == sides
