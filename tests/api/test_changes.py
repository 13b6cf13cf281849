"""Documents are put, changed and removed over HTTP, with the real model, on a real port."""

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from hashlib import sha256
from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx
import pytest

from api.writing.writes import Writing
from fakes import HashEmbedder
from index.backends import backend_at
from index.ingest.ingest import ingest_documents
from index.protocols import Embedder
from index.types import Document
from pdf_files import PdfPage, lines_of, pdf_of
from rag.pipeline import Pipeline
from serving import serving

JSON = {"content-type": "application/json"}
MARKDOWN = b"""---
author: Noor
---
# The mill

The mill by the river grinds barley in October.
"""
HTML = b"""<html><head><title>Ferry</title></head><body><nav>Home Next</nav><main><h1>Ferry</h1>
<p>The ferry to the island leaves at seven.</p></main></body></html>"""


def pdf(text: str) -> bytes:
    return pdf_of([PdfPage(lines_of(text))])


def waiting(client: httpx.Client) -> httpx.Client:
    """The same client, whose changes wait until they are made, however busy the machine is."""

    def wait(request: httpx.Request) -> None:
        path = request.url.path
        if request.method in ("PUT", "PATCH", "DELETE") or (
            request.method == "POST" and path == "/v1/documents"
        ):
            request.url = request.url.copy_merge_params({"wait": "true"})

    client.event_hooks["request"] = [wait]
    return client


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory, embedder: Embedder) -> Iterator[httpx.Client]:
    """A client of a writable server with the real model over an index that was empty."""
    index = tmp_path_factory.mktemp("put") / "index"
    ingest_documents(index, [], embedder)
    writing = Writing(backend_at(index), embedder, index)
    with serving(Pipeline.over(index, embedder), writing=writing) as client:
        yield waiting(client)


@pytest.fixture
def small(tmp_path: Path) -> Iterator[httpx.Client]:
    """A client of a writable server with the fake model over an index of one document."""
    index = tmp_path / "index"
    apples = Document("apples", "apples", "Apples", "All about apples.")
    ingest_documents(index, [apples], HashEmbedder())
    writing = Writing(backend_at(index), HashEmbedder(), index, body_bytes=100_000)
    with serving(Pipeline.over(index, HashEmbedder()), writing=writing) as client:
        yield waiting(client)


def path_of(doc_id: str) -> str:
    return f"/v1/documents/{quote(doc_id, safe='')}"


def ids_of(client: httpx.Client) -> list[str]:
    return [each["doc_id"] for each in client.get("/v1/documents").json()["documents"]]


def put_text(client: httpx.Client, doc_id: str, text: str, **headers: str) -> httpx.Response:
    return client.put(path_of(doc_id), json={"text": text}, headers=headers)


# Put, find, change, remove


@pytest.mark.parametrize(
    ("doc_id", "content", "question", "quoted"),
    [
        ("notes/lamp.txt", b"The lighthouse lamp burns whale oil.", "What oil burns?", "whale oil"),
        ("notes/mill.md", MARKDOWN, "When does the mill grind barley?", "in October"),
        ("ferry.html", HTML, "When does the ferry leave?", "leaves at seven"),
        ("bell.pdf", pdf("The bell tower rings twice at noon."), "When does it ring?", "noon"),
    ],
)
def test_a_document_is_put_found_cited_changed_and_removed(
    client: httpx.Client, doc_id: str, content: bytes, question: str, quoted: str
) -> None:
    put = client.put(path_of(doc_id), content=content)
    assert (put.status_code, put.json()["result"]) == (201, "created")
    assert put.headers["location"] == path_of(doc_id)
    body = {"query": question, "filter": {"doc_id": [doc_id]}}
    found = client.post("/v1/search", json=body).json()
    assert found["generation"] >= put.json()["generation"]
    citation = found["passages"][0]["citation"]
    assert quoted in citation["quote"]
    text = client.get(f"{path_of(doc_id)}/text").json()["text"]
    assert text[citation["start"] : citation["end"]] == citation["quote"]
    assert (
        sha256(text.encode()).hexdigest() == citation["sha256"] == put.json()["document"]["sha256"]
    )

    patched = client.patch(path_of(doc_id), json={"metadata": {"shelf": 7, "author": None}})
    assert (patched.status_code, patched.json()["result"]) == (200, "changed")
    shown = client.get(path_of(doc_id))
    assert shown.json() == patched.json()["document"]
    assert shown.json()["metadata"]["shelf"] == "7"
    assert "author" not in shown.json()["metadata"]
    assert client.get(f"{path_of(doc_id)}/text").json()["text"] == text
    where = {"query": question, "filter": {"where": "shelf = 7"}}
    assert client.post("/v1/search", json=where).json()["passages"][0]["citation"] == citation

    removed = client.delete(path_of(doc_id))
    assert (removed.status_code, removed.json()["doc_id"]) == (200, doc_id)
    assert client.get(path_of(doc_id)).status_code == 404
    assert not client.post("/v1/search", json=body).json()["passages"]
    assert client.delete(path_of(doc_id)).status_code == 404


def test_the_same_put_again_changes_nothing_and_says_so(small: httpx.Client) -> None:
    first = small.put("/v1/documents/a.md", content=MARKDOWN)
    second = small.put("/v1/documents/a.md", content=MARKDOWN)
    assert [first.json()["result"], second.json()["result"]] == ["created", "unchanged"]
    assert second.status_code == 200
    assert first.json()["generation"] == second.json()["generation"]
    assert first.headers["etag"] == second.headers["etag"]
    assert first.json()["document"] == second.json()["document"]
    as_json = {"text": MARKDOWN.decode()}
    assert small.put("/v1/documents/a.md", json=as_json).json()["result"] == "unchanged"


def test_a_put_after_a_patch_restores_the_metadata_of_the_file(small: httpx.Client) -> None:
    before = small.put("/v1/documents/a.md", content=MARKDOWN)
    assert before.json()["document"]["metadata"] == {"author": "Noor"}
    patched = small.patch("/v1/documents/a.md", json={"metadata": {"author": "Zoë"}})
    assert patched.headers["etag"] != before.headers["etag"]
    again = small.put("/v1/documents/a.md", content=MARKDOWN)
    assert again.json()["result"] == "replaced"
    assert again.headers["etag"] == before.headers["etag"]


def test_only_a_request_chooses_the_collection_and_its_name_is_checked(small: httpx.Client) -> None:
    content = "---\ncollection: theirs\n---\nThe mill.\n"
    put = small.put("/v1/documents/c.md", content=content)
    assert put.json()["document"]["metadata"] == {}
    refused = small.patch("/v1/documents/c.md", json={"metadata": {"collection": "My Stuff"}})
    assert refused.status_code == 422
    assert "is not a name of a collection" in refused.json()["detail"]
    patched = small.patch("/v1/documents/c.md", json={"metadata": {"collection": "mills"}})
    assert patched.json()["document"]["metadata"] == {"collection": "mills"}


def test_a_patch_that_changes_nothing_says_so(small: httpx.Client) -> None:
    small.put("/v1/documents/a.md", content=MARKDOWN)
    patched = small.patch("/v1/documents/a.md", json={"metadata": {"author": "Noor", "no": None}})
    assert patched.json()["result"] == "unchanged"
    merge_patch = {"content-type": "application/merge-patch+json"}
    body = json.dumps({"metadata": {"tags": ["mill", "river"], "draft": True}})
    patched = small.patch("/v1/documents/a.md", content=body, headers=merge_patch)
    surrogate = small.patch(
        "/v1/documents/a.md", content=rb'{"metadata": {"a": "\ud800"}}', headers=JSON
    )
    assert surrogate.status_code == 422
    assert patched.json()["document"]["metadata"] == {
        "author": "Noor",
        "tags": "mill, river",
        "draft": "true",
    }
    assert small.patch("/v1/documents/none", json={"metadata": {}}).status_code == 404


def test_json_sets_title_type_and_metadata(small: httpx.Client) -> None:
    body = {
        "text": "# Hours\r\n\r\nThe library opens at nine.",
        "title": "Opening hours",
        "media_type": "text/markdown",
        "metadata": {"year": 2024, "tags": ["a", "b"]},
    }
    document = small.put("/v1/documents/hours", json=body).json()["document"]
    assert (document["title"], document["media_type"]) == ("Opening hours", "text/markdown")
    assert document["metadata"] == {"year": "2024", "tags": "a, b"}
    text = small.get("/v1/documents/hours/text").json()["text"]
    assert text == "# Hours\n\nThe library opens at nine."


# The type of a document


@pytest.mark.parametrize(
    ("doc_id", "content_type", "media_type"),
    [
        ("a.txt", "text/markdown", "text/markdown"),
        ("a.md", "text/plain; charset=utf-8", "text/plain"),
        ("a", "text/x-markdown", "text/markdown"),
        ("a.md", "application/octet-stream", "text/markdown"),
        ("a.md", "application/x-www-form-urlencoded", "text/markdown"),
        ("a.md", None, "text/markdown"),
    ],
)
def test_content_type_decides_the_format_and_else_the_extension(
    small: httpx.Client, doc_id: str, content_type: str | None, media_type: str
) -> None:
    headers = {} if content_type is None else {"content-type": content_type}
    put = small.put(path_of(doc_id), content=b"# Pears\n\nSome pears.", headers=headers)
    assert put.json()["document"]["media_type"] == media_type


def test_a_charset_is_used(small: httpx.Client) -> None:
    headers = {"content-type": "text/plain; charset=iso-8859-5"}
    text = "Мельница у реки."
    small.put("/v1/documents/a", content=text.encode("iso-8859-5"), headers=headers)
    assert small.get("/v1/documents/a/text").json()["text"] == text


@pytest.mark.parametrize(
    ("doc_id", "body", "status", "words"),
    [
        (
            "a.png",
            {"content": b"x", "headers": {"content-type": "image/png"}},
            415,
            "text/markdown",
        ),
        ("a", {"content": b"x"}, 415, "application/json"),
        ("a.txt", {"content": b"x", "headers": {"content-encoding": "gzip"}}, 415, "compression"),
        ("a.txt", {"content": b"x", "headers": {"content-range": "bytes 0-1/9"}}, 400, "whole"),
        ("a.txt", {"content": b""}, 422, "empty"),
        ("a.txt", {"content": b"\0\1\2"}, 422, "a.txt: binary"),
        ("a.pdf", {"content": b"%PDF-1.4 broken"}, 422, "a.pdf: "),
        ("a", {"json": {"text": " "}}, 422, "empty"),
        ("a", {"json": {"text": "x", "tilte": "X"}}, 422, "tilte: is unknown"),
        ("a", {"json": {"text": "x", "media_type": "application/pdf"}}, 422, "the file itself"),
        ("a", {"json": {"text": "x", "media_type": "text/none"}}, 415, "text/none"),
        ("a", {"json": {"text": "x", "metadata": {"a": {"b": 1}}}}, 422, "metadata.a"),
        ("a", {"json": [1]}, 422, "object"),
        ("a", {"content": rb'{"text": "x\ud800"}', "headers": JSON}, 422, "valid Unicode"),
        (
            "a",
            {"content": rb'{"text": "x", "title": "\udfff"}', "headers": JSON},
            422,
            "valid Unicode",
        ),
        (
            "a",
            {"content": rb'{"text": "x", "metadata": {"\ud800": "y"}}', "headers": JSON},
            422,
            "valid Unicode",
        ),
        ("a", {"content": b'{"text": "a", "text": "b"}', "headers": JSON}, 400, "twice"),
        ("a", {"content": b"{", "headers": JSON}, 400, "JSON"),
        ("a", {"files": {"f": ("a.txt", b"x")}}, 415, "POST"),
        ("", {"json": {"text": "x"}}, 422, "id is empty"),
        ("a" * 4097, {"json": {"text": "x"}}, 422, "4,096"),
    ],
)
def test_a_bad_put_says_what_to_do_and_changes_nothing(
    small: httpx.Client, doc_id: str, body: dict[str, Any], status: int, words: str
) -> None:
    response = small.put(path_of(doc_id), **body)
    assert response.headers["content-type"] == "application/problem+json"
    assert (response.status_code, response.json()["status"]) == (status, status)
    assert words in response.json()["detail"]
    assert ids_of(small) == ["apples"]


@pytest.mark.parametrize(
    "doc_id",
    [
        "notes/text",
        "/srv/papers/a.txt",
        "with space + and &.txt",
        "100%.txt",
        "%41.txt",
        "what?.md",
        "a#b.md",
        "日本語/é😀.md",
        "e\u0301.md",
        'quotes"and\\backslash',
        "tab\tand\nnewline",
    ],
)
def test_an_id_can_have_any_character(small: httpx.Client, doc_id: str) -> None:
    put = put_text(small, doc_id, f"About {doc_id}.")
    assert put.json()["document"]["doc_id"] == doc_id
    located = small.get(put.headers["location"])
    assert located.json()["doc_id"] == doc_id
    assert located.headers["etag"] == put.headers["etag"]
    assert small.delete(path_of(doc_id)).json()["doc_id"] == doc_id
    assert ids_of(small) == ["apples"]


def test_ids_that_are_not_utf8_and_paths_of_texts_are_refused(small: httpx.Client) -> None:
    bad = small.put("/v1/documents/%FF", json={"text": "x"})
    assert (bad.status_code, bad.json()["type"]) == (422, "/problems/bad-input")
    assert "UTF-8" in bad.json()["detail"]
    text = small.put("/v1/documents/apples/text", json={"text": "x"})
    assert (text.status_code, "%2F" in text.json()["detail"]) == (422, True)
    assert ids_of(small) == ["apples"]


# ETags


def test_if_match_and_if_none_match_are_conditions_of_changes(small: httpx.Client) -> None:
    created = put_text(small, "a", "One.", **{"if-none-match": "*"})
    etag = created.headers["etag"]
    assert created.status_code == 201
    assert small.get("/v1/documents/a").headers["etag"] == etag
    for headers in (
        {"if-none-match": "*"},
        {"if-none-match": etag},
        {"if-match": '"other"'},
        {"if-match": f"W/{etag}"},
    ):
        refused = put_text(small, "a", "Two.", **headers)
        assert refused.status_code == 412, headers
        assert refused.json()["type"] == "/problems/precondition-failed"
    assert put_text(small, "b", "Two.", **{"if-match": "*"}).status_code == 412
    malformed = put_text(small, "a", "Two.", **{"if-match": etag.strip('"')})
    assert (malformed.status_code, "quotes" in malformed.json()["detail"]) == (422, True)
    replaced = put_text(small, "a", "Two.", **{"if-match": f'"other", {etag}'})
    assert replaced.json()["result"] == "replaced"
    old = {"if-match": etag}
    assert small.patch("/v1/documents/a", json={"metadata": {}}, headers=old).status_code == 412
    assert small.delete("/v1/documents/a", headers=old).status_code == 412
    new = {"if-match": replaced.headers["etag"]}
    assert small.delete("/v1/documents/a", headers=new).status_code == 200


def test_get_with_the_known_etag_is_not_modified(small: httpx.Client) -> None:
    etag = small.get("/v1/documents/apples").headers["etag"]
    same = small.get("/v1/documents/apples", headers={"if-none-match": f"W/{etag}"})
    assert (same.status_code, same.content, same.headers["etag"]) == (304, b"", etag)
    other = small.get("/v1/documents/apples", headers={"if-none-match": '"other"'})
    assert other.status_code == 200


def test_of_concurrent_puts_with_one_etag_exactly_one_wins(small: httpx.Client) -> None:
    etag = put_text(small, "a", "Version 0.").headers["etag"]
    for round_ in range(3):
        texts = [f"Version {round_}, writer {n}." for n in range(8)]
        put = partial(put_text, small, "a", **{"if-match": etag})
        with ThreadPoolExecutor(8) as threads:
            replies = list(threads.map(put, texts))
        won = [n for n, reply in enumerate(replies) if reply.status_code == 200]
        assert [reply.status_code for reply in replies].count(412) == 7
        assert small.get("/v1/documents/a/text").json()["text"] == texts[won[0]]
        etag = replies[won[0]].headers["etag"]


def test_acknowledged_puts_of_many_clients_are_all_there(small: httpx.Client) -> None:
    def put(n: int) -> int:
        generation: int = put_text(small, f"d{n}", f"Number {n}.").json()["generation"]
        found = small.post("/v1/search", json={"query": f"Number {n}", "k": 1}).json()
        assert found["generation"] >= generation
        assert small.get(f"/v1/documents/d{n}").status_code == 200
        return generation

    with ThreadPoolExecutor(8) as threads:
        generations = list(threads.map(put, range(40)))
    assert sorted(ids_of(small)) == sorted(["apples", *(f"d{n}" for n in range(40))])
    assert len(set(generations)) < 40  # some were published together


# Several files


def test_a_broken_file_of_an_upload_costs_only_itself(small: httpx.Client) -> None:
    small.put("/v1/documents/broken.pdf", content=pdf("An older version."))
    files = [
        ("f", ("docs/one.md", MARKDOWN)),
        ("f", ("broken.pdf", b"%PDF-1.4 broken")),
        ("f", ("picture.png", b"\x89PNG")),
        ("g", ("zwei ü.txt", "Die Brücke.".encode())),
    ]
    reply = small.post("/v1/documents", files=files)
    assert reply.status_code == 207
    told = reply.json()
    assert told["n_failed"] == 2
    assert [(each["doc_id"], each["status"], each["result"]) for each in told["files"]] == [
        ("docs/one.md", 201, "created"),
        ("broken.pdf", 422, "failed"),
        ("picture.png", 415, "failed"),
        ("zwei ü.txt", 201, "created"),
    ]
    assert told["files"][1]["problem"]["detail"].startswith("broken.pdf: ")
    text = small.get("/v1/documents/broken.pdf/text").json()["text"]
    assert "An older version." in text
    assert ids_of(small) == ["apples", "broken.pdf", "docs/one.md", "zwei ü.txt"]
    again = small.post("/v1/documents", files=[files[0], files[3]])
    assert again.status_code == 200
    assert {each["result"] for each in again.json()["files"]} == {"unchanged"}


@pytest.mark.parametrize(
    ("body", "status", "words"),
    [
        ({"json": {"text": "x"}}, 415, "curl -F"),
        ({"files": [("f", ("a.txt", b"x")), ("g", ("a.txt", b"y"))]}, 422, "a.txt"),
        ({"files": [("f", (f"{n}.txt", b"x")) for n in range(101)]}, 422, "100"),
        ({"content": b"x", "headers": {"content-type": "multipart/form-data"}}, 400, "boundary"),
        (
            {"content": b"x", "headers": {"content-type": "multipart/form-data; boundary=b"}},
            400,
            "form",
        ),
    ],
)
def test_a_bad_upload_says_what_to_do_and_changes_nothing(
    small: httpx.Client, body: dict[str, Any], status: int, words: str
) -> None:
    response = small.post("/v1/documents", **body)
    assert (response.status_code, words in response.json()["detail"]) == (status, True)
    assert ids_of(small) == ["apples"]


# Off by default


def test_without_the_setting_every_change_is_forbidden_and_says_why(tmp_path: Path) -> None:
    index = tmp_path / "index"
    ingest_documents(index, [Document("a", "a", "A", "All about a.")], HashEmbedder())
    with serving(Pipeline.over(index, HashEmbedder())) as client:
        replies = [
            client.put("/v1/documents/b", json={"text": "x"}),
            client.put("/v1/documents/b.txt", content=b"x" * 300_000),
            client.patch("/v1/documents/a", json={"metadata": {}}),
            client.delete("/v1/documents/a"),
            client.post("/v1/documents", files={"f": ("b.txt", b"x")}),
            client.get("/v1/jobs/0"),
        ]
        assert ids_of(client) == ["a"]
    assert [reply.status_code for reply in replies] == [403] * 6
    assert all("rag serve --writable" in reply.json()["detail"] for reply in replies)
    assert not (index / "jobs").exists()


def test_a_page_of_another_site_cannot_change_documents(small: httpx.Client) -> None:
    reply = put_text(small, "a", "x", origin="https://evil.example")
    assert reply.status_code == 403
    assert ids_of(small) == ["apples"]
