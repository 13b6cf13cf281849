"""An answer is a unit of meaning: questions about small documents, with the real model."""

from itertools import pairwise
from pathlib import Path

import pytest

from index.documents.load import document_of
from index.ingest.ingest import ingest_documents
from index.protocols import Embedder
from rag.pipeline import Pipeline
from rag.results import Answer
from small_documents import ABSENT, ECHOES, EXACT, LINES, SUBJECTS, Case

CASES = [
    pytest.param(case, id=f"{kind}-{number}")
    for kind, cases in (
        ("exact", EXACT),
        ("echo", ECHOES),
        ("subject", SUBJECTS),
        ("absent", ABSENT),
        ("lines", LINES),
    )
    for number, case in enumerate(cases, 1)
]


class Library:
    """A pipeline for each document, created once."""

    def __init__(self, folder: Path, embedder: Embedder) -> None:
        self._folder = folder
        self._embedder = embedder
        self._pipelines: dict[str, Pipeline] = {}

    def ask(self, document: str, question: str) -> Answer:
        if document not in self._pipelines:
            folder = self._folder / str(len(self._pipelines))
            media_type = "text/markdown" if document.startswith("# ") else "text/plain"
            name = "notes.md" if media_type == "text/markdown" else "notes.txt"
            document_ = document_of(document, name, media_type=media_type, name=name)
            ingest_documents(folder, [document_], self._embedder)
            self._pipelines[document] = Pipeline.over(folder, self._embedder)
        return self._pipelines[document].ask(question)


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory, embedder: Embedder) -> Library:
    return Library(tmp_path_factory.mktemp("library"), embedder)


def flat(text: str) -> str:
    return " ".join(text.split()).casefold()


@pytest.mark.parametrize("case", CASES)
def test_the_answer_has_what_the_question_needs_and_nothing_else(
    library: Library, case: Case
) -> None:
    answer = library.ask(case.document, case.question)
    assert answer.answered == (case.says is not None), answer.text
    said = flat(answer.text)
    assert [part for part in case.says or () if flat(part) not in said] == [], answer.text
    assert [part for part in case.leaves_out if flat(part) in said] == [], answer.text


@pytest.mark.parametrize("case", CASES)
def test_every_citation_is_its_slice_of_the_document(library: Library, case: Case) -> None:
    for sentence in library.ask(case.document, case.question).sentences:
        quotes = [case.document[each.start : each.end] for each in sentence.citations]
        assert quotes == [each.quote for each in sentence.citations]
        assert sentence.text == "\n".join(quotes)
        ends = [(each.start, each.end) for each in sentence.citations]
        assert ends == sorted(ends)
        assert all(a[1] <= b[0] for a, b in pairwise(ends))
