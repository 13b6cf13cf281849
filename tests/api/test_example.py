"""The suggested question is about the server's own index and can be pasted into a shell."""

import json
import shlex
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.cli import greeting_of
from api.example import example_question, suggest_questions
from documents import examples
from fakes import HashEmbedder
from index.documents.formats import MARKDOWN
from index.documents.load import document_of
from index.ingest.ingest import ingest_documents
from index.protocols import Embedder
from index.types import Document
from rag.pipeline import Pipeline
from rag.settings import Settings


def pipeline_of(folder: Path, *documents: Document) -> Pipeline:
    ingest_documents(folder / "index", documents, HashEmbedder())
    return Pipeline.over(folder / "index", HashEmbedder())


def question_of(folder: Path, *documents: Document) -> str | None:
    """The first suggested question, answered or not."""
    pipeline = pipeline_of(folder, *documents)
    with pipeline.snapshot() as snapshot:
        question = next(suggest_questions(snapshot), None)
    pipeline.close()
    return question


def markdown(text: str, doc_id: str = "doc") -> Document:
    return document_of(text, doc_id, media_type=MARKDOWN, name="name")


@pytest.mark.parametrize(
    ("document", "expected"),
    [
        (markdown("# The Village\n\nText.\n\n## The Old Bridge\n\nMore."), "The Old Bridge"),
        (markdown("# The Village\n\nText."), "The Village"),
        (Document("a.txt", "a", "Notes on pears", "Text."), "Notes on pears"),
        (markdown('# 1.2\n\n## "$(rm -rf *)" & `whoami`!\n\nx'), "rm rf whoami"),
        (markdown("# 1\n\nText.\n\n## Überfälle und Pläne\n\nMore."), "Überfälle und Pläne"),
    ],
)
def test_it_is_about_a_heading_or_else_the_title(
    tmp_path: Path, document: Document, expected: str
) -> None:
    assert question_of(tmp_path, document) == f"What is said about {expected}?"


def test_a_short_heading_is_preferred_and_a_long_one_is_cut_between_words(tmp_path: Path) -> None:
    long = "word " * 20
    only_long = question_of(tmp_path / "1", Document("a", "a", long, "Text."))
    assert only_long == f"What is said about {' '.join(['word'] * 10)}?"
    both = [Document("a", "a", long, "Text."), Document("b", "b", "Pears", "Text.")]
    assert question_of(tmp_path / "2", *both) == "What is said about Pears?"


def test_there_is_none_without_a_heading_or_title(tmp_path: Path) -> None:
    assert question_of(tmp_path, Document("1", "1", "12 / 7", "Text.")) is None


@examples(60)
@given(st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1, max_size=40))
def test_the_suggested_command_is_valid_for_a_shell_and_as_json(
    tmp_path_factory: pytest.TempPathFactory, title: str
) -> None:
    folder = tmp_path_factory.mktemp("titles")
    pipeline = pipeline_of(folder, Document("a", "a", title, "Text."))
    greeting = greeting_of(Settings(index=folder / "index"), pipeline, "http://127.0.0.1:8000")
    pipeline.close()
    for line in greeting.splitlines():
        if "Ask:" in line:
            assert not set("$`!") & set(line)
            words = shlex.split(line)
            question = json.loads(words[words.index("-d") + 1])["query"]
            assert question.startswith("What is said about ")
            assert all(ord(each) >= 32 for each in line)


def test_the_greeting_says_that_an_index_is_empty(tmp_path: Path) -> None:
    pipeline = pipeline_of(tmp_path)
    greeting = greeting_of(Settings(index=tmp_path / "index"), pipeline, "http://127.0.0.1:8000")
    pipeline.close()
    assert "The index is empty; `rag ingest PATH` adds documents" in greeting
    assert "curl" not in greeting


def test_a_question_that_is_answered_is_preferred(seeds_index: Path, embedder: Embedder) -> None:
    pipeline = Pipeline.over(seeds_index, embedder)
    question = example_question(pipeline)
    assert question is not None
    assert pipeline.ask(question).answered
    pipeline.close()
