"""Answers and passages as printed text."""

import io
import re
from pathlib import Path

import pytest
from rich.console import Console

from calibrations import calibration
from fakes import HashEmbedder
from index.documents.load import document_of
from index.ingest.ingest import ingest_documents
from rag.answer.confidence import Weight
from rag.answer.no_passages import NONE_PASSES
from rag.cli.print_results import print_answer, print_result
from rag.output.safe_output import on_one_line, printable
from rag.pipeline import Pipeline
from rag.results import Correction, Filter

BAKERY = "Zara Quill founded\nthe bakery.\n\nLoaves left its \x1b[31moven in Lisbon."
BOTH = "Who founded the bakery, and who wrote an opera?"


@pytest.fixture
def pipeline(tmp_path: Path) -> Pipeline:
    """A pipeline that is confident in passages with the question's words."""
    embedder = HashEmbedder()
    ingest_documents(
        tmp_path / "index",
        [document_of(BAKERY, "d", media_type="text/plain", name="d.txt")],
        embedder,
    )
    trusts = Weight(mean=0.5, scale=0.1, weight=2.0)
    file = calibration(tmp_path, embedder, 0.5, coverage=trusts)
    return Pipeline.over(tmp_path / "index", embedder, calibration=file)


def asked(pipeline: Pipeline, question: str, *, full: bool = False, width: int = 0) -> list[str]:
    """The lines of an answer: in a pipe, or on a terminal of this width."""
    out = Console(file=io.StringIO(), force_terminal=bool(width), width=width or None)
    print_answer(out, pipeline.ask(question, explain=full), full=full)
    return lines_of(out)


def lines_of(out: Console) -> list[str]:
    assert isinstance(out.file, io.StringIO)
    plain = re.sub(r"\x1b\[[0-9;]*m", "", out.file.getvalue())
    assert "\x1b" not in plain
    return re.sub(r"\d+ ms", "0 ms", plain).splitlines()


def test_an_answer_has_its_sentence_its_source_and_the_best_sentences_of_the_passages(
    pipeline: Pipeline,
) -> None:
    lines = asked(pipeline, "Who founded the bakery?")
    assert lines[:5] == [
        "Zara Quill founded the bakery.",
        "    d:1-2",
        "",
        "Supporting passages:",
        "",
    ]
    assert re.fullmatch(r" 1  [01]\.\d{3}  d:1-4", lines[5])
    assert lines[6:8] == ["    Zara Quill founded the bakery.", ""]
    assert re.fullmatch(r"1 passage in 0 ms · confidence [01]\.\d\d · generation 1", lines[8])
    assert len(lines) == 9


def test_each_part_is_printed_above_its_sentence_and_unanswered_parts_are_listed(
    pipeline: Pipeline,
) -> None:
    assert asked(pipeline, BOTH)[:6] == [
        "Who founded the bakery",
        "Zara Quill founded the bakery.",
        "    d:1-2",
        "",
        "Not answered: who wrote an opera?",
        "",
    ]
    same = asked(pipeline, "Who founded the bakery, and what did Zara Quill found?")
    assert same[:2] == [
        "Who founded the bakery / what did Zara Quill found?",
        "Zara Quill founded the bakery.",
    ]


def test_a_missing_answer_is_stated_before_the_nearest_passages(pipeline: Pipeline) -> None:
    lines = asked(pipeline, "Who wrote an opera?")
    assert lines[:4] == ["The documents do not answer this.", "", "The nearest passages:", ""]
    out = Console(file=io.StringIO())
    print_result(out, pipeline.search("Who wrote an opera?"))
    assert lines_of(out)[-1] == "The documents most likely do not answer this."
    out = Console(file=io.StringIO())
    print_result(out, pipeline.search("Who founded the bakery?"))
    assert lines_of(out)[-1].endswith("generation 1")


def test_an_explained_answer_has_the_whole_passages(pipeline: Pipeline) -> None:
    lines = asked(pipeline, "Who founded the bakery?", full=True)
    assert "    Loaves left its \ufffd[31moven in Lisbon." in lines
    parts = [line.split()[0] for line in lines if " x 0." in line]
    assert parts == ["dense", "sentence", "words", "rerank"]


def test_without_a_passage_only_the_reason_is_printed(pipeline: Pipeline) -> None:
    nothing = Filter(doc_id=["x"])
    out = Console(file=io.StringIO())
    print_answer(out, pipeline.ask("bakery", filter=nothing), full=False)
    print_result(out, pipeline.search("bakery", filter=nothing))
    assert lines_of(out) == [NONE_PASSES] * 2


def test_corrections_come_first_and_their_words_are_marked(pipeline: Pipeline) -> None:
    corrections = [Correction(written="Lisbn", searched="Lisbon")]
    update = {"query": "where is Lisbn?", "corrections": corrections}
    for full in (True, False):
        out = Console(file=io.StringIO(), force_terminal=True, width=100)
        if full:
            answer = pipeline.ask("where is Lisbon?")
            print_answer(out, answer.model_copy(update=update), full=True)
        else:
            print_result(out, pipeline.search("where is Lisbon?").model_copy(update=update))
        assert lines_of(out)[0].rstrip() == 'Searched for "Lisbon"; you wrote "Lisbn".'
        assert isinstance(out.file, io.StringIO)
        assert re.search(r"\x1b\[[0-9;]*33mLisbon", out.file.getvalue())


@pytest.mark.parametrize("width", [40, 60, 120])
@pytest.mark.parametrize("full", [False, True])
def test_no_line_is_wider_than_the_terminal(pipeline: Pipeline, width: int, full: bool) -> None:
    assert max(map(len, asked(pipeline, BOTH, full=full, width=width))) <= width


def test_control_and_misleading_characters_are_replaced_one_for_one() -> None:
    for mark in ("\x1b", "\x9b", "\u202e", "\u2066", "\u200b", "\ud800", "\u2028", "\U000e0001"):
        assert printable(f"a{mark}b\n") == "a\ufffdb\n"
    assert printable("é ü 漢\u00a0字\t") == "é ü 漢\u00a0字\t"
    assert on_one_line("a\nb") == "a\ufffdb"


def test_an_answer_whose_passages_exceed_the_budget_keeps_its_sentence(pipeline: Pipeline) -> None:
    out = Console(file=io.StringIO(), width=100)
    answer = pipeline.ask("Who founded the bakery?", token_budget=3)
    print_answer(out, answer, full=False)
    assert lines_of(out) == [
        "Zara Quill founded the bakery.",
        "    d:1-2",
        "",
        answer.reason,
    ]
