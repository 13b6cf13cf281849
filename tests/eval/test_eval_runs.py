"""A run file contains a whole run; an error names the file and the line."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from eval.datasets.load import load_dataset
from eval.measures.measures import RunPassage
from eval.runs.evaluate import evaluate
from eval.runs.run_file import read_run, to_lines, without_passages, write_run
from fakes import HashEmbedder
from index.errors import BadDataset, BadInput
from index.types import Span
from known_runs import beir_set, run_of, run_question, span_set
from rag.search.ranking import RankSettings


@pytest.mark.parametrize("make", [span_set, beir_set])
def test_a_written_run_is_read_back_unchanged(make: Any, tmp_path: Path) -> None:
    dataset = load_dataset(make(tmp_path / "set"))
    run = evaluate(dataset, HashEmbedder(), RankSettings(), cutoffs=[3]).run
    write_run(tmp_path / "run.jsonl", run)
    assert read_run(tmp_path / "run.jsonl") == run


def test_a_run_without_passages_has_the_same_measures() -> None:
    run = run_of(run_question("q", {"MRR@10": 0.5}, 0.75, True))
    (question,) = without_passages(run).questions
    assert question.outcome.passages == ()
    assert replace(question, outcome=run.questions[0].outcome) == run.questions[0]
    assert replace(without_passages(run), questions=run.questions) == run


def test_a_run_file_can_be_read_without_this_program(tmp_path: Path) -> None:
    passage = RunPassage("d", Span(2, 9), 0.25, Span(2, 5), "A line\u2028and more.")
    unquoted = replace(passage, quote=None)
    question = run_question("q", {"MRR@10": 0.5}, 0.75, True, [passage, unquoted])
    write_run(tmp_path / "run.jsonl", run_of(question))
    header, row = map(
        json.loads, (tmp_path / "run.jsonl").read_text().removesuffix("\n").split("\n")
    )
    expected = {"dataset": "known", "kind": "spans", "model": "hash", "n_questions": 1}
    assert header["run"].items() >= expected.items()
    assert header["run"]["measures"] == {"MRR@10": 0.5}
    bare = {"doc_id": "d", "start": 2, "end": 9, "score": 0.25, "highlight": {"start": 2, "end": 5}}
    assert row == {
        "_id": "q",
        "text": "What is q?",
        "answerable": True,
        "confidence": 0.75,
        "measures": {"MRR@10": 0.5},
        "passages": [bare | {"quote": "A line\u2028and more."}, bare],
    }


def test_answerable_is_omitted_if_it_is_unknown() -> None:
    _, row = map(json.loads, to_lines(run_of(run_question("q", {"nDCG@10": 1.0}), kind="beir")))
    assert "answerable" not in row


def test_fields_of_later_versions_are_ignored(tmp_path: Path) -> None:
    run = run_of(run_question("q", {"MRR@10": 0.5}))
    header, row = map(json.loads, to_lines(run))
    header["run"]["weather"] = row["weather"] = "fine"
    file = tmp_path / "run.jsonl"
    file.write_text(f"{json.dumps(header)}\n{json.dumps(row)}\n")
    assert read_run(file) == run


HEADER, QUESTION = to_lines(run_of(run_question("q", {"MRR@10": 0.5})))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", r"run\.jsonl:1: not the start of a run; create one with `rag eval run"),
        (QUESTION, r"run\.jsonl:1: not the start of a run; create one with `rag eval run"),
        ("[]", r"run\.jsonl:1: not the start of a run"),
        ('\n{"run": ', r"run\.jsonl:2: not JSON"),
        ('{"run": 1}', r"run\.jsonl:1: not a run: "),
        (HEADER.replace('"n_chunks": 1', '"n_chunks": "?"'), r":1: not a run: n_chunks: .*integer"),
        (HEADER.replace('"kind": "spans"', '"kind": "none"'), r"kind: .* should be 'spans' or 'be"),
        (f"{HEADER}\n[]", r"run\.jsonl:2: not a question of a run"),
        (f"{HEADER}\n{QUESTION.replace('confidence', 'x')}", r":2: .* \(KeyError\('confidence'\)"),
        (f"{HEADER}\n{QUESTION.replace('0.5', 'null')}", r"run\.jsonl:2: not a question of a run"),
        (HEADER, r"run\.jsonl has 0 of its run's 1 questions"),
        (
            HEADER.replace('ns": 1,', 'ns": 2,') + f"\n{QUESTION}" * 2,
            "has 1 of its run's 2 questions",
        ),
    ],
)
def test_a_malformed_run_is_refused_with_its_line(text: str, message: str, tmp_path: Path) -> None:
    file = tmp_path / "run.jsonl"
    file.write_text(text)
    with pytest.raises(BadDataset, match=message):
        read_run(file)


def test_files_that_cannot_be_read_or_written_are_errors(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match=r"none\.jsonl: No such file"):
        read_run(tmp_path / "none.jsonl")
    with pytest.raises(BadInput, match="cannot write"):
        write_run(tmp_path / "none" / "run.jsonl", run_of())
