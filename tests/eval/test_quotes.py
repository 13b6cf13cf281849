"""A quoted answer has the offsets of every place where it occurs; others are refused."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eval.datasets.load import load_dataset
from eval.datasets.quotes import find_quote
from index.errors import BadDataset
from index.types import Span
from quoting import quotes_of, write_documents, write_lines


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return write_documents(tmp_path)


@given(st.text("ab \n", max_size=40), st.text("ab", min_size=1, max_size=3))
def test_a_one_word_quotation_is_located_where_python_finds_it(text: str, quote: str) -> None:
    places, at = [], text.find(quote)
    while at >= 0:
        places.append(("d", Span(at, at + len(quote))))
        at = text.find(quote, at + len(quote))
    if places:
        assert find_quote({"d": text}, quote) == places
    else:
        with pytest.raises(BadDataset, match="is not in any document"):
            find_quote({"d": text}, quote)


@given(st.lists(st.sampled_from(["a", "b.", "(c"]), min_size=1, max_size=6), st.data())
def test_white_space_in_a_quotation_matches_any_white_space(
    words: list[str], data: st.DataObject
) -> None:
    gaps = st.sampled_from([" ", "\n", "\n  ", "\t"])
    text = "".join(word + data.draw(gaps) for word in words)
    ((_, span),) = find_quote({"d": f"§ {text}§"}, " ".join(words))
    assert span == Span(2, 2 + len(text.rstrip()))


def test_every_place_of_a_quoted_answer_counts(folder: Path) -> None:
    answers = [
        {"answer": "Aare is 288 km long."},
        {"doc_id": "documents/mill.txt", "answer": "A mill"},
    ]
    row = {"_id": "q", "text": "How long?", "answerable": True, "answers": answers}
    write_lines(folder / "questions.jsonl", row)
    assert quotes_of(folder) == {
        "How long?": ["Aare is 288 km long.", "Aare is\n  288 km long.", "A mill", "A mill"]
    }


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        ({"answer": "The Rhine"}, "the answer 'The Rhine' is not in any document"),
        (
            {"answer": "Alps", "doc_id": "documents/mill.txt"},
            "the answer 'Alps' is not in 'documents/mill.txt'",
        ),
        (
            {"answer": "Alps", "doc_id": "no.txt"},
            "an answer is in 'no.txt', which is not in the corpus",
        ),
        ({"answer": " "}, "an answer is blank"),
        ({"answer": 288}, "answer and doc_id must be strings"),
        ({"answer": "Alps", "start": 3}, "an answer has either its text or its offsets, not both"),
    ],
)
def test_an_answer_that_occurs_nowhere_is_refused_with_its_line(
    folder: Path, answer: dict[str, object], message: str
) -> None:
    good = {"_id": "q", "text": "How long?", "answerable": False}
    bad = {"_id": "r", "text": "Which?", "answerable": True, "answers": [answer]}
    write_lines(folder / "questions.jsonl", good, bad)
    with pytest.raises(BadDataset) as error:
        load_dataset(folder)
    assert f"questions.jsonl:2: {message}" in str(error.value)
