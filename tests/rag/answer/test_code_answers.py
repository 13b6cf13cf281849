"""Questions about source code are answered with the definition, and the lines an editor shows."""

import ast
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from command import ROOT
from index.ingest.ingest import ingest
from index.protocols import Embedder
from rag.pipeline import Pipeline
from rag.results import Answer, Citation

FILES = [
    "index/documents/archive.py",
    "index/documents/isolation.py",
    "index/documents/mail/headers.py",
    "index/documents/mail/mailbox.py",
    "index/documents/sandbox.py",
    "index/documents/sentences.py",
    "index/words/analyze.py",
    "tests/files/code",
]

IDENTIFIERS = [
    "messages_in",
    "decoded_header",
    "sentences_of",
    "ParserProcess",
    "Archive.read",
    "limit_cpu()",
    "distinct_terms",
    "_check_signature",
    "MEMORY_BYTES",
    "MAX_RATIO",
]

QUESTIONS = [
    ("Which function splits a mailbox into its messages?", "index/documents/mail/mailbox.py"),
    ("Which function ends the shared process?", "index/documents/isolation.py"),
    ("Which function returns the date of a mail in ISO 8601?", "index/documents/mail/headers.py"),
    ("What is refused before any entry of an archive is read?", "index/documents/archive.py"),
    ("which function downloads the content of a URL", "tests/files/code"),
    ("Where are downloads kept on disk?", "tests/files/code"),
]


@pytest.fixture(scope="module")
def pipeline(tmp_path_factory: pytest.TempPathFactory, embedder: Embedder) -> Iterator[Pipeline]:
    folder = tmp_path_factory.mktemp("code") / "index"
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(ROOT)
        report = ingest(folder, [Path(file) for file in FILES], lambda: embedder)
    assert report.skipped == []
    with closing(Pipeline.over(folder, embedder)) as opened:
        yield opened


def cited(answer: Answer) -> list[Citation]:
    return [each for sentence in answer.sentences for each in sentence.citations]


def definition_of(name: str) -> tuple[str, int]:
    """The file and the line of a name, as Python finds them."""
    last = name.removesuffix("()").rpartition(".")[2]
    for file in FILES[:-1]:
        for node in ast.walk(ast.parse((ROOT / file).read_text("utf-8"))):
            named = getattr(node, "name", None)
            if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
                named = node.targets[0].id
            if named == last:
                return file, node.lineno  # type: ignore[attr-defined]
    raise KeyError(name)


@pytest.mark.parametrize("name", IDENTIFIERS)
def test_a_bare_identifier_is_answered_with_its_definition(pipeline: Pipeline, name: str) -> None:
    file, line = definition_of(name)
    answer = pipeline.ask(name)
    assert answer.answered
    assert any(
        each.doc_id == file and each.line_start <= line <= each.line_end for each in cited(answer)
    )


@pytest.mark.parametrize(("question", "file"), QUESTIONS)
def test_a_question_in_words_finds_the_function(
    pipeline: Pipeline, question: str, file: str
) -> None:
    answer = pipeline.ask(question)
    assert answer.answered
    assert all(each.doc_id.startswith(file) for each in cited(answer))


def test_a_sentence_of_a_comment_is_quoted_with_its_signature(pipeline: Pipeline) -> None:
    answer = pipeline.ask("What limits the CPU time of a process?")
    assert [each.quote for each in cited(answer)] == [
        "def limit_cpu(seconds: int) -> None:\n"
        '    """End this process when it has used this much more CPU time."""'
    ]


def test_quotes_are_the_lines_of_the_file(pipeline: Pipeline) -> None:
    for name in IDENTIFIERS:
        for each in cited(pipeline.ask(name)):
            lines = (ROOT / each.doc_id).read_text("utf-8").split("\n")
            assert each.quote in "\n".join(lines[each.line_start - 1 : each.line_end])
