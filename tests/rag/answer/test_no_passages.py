"""If a search returns no passage, the given reason is true."""

from pathlib import Path

import pytest

from fakes import HashEmbedder
from index.backends import backend_at
from index.ingest.ingest import ingest_documents
from index.ingest.remove import remove
from index.types import Document
from rag.answer.no_passages import NO_DOCUMENTS, NO_MATCH, NO_MATCH_WITHIN, NO_TERM, NONE_PASSES
from rag.pipeline import Pipeline
from rag.results import Answer, Filter, SearchResult
from serving import serving

APPLES, BOTH, NEITHER = Filter(doc_id=["apples"]), Filter(doc_id=["*s"]), Filter(doc_id=["x"])


def library(folder: Path) -> None:
    texts = {"apples": "Apples are red.", "pears": "Pears are green."}
    documents = [Document(name, name, name, text) for name, text in texts.items()]
    ingest_documents(folder, documents, HashEmbedder())


def both_ways(pipeline: Pipeline, query: str, filter: Filter | None) -> tuple[Answer, SearchResult]:
    return pipeline.ask(query, filter=filter), pipeline.search(query, filter=filter)


@pytest.mark.parametrize(
    ("query", "filter", "reason"),
    [
        ("grapes", None, NO_MATCH),
        ("grapes", BOTH, NO_MATCH_WITHIN),
        ("pears", APPLES, NO_MATCH_WITHIN),  # the word occurs, but not in these documents
        ("pears", NEITHER, NONE_PASSES),
        ("the of?", None, NO_TERM),
        ("the of?", NEITHER, NONE_PASSES),
        ("apples", APPLES, None),
        ("red or blue", None, None),
    ],
)
def test_by_words_alone(
    tmp_path: Path, query: str, filter: Filter | None, reason: str | None
) -> None:
    library(tmp_path)
    pipeline = Pipeline(backend_at(tmp_path), None)
    for found in both_ways(pipeline, query, filter):
        assert found.reason == reason
        assert (found.passages == []) == (reason is not None)
        assert ("reason" in found.model_dump_json()) == (reason is not None)
        if isinstance(found, Answer) and reason is not None:
            assert (found.answered, found.text) == (False, reason)
    pipeline.close()


@pytest.mark.parametrize("filter", [None, APPLES, NEITHER])
def test_an_empty_index_is_the_first_reason(tmp_path: Path, filter: Filter | None) -> None:
    library(tmp_path)
    remove(tmp_path, ["apples", "pears"])
    pipeline = Pipeline.over(tmp_path, HashEmbedder())
    for found in both_ways(pipeline, "apples", filter):
        assert (found.reason, found.passages) == (NO_DOCUMENTS, [])
    pipeline.close()


def test_the_http_response_has_the_reason(tmp_path: Path) -> None:
    library(tmp_path)
    asked = {"query": "apples", "filter": {"doc_id": ["x"]}}
    with serving(Pipeline.over(tmp_path, HashEmbedder())) as client:
        assert client.post("/v1/search", json=asked).json()["reason"] == NONE_PASSES
        answer = client.post("/v1/ask", json=asked).json()
        assert (answer["reason"], answer["text"]) == (NONE_PASSES, NONE_PASSES)
        assert "reason" not in client.post("/v1/ask", json={"query": "apples"}).json()
