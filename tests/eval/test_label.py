"""`rag eval label` writes the offsets of quoted answers."""

import json
from pathlib import Path

import pytest

from command import rag
from quoting import MILL, RIVER, quotes_of, write_documents, write_lines
from terminal import in_a_terminal, plain_lines


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return write_documents(tmp_path)


def test_a_file_of_quoted_answers_becomes_questions_with_offsets(folder: Path) -> None:
    lines = [
        {"question": "How long is it?", "answer": "288 km"},
        {"question": "Where?", "answer": "rises in the Alps", "doc_id": "documents/river.txt"},
        {"question": "How deep is it?"},
    ]
    taken = {"_id": "q2", "text": "What?", "answerable": False}
    write_lines(folder / "questions.jsonl", taken)
    done = rag("eval", "label", folder, write_lines(folder / "labels.jsonl", *lines))
    assert done.returncode == 0, done.stderr
    assert done.stdout == f"3 questions added to {folder / 'questions.jsonl'}\n"
    assert quotes_of(folder) == {
        "What?": [],
        "How long is it?": ["288 km", "288 km"],
        "Where?": ["rises\nin the Alps"],
        "How deep is it?": [],
    }
    rows = [json.loads(line) for line in (folder / "questions.jsonl").read_text().splitlines()]
    assert [row["_id"] for row in rows] == ["q2", "q1", "q3", "q4"]


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ({"question": "How?", "answer": "by boat"}, "the answer 'by boat' is not in any document"),
        ({"question": " "}, "the question is blank"),
        ({"answer": "288 km"}, "a line must be {question, answer, doc_id}"),
        ({"question": "How?", "start": 3}, "a line must be {question, answer, doc_id}"),
        ({"question": "How?", "answer": None}, "answer is None, not a string"),
    ],
)
def test_a_file_with_a_wrong_line_adds_nothing(folder: Path, line: object, message: str) -> None:
    file = write_lines(folder / "labels.jsonl", {"question": "Long?", "answer": "288 km"}, line)
    done = rag("eval", "label", folder, file)
    assert (done.returncode, done.stdout) == (2, "")
    assert f"labels.jsonl:2: {message}" in done.stderr
    assert not (folder / "questions.jsonl").exists()


def test_on_a_terminal_a_quotation_that_does_not_occur_must_be_entered_again(folder: Path) -> None:
    typed = "How long?\nby boat\n\nHow long?\nThe river Aare is\n288 km long.\n\nHow deep?\n\n\n"
    lines = plain_lines(in_a_terminal("eval", "label", str(folder), columns=200, typed=typed))
    assert any("the answer 'by boat' is not in any document" in line for line in lines)
    start = MILL.index("The river")
    places = [f"mill.txt:1 [{start}, {len(MILL)})", f"river.txt:1 [0, {RIVER.index(' It')})"]
    for said in (*(f"q1: documents/{place}" for place in places), "q2: unanswerable"):
        assert any(line.endswith(said) for line in lines), said
    assert list(quotes_of(folder)) == ["How long?", "How deep?"]


def test_without_a_terminal_a_file_is_required(folder: Path) -> None:
    done = rag("eval", "label", folder)
    assert done.returncode == 2
    assert "there is no terminal; give a file of JSON lines" in done.stderr
