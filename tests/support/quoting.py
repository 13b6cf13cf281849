"""Files of JSON lines, and a small span dataset without questions."""

import json
from pathlib import Path

from eval.datasets.load import SpanDataset, load_dataset

RIVER = "The river Aare is\n  288 km long. It rises\r\nin the Alps.\n"
MILL = "A mill. A mill? The river Aare is 288 km long."


def write_documents(folder: Path) -> Path:
    """Write a dataset of two documents into the folder; return the folder."""
    (folder / "documents").mkdir()
    for name, text in (("river.txt", RIVER), ("mill.txt", MILL)):
        (folder / "documents" / name).write_bytes(text.encode())
    return folder


def write_lines(file: Path, *rows: object) -> Path:
    file.write_text("".join(f"{json.dumps(row)}\n" for row in rows), encoding="utf-8")
    return file


def quotes_of(folder: Path) -> dict[str, list[str]]:
    """The text of each question's answers, cut from the documents by their offsets."""
    dataset = load_dataset(folder)
    assert isinstance(dataset, SpanDataset)
    texts = {document.doc_id: document.text for document in dataset.documents}
    return {
        question.text: [answer.span.of(texts[answer.doc_id]) for answer in question.answers]
        for question in dataset.questions
    }
