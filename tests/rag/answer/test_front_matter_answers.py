"""Front matter is searched, but it is never an answer."""

from collections.abc import Iterator
from contextlib import closing

import pytest

from index.documents.formats import MARKDOWN, PLAIN_TEXT
from index.documents.front_matter import end_of_front_matter
from index.documents.load import document_of
from index.ingest.ingest import ingest_documents
from index.protocols import Embedder
from rag.pipeline import Pipeline

TEXT = "---\ntitle: Ferry timetable\nauthor: Ada Holm\n---\n# Times\n\nThe ferry leaves at nine.\n"


@pytest.fixture(scope="module")
def pipeline(tmp_path_factory: pytest.TempPathFactory, embedder: Embedder) -> Iterator[Pipeline]:
    folder = tmp_path_factory.mktemp("ferry")
    ingest_documents(folder, [document_of(TEXT, "f.md", media_type=MARKDOWN, name="f")], embedder)
    with closing(Pipeline.over(folder, embedder)) as opened:
        yield opened


@pytest.mark.parametrize("question", ["Ferry timetable", "title", "Who is the author?"])
def test_no_answer_quotes_the_front_matter(pipeline: Pipeline, question: str) -> None:
    answer = pipeline.ask(question)
    end = TEXT.index("# Times")
    assert all(each.start >= end for part in answer.sentences for each in part.citations)


def test_the_text_after_it_is_an_answer_and_it_is_found(pipeline: Pipeline) -> None:
    assert pipeline.ask("When does the ferry leave?").text == "The ferry leaves at nine."
    starts = {passage.citation.start for passage in pipeline.search("Ada Holm", 5).passages}
    assert 0 in starts


def test_where_it_ends() -> None:
    assert end_of_front_matter(TEXT, MARKDOWN) == TEXT.index("# Times")
    assert end_of_front_matter(TEXT, PLAIN_TEXT) == 0
    assert end_of_front_matter("# Times\n\n---\na: b\n---\n", MARKDOWN) == 0
