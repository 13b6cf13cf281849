"""Which sentences say the reverse of "before X" and "after X", by hand."""

import pytest

from rag.answer.order import says_reverse


@pytest.mark.parametrize(
    ("question", "text", "reverse"),
    [
        ("Who led before Strand?", "Holm led before Strand.", False),
        ("Who led before Strand?", "Strand led before Aker.", True),
        ("Who led after Strand?", "Strand took over after Holm.", True),
        ("Who led before Strand?", "Holm led before Strand. Strand led before Aker.", False),
        ("Who led before Holm?", "Holm led before Strand. Strand led before Aker.", True),
        ("Who led before Strand?", "Before Strand, Holm led.", False),
        ("Who led before Strand?", "Strand took over from Holm.", False),
        ("Who led Strand?", "Strand led before Aker.", False),
        ("What came before?", "Strand led before Aker.", False),
    ],
)
def test_whether_a_text_says_the_reverse(question: str, text: str, reverse: bool) -> None:
    assert says_reverse(question, text) == reverse
