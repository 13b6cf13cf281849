"""`rag eval label`: add questions whose answers are quoted."""

import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated, Any

import typer

from index.errors import BadDataset, BadInput
from rag.cli.options import interruptible
from rag.output.safe_output import ask_line, complain, on_one_line, say


def label(
    dataset: Annotated[
        Path, typer.Argument(help="A folder with documents, and questions.jsonl if it exists.")
    ],
    file: Annotated[
        Path | None,
        typer.Argument(
            help="JSON lines {question, answer, doc_id}. Without answer the question is "
            "unanswerable; without doc_id the answer is searched for in all documents. Default: "
            "ask on the terminal."
        ),
    ] = None,
) -> None:
    """Add questions to a dataset, with the offsets of the answers that you quote.

    Every place of the quoted text counts as an answer. White space may differ from the document;
    everything else must be equal. A file is added whole, or not at all if one of its lines is
    wrong.
    """
    from eval.datasets.label import QUESTIONS, append_rows, free_ids, read_labels
    from eval.datasets.load import load_documents

    texts = {document.doc_id: document.text for document in load_documents(dataset)}
    ids = free_ids(dataset)
    n_added = 0
    with interruptible("Stopped. The questions labelled so far are in the dataset."):
        if file is not None:
            rows = read_labels(file, texts, ids)
            append_rows(dataset, rows)
            n_added = len(rows)
        else:
            for row in _ask(texts, ids):
                append_rows(dataset, [row])
                _say_places(row, texts)
                n_added += 1
    say(on_one_line(f"{n_added:,} questions added to {dataset / QUESTIONS}"))


def _ask(texts: Mapping[str, str], ids: Iterator[str]) -> Iterator[dict[str, Any]]:
    """Yield a row for each question that is entered, until a blank one. Raises BadInput without a
    terminal."""
    from eval.datasets.label import question_row

    if not (sys.stdin.isatty() and sys.stderr.isatty()):
        raise BadInput("there is no terminal; give a file of JSON lines")
    question_id = next(ids)
    while question := ask_line("Question (empty to stop):"):
        lines = iter(lambda: ask_line("Answer, a quotation (empty line to end):"), "")
        quote = "\n".join(lines)
        try:
            row = question_row(question_id, question, [(quote, None)] if quote else [], texts)
        except BadDataset as error:
            complain(f"{error}. Enter the question again.")
            continue
        yield row
        question_id = next(ids)


def _say_places(row: dict[str, Any], texts: Mapping[str, str]) -> None:
    """Where the answers stand, a line each, as `doc_id:line [start, end)`."""
    if not row["answers"]:
        say(f"{row['_id']}: unanswerable")
    for answer in row["answers"]:
        doc_id, start, end = answer["doc_id"], answer["start"], answer["end"]
        line = texts[doc_id].count("\n", 0, start) + 1
        say(on_one_line(f"{row['_id']}: {doc_id}:{line} [{start}, {end})"))
