"""Citations are checked over HTTP in the documents that the index has now."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from api.problems import MEDIA_TYPE
from fakes import HashEmbedder
from index.documents.load import document_of
from index.ingest.ingest import ingest_documents
from rag.pipeline import Pipeline
from serving import serving, until

RIVER = "The Aare is 288 km long.\n\nIt rises in the Alps.\n"
MILL = "The mill has twelve turbines.\n\nThe mill was built in 1899.\n"
ROUTE = "/v1/citations/verify"


def add(folder: Path, **texts: str) -> None:
    documents = [
        document_of(text, doc_id, media_type="text/plain", name=doc_id)
        for doc_id, text in texts.items()
    ]
    ingest_documents(folder, documents, HashEmbedder())


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    add(tmp_path, river=RIVER, mill=MILL)
    return tmp_path


@pytest.fixture
def client(folder: Path) -> Iterator[httpx.Client]:
    with serving(Pipeline.over(folder, HashEmbedder())) as client:
        yield client


def cited(client: httpx.Client) -> list[dict[str, Any]]:
    """The citations of a search, as the service sends them."""
    body = {"query": "turbines of the mill, the Aare in the Alps", "k": 10}
    passages = client.post("/v1/search", json=body).json()["passages"]
    return [passage["citation"] for passage in passages]


def verified(client: httpx.Client, citations: list[dict[str, Any]]) -> dict[str, Any]:
    response = client.post(ROUTE, json={"citations": citations})
    assert response.status_code == 200, response.text
    reply: dict[str, Any] = response.json()
    return reply


def test_citations_of_a_search_are_valid_as_they_are(client: httpx.Client) -> None:
    citations = cited(client)
    assert {each["doc_id"] for each in citations} == {"river", "mill"}
    reply = verified(client, [*citations, *reversed(citations)])
    assert reply["valid"]
    for citation, verdict in zip(
        [*citations, *reversed(citations)], reply["verdicts"], strict=True
    ):
        assert (verdict["status"], verdict["document_changed"]) == ("valid", False)
        for name in ("doc_id", "start", "end", "line_start", "line_end"):
            assert verdict[name] == citation[name]


def test_after_an_ingest_each_citation_is_checked_in_the_new_document(
    folder: Path, client: httpx.Client
) -> None:
    aare, alps = RIVER.splitlines()[::2]
    twelve, built = MILL.splitlines()[::2]
    citations = [
        {"doc_id": "mill", "start": MILL.index(built), "end": len(MILL) - 1, "quote": built},
        {"doc_id": "river", "start": 0, "end": len(aare), "quote": aare},
        {"doc_id": "river", "start": RIVER.index(alps), "end": len(RIVER) - 1, "quote": alps},
        {"doc_id": "mill", "start": 0, "end": len(twelve), "quote": twelve},
        {"doc_id": "lake", "start": 0, "end": 1, "quote": "x"},
    ]
    changed = RIVER.replace("288", "292")
    generation = client.get("/readyz").json()["generation"]
    add(folder, river=changed, mill=f"{built}\n")
    until(lambda: client.get("/readyz").json()["generation"] > generation)
    reply = verified(client, citations)
    assert not reply["valid"]
    verdicts = reply["verdicts"]
    assert [each["status"] for each in verdicts] == ["moved", "changed", "valid", "gone", "gone"]
    assert (verdicts[0]["start"], verdicts[0]["end"]) == (0, len(built))
    assert verdicts[1]["text"] == changed[: len(aare)]
    # By hand: 22 of 24 characters are left, in order, of two texts of 24.
    assert verdicts[1]["similarity"] == pytest.approx(22 / 24)
    assert [each["document_changed"] for each in verdicts] == [None] * 5


CITATION = {"doc_id": "river", "start": 0, "end": 3, "quote": "The"}


@pytest.mark.parametrize(
    ("body", "location"),
    [
        ({}, "citations"),
        ({"citations": []}, "citations"),
        ({"citations": [CITATION] * 101}, "citations"),
        ({"citations": [CITATION], "k": 1}, "k"),
        ({"citations": [CITATION | {"quote": ""}]}, "citations.0.quote"),
        ({"citations": [CITATION, CITATION | {"start": -1}]}, "citations.1.start"),
        ({"citations": [CITATION | {"start": "0"}]}, "citations.0.start"),
        ({"citations": [CITATION | {"prefix": "x" * 1001}]}, "citations.0.prefix"),
        ({"citations": [{"doc_id": "river", "quote": "The", "end": 3}]}, "citations.0.start"),
    ],
)
def test_an_invalid_request_is_refused_with_the_field(
    client: httpx.Client, body: dict[str, Any], location: str
) -> None:
    response = client.post(ROUTE, json=body)
    assert response.status_code == 422
    assert response.headers["content-type"] == MEDIA_TYPE
    reply = response.json()
    assert reply["type"] == "/problems/invalid-request"
    assert reply["errors"][0]["location"] == location


@pytest.mark.parametrize("name", ["doc_id", "quote", "prefix"])
def test_a_text_that_is_not_unicode_is_refused(client: httpx.Client, name: str) -> None:
    body = b'{"citations": [{"doc_id": "river", "start": 0, "end": 3, "quote": "The"}]}'
    other = b'{"citations": [{"%s": "\\ud800", "start": 0, "end": 3, "x": "' % name.encode()
    missing = b'", ' + b", ".join(
        b'"%s": "The"' % each for each in (b"doc_id", b"quote") if each.decode() != name
    )
    headers = {"Content-Type": "application/json"}
    assert client.post(ROUTE, content=body, headers=headers).status_code == 200
    response = client.post(ROUTE, content=other + missing + b"}]}", headers=headers)
    assert response.status_code == 422
    assert response.json()["errors"][0]["location"] == f"citations.0.{name}"


def test_offsets_beyond_the_document_are_no_error(client: httpx.Client) -> None:
    far = {"doc_id": "river", "start": 10**15, "end": 10**15 + 3, "quote": "288"}
    reversed_ends = CITATION | {"start": 3, "end": 0}
    reply = verified(client, [far, reversed_ends])
    assert [each["status"] for each in reply["verdicts"]] == ["moved", "moved"]
    assert reply["verdicts"][0]["start"] == RIVER.index("288")
