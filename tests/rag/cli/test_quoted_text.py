"""Quotes from Markdown: without markup on a terminal, as they stand in a pipe and in JSON."""

import io
import re
from pathlib import Path

import pytest
from rich.console import Console

from calibrations import calibration
from fakes import HashEmbedder
from index.documents.load import document_of
from index.ingest.ingest import ingest_documents
from rag.cli.print_results import print_answer, print_result
from rag.pipeline import Pipeline

BAKERY = (
    "# Bakery\n\n**Zara [Quill](q.md) founded** the `bakery`. It has *ovens*.\n\n"
    "## Prices\n\n| Loaf | Price |\n|---|---:|\n| **Rye** | 4 |\n| Spelt | 12 |\n"
)


@pytest.fixture
def pipeline(tmp_path: Path) -> Pipeline:
    embedder = HashEmbedder()
    documents = [
        document_of(BAKERY, "b.md", media_type="text/markdown", name="b.md"),
        document_of("Mr *Quill* sold `it`.", "c.txt", media_type="text/plain", name="c.txt"),
    ]
    ingest_documents(tmp_path / "index", documents, embedder)
    return Pipeline.over(
        tmp_path / "index", embedder, calibration=calibration(tmp_path, embedder, 0.0)
    )


def printed(pipeline: Pipeline, question: str, command: str, *, terminal: bool) -> str:
    out = Console(file=io.StringIO(), force_terminal=terminal, width=80)
    if command == "ask":
        print_answer(out, pipeline.ask(question), full=False)
    else:
        print_result(out, pipeline.search(question))
    assert isinstance(out.file, io.StringIO)
    return out.file.getvalue()


def plain(text: str) -> list[str]:
    return [line.rstrip() for line in re.sub(r"\x1b\[[0-9;]*m", "", text).splitlines()]


@pytest.mark.parametrize("command", ["ask", "search"])
def test_markdown_has_no_markup_on_a_terminal_and_all_of_it_in_a_pipe(
    pipeline: Pipeline, command: str
) -> None:
    question = "Who founded the bakery?"
    shown = "\n".join(plain(printed(pipeline, question, command, terminal=True)))
    assert "Zara Quill founded the bakery." in shown
    assert "**" not in shown
    piped = printed(pipeline, question, command, terminal=False)
    assert "**Zara [Quill](q.md) founded** the `bakery`." in piped
    quote = pipeline.ask(question).sentences[0].citation.quote
    assert quote.startswith("**Zara [Quill](q.md) founded** the `bakery`.")
    assert pipeline.ask(question).sentences[0].citation.media_type == "text/markdown"


def test_the_matched_words_stay_yellow_inside_markup(pipeline: Pipeline) -> None:
    for command in ("ask", "search"):
        shown = printed(pipeline, "Who founded the bakery?", command, terminal=True)
        assert re.search(r"\x1b\[(?:[0-9]+;)*33mfounded", shown)
        assert re.search(r"\x1b\[(?:[0-9]+;)*3[36]mbakery", shown)


def test_the_header_and_the_row_of_an_answer_are_one_table(pipeline: Pipeline) -> None:
    answer = pipeline.ask("price of rye loaf")
    assert [c.quote for c in answer.sentences[0].citations] == [
        "| Loaf | Price |",
        "| **Rye** | 4 |",
    ]
    lines = plain(printed(pipeline, "price of rye loaf", "ask", terminal=True))
    assert lines[:3] == ["Loaf │ Price", "─────┼──────", "Rye  │ 4"]
    assert plain(printed(pipeline, "price of rye loaf", "ask", terminal=False))[:2] == [
        "| Loaf | Price |",
        "| **Rye** | 4 |",
    ]


def test_plain_text_keeps_its_marks_on_a_terminal(pipeline: Pipeline) -> None:
    shown = "\n".join(plain(printed(pipeline, "Mr Quill sold it", "search", terminal=True)))
    assert "Mr *Quill* sold `it`." in shown
