"""Add questions to a span dataset, with the offsets of quoted answers."""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from eval.datasets.jsonl import SourceLine, read_jsonl, read_rows
from eval.datasets.quotes import find_quote
from index.errors import BadDataset, BadInput

QUESTIONS = "questions.jsonl"


def question_row(
    question_id: str, question: str, answers: list[tuple[str, str | None]], texts: Mapping[str, str]
) -> dict[str, Any]:
    """Return a row of questions.jsonl. Without answers the question is unanswerable.

    answers: each answer's quotation and doc_id; None: any document
    texts:   canonical text of each document, by doc_id

    Raises BadDataset if the question is blank or a quotation stands nowhere.
    """
    if not question.strip():
        raise BadDataset("the question is blank")
    places = [place for quote, doc_id in answers for place in find_quote(texts, quote, doc_id)]
    return {
        "_id": question_id,
        "text": question,
        "answerable": bool(places),
        "answers": [
            {"doc_id": doc_id, "start": span.start, "end": span.end}
            for doc_id, span in dict.fromkeys(places)
        ],
    }


def read_labels(file: Path, texts: Mapping[str, str], ids: Iterator[str]) -> list[dict[str, Any]]:
    """Return a row of questions.jsonl for each line {question, answer?, doc_id?} of a file.

    Raises BadDataset, naming the file and line, if a line cannot be a row.
    """
    return [_row_of(value, SourceLine(file, n), texts, next(ids)) for n, value in read_jsonl(file)]


def _row_of(
    value: Any, line: SourceLine, texts: Mapping[str, str], question_id: str
) -> dict[str, Any]:
    fields = {"question", "answer", "doc_id"}
    if not isinstance(value, dict) or "question" not in value or value.keys() - fields:
        raise line.error("a line must be {question, answer, doc_id}; only question is required")
    for name, text in value.items():
        if not isinstance(text, str):
            raise line.error(f"{name} is {text!r}, not a string")
    answers = [(value["answer"], value.get("doc_id"))] if "answer" in value else []
    try:
        return question_row(question_id, value["question"], answers, texts)
    except BadDataset as error:
        raise line.error(str(error)) from error


def free_ids(folder: Path) -> Iterator[str]:
    """Yield ids q1, q2, …, without those that the dataset's questions have."""
    file = folder / QUESTIONS
    taken = {str(row["_id"]) for _, row in read_rows(file, "_id", "text")} if file.is_file() else ()
    number = 0
    while True:
        number += 1
        if f"q{number}" not in taken:
            yield f"q{number}"


def append_rows(folder: Path, rows: list[dict[str, Any]]) -> None:
    """Append rows to a dataset's questions. Raises BadInput if the file cannot be written."""
    file = folder / QUESTIONS
    lines = "".join(f"{json.dumps(row, ensure_ascii=False)}\n" for row in rows)
    try:
        text = file.read_text(encoding="utf-8") if file.is_file() else ""
        between = "\n" if text and not text.endswith("\n") else ""
        with file.open("a", encoding="utf-8") as stream:
            stream.write(between + lines)
    except OSError as error:
        raise BadInput(f"cannot write {file}: {error.strerror}") from error
