"""The evaluation set about the documentation: each label holds against the documents as they are.

A change of the documentation can invalidate a label. The message then names the question, the label
and the nearest text of the documents.
"""

import difflib
import json
import re
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from command import ROOT
from eval.datasets.documents import load_documents
from eval.datasets.load import SpanDataset, load_dataset
from eval.datasets.quotes import find_quote
from index.errors import BadDataset

FOLDER = ROOT / "eval" / "docs"
QUESTIONS: list[dict[str, Any]] = [
    json.loads(line) for line in (FOLDER / "questions.jsonl").read_text("utf-8").splitlines()
]
ANSWERABLE = [q for q in QUESTIONS if q["answerable"]]
UNANSWERABLE = [q for q in QUESTIONS if not q["answerable"]]
TEXTS = {document.doc_id: document.text for document in load_documents(FOLDER)}


def lost_labels(questions: list[dict[str, Any]], texts: dict[str, str]) -> list[str]:
    """A line for each answer that stands in no document."""
    lost = []
    for question in questions:
        for answer in question["answers"]:
            try:
                find_quote(texts, answer["answer"], answer.get("doc_id"))
            except BadDataset as error:
                lost.append(f"{question['_id']} {question['text']!r}: {error}; nearest text: ")
                lost[-1] += repr(nearest(answer["answer"], texts))
    return lost


def nearest(quote: str, texts: dict[str, str]) -> str:
    """The line of the documents that is most like a quotation; empty if none is like it."""
    lines = [line for text in texts.values() for line in text.splitlines()]
    return "".join(difflib.get_close_matches(quote, lines, n=1, cutoff=0.3))


def told_after_all(questions: list[dict[str, Any]], texts: dict[str, str]) -> list[str]:
    """A line for each word that only an answer would have, and that the documents have."""
    whole = "\n".join(texts.values())
    return [
        f"{question['_id']} {question['text']!r}: the documents have {word!r}; if they answer the "
        "question now, label it, else choose another word"
        for question in questions
        for word in question["absent"]
        if re.search(rf"(?<!\w){re.escape(word)}(?!\w)", whole, re.IGNORECASE)
    ]


def test_every_label_stands_in_the_documentation() -> None:
    lost = lost_labels(ANSWERABLE, TEXTS)
    assert not lost, "mend these labels in eval/docs/questions.jsonl:\n" + "\n".join(lost)


def test_a_lost_label_is_named_with_its_question_and_the_nearest_text() -> None:
    question = {"_id": "d1", "text": "Which port?", "answers": [{"answer": "or 8000."}]}
    (line,) = lost_labels([question], {"docs/a.md": "One.\nThe port is 80.\nIt is 9000 or 8001."})
    assert line.startswith("d1 'Which port?': the answer 'or 8000.' is not in any document")
    assert line.endswith("nearest text: 'The port is 80.'")


def test_no_word_of_an_absent_answer_stands_in_the_documentation() -> None:
    told = told_after_all(UNANSWERABLE, TEXTS)
    assert not told, "check these questions of eval/docs/questions.jsonl:\n" + "\n".join(told)


def test_a_word_of_an_absent_answer_is_found_whatever_its_case_but_whole() -> None:
    question = {"_id": "d1", "text": "Docker?", "absent": ["docker", "image", "--tls"]}
    found = told_after_all([question], {"a": "Use DOCKER. Imagery.", "b": "with --tls-key"})
    assert [line.split("have ")[1].split(";")[0] for line in found] == ["'docker'", "'--tls'"]


def test_the_documents_are_the_readme_contributing_and_all_pages_of_docs() -> None:
    pages = {f"docs/{page.name}" for page in (ROOT / "docs").glob("*.md")}
    assert TEXTS.keys() == {"README.md", "CONTRIBUTING.md", *pages}


@pytest.mark.parametrize("question", ANSWERABLE, ids=lambda question: question["_id"])
def test_an_answer_is_no_more_than_three_lines_and_no_single_word(question: dict[str, Any]) -> None:
    # A label that is a common word would count wrong answers as right.
    for answer in question["answers"]:
        text = answer["answer"]
        assert len(text) >= 9, text
        assert len(re.findall(r"\w+", text)) >= 2, text
        for doc_id, span in find_quote(TEXTS, text):
            assert span.of(TEXTS[doc_id]).count("\n") <= 2, text


def test_no_question_repeats_the_words_of_its_answer() -> None:
    for question in ANSWERABLE:
        if question["kind"] in ("name", "keywords"):
            continue
        asked = " ".join(re.findall(r"\w+", question["text"].casefold()))
        for answer in question["answers"]:
            words = re.findall(r"\w+", answer["answer"].casefold())
            runs = [" ".join(words[i : i + 5]) for i in range(len(words) - 4)]
            assert not [run for run in runs if run in asked], question["_id"]


def test_ids_and_texts_are_unique() -> None:
    assert len({q["_id"] for q in QUESTIONS}) == len(QUESTIONS)
    assert len({q["text"].casefold() for q in QUESTIONS}) == len(QUESTIONS)


def test_there_are_enough_questions_and_each_says_what_it_must() -> None:
    assert len(ANSWERABLE) >= 60
    assert len(UNANSWERABLE) >= 20
    assert all(q.keys() == {"_id", "text", "answerable", "answers", "kind"} for q in ANSWERABLE)
    fields = {"_id", "text", "answerable", "absent", "why", "kind"}
    assert all(q.keys() == fields and q["absent"] and q["why"] for q in UNANSWERABLE)


def test_the_readme_states_the_true_counts() -> None:
    readme = (FOLDER / "README.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| ([a-z-]+) \| (\d+) \|", readme, re.MULTILINE)
    assert {kind: int(n) for kind, n in rows} == Counter(q["kind"] for q in QUESTIONS)
    assert f"{len(ANSWERABLE)} answerable and {len(UNANSWERABLE)} unanswerable" in readme


def test_the_set_is_read_from_a_copy_of_the_repository_in_a_folder_of_any_name(
    tmp_path: Path,
) -> None:
    for name in ("README.md", "CONTRIBUTING.md", "docs", "eval/docs"):
        link = tmp_path / "clone" / name
        link.parent.mkdir(parents=True, exist_ok=True)
        for file in [ROOT / name] if (ROOT / name).is_file() else (ROOT / name).iterdir():
            target = link if (ROOT / name).is_file() else link / file.name
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(file.read_bytes())
    dataset = load_dataset(tmp_path / "clone" / "eval" / "docs")
    assert isinstance(dataset, SpanDataset)
    assert {document.doc_id for document in dataset.documents} == TEXTS.keys()
    assert len(dataset.questions) == len(QUESTIONS)
