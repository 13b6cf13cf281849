"""Search and read over HTTP, with the real model, on a real port."""

import json
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.problems import MEDIA_TYPE, PROBLEM_KINDS, slug_of
from command import ROOT
from fakes import HashEmbedder
from index import errors
from index.ingest.ingest import ingest_documents
from index.protocols import Embedder
from index.types import Document, QueryEncoding
from rag.answer.why.expected import Expected
from rag.answer.why.result import Why
from rag.pipeline import Pipeline
from rag.results import (
    DEFAULT_K,
    MAX_K,
    MAX_QUERY_CHARACTERS,
    Answer,
    Filter,
    SearchResult,
    to_json,
)
from serving import serving, until

QUESTION = "What share of Afghanistan's GDP came from foreign aid before the takeover?"
TWO_PARTS = "Who keeps a presence in the country, and what do international organizations warn of?"
ARTICLE = "seeds/000_7140c98bc3163d31.txt"
TEXT = (ROOT / ARTICLE).read_bytes().decode()

ODD_IDS = [
    "notes",
    "notes/text",
    "notes/text/text",
    "text",
    "/srv/papers/a.txt",
    "with space and + and &.txt",
    "100%.txt",
    "%41.txt",
    "what?.md",
    "a#b.md",
    "日本語/é😀.md",
    "e\u0301.md",
    'quotes"and\\backslash',
    "semi;colon=1",
    "tab\tand\nnewline",
    "text\n/text\n",
]
ODD_TEXT = "Zoë 😀 said “é” – e\u0301.\nA second line."


@pytest.fixture(scope="module")
def pipeline(seeds_index: Path, embedder: Embedder) -> Pipeline:
    return Pipeline.over(seeds_index, embedder)


@pytest.fixture(scope="module")
def client(pipeline: Pipeline) -> Iterator[httpx.Client]:
    """A client of a server over the seed article."""
    with serving(pipeline) as client:
        yield client


@pytest.fixture(scope="module")
def odd(tmp_path_factory: pytest.TempPathFactory) -> Iterator[httpx.Client]:
    """A client of a server over documents whose ids are hard to write in a path."""
    folder = tmp_path_factory.mktemp("odd") / "index"
    documents = [
        Document(
            doc_id, f"from {doc_id}", doc_id.upper(), f"{ODD_TEXT} {doc_id}", metadata={"n": "1"}
        )
        for doc_id in ODD_IDS
    ]
    ingest_documents(folder, documents, HashEmbedder())
    with serving(Pipeline.over(folder, HashEmbedder())) as client:
        yield client


def problem(response: httpx.Response, status: int, type: str) -> dict[str, Any]:
    """Return the problem in a response, after checks of its status and type."""
    assert response.headers["content-type"] == MEDIA_TYPE
    reply: dict[str, Any] = response.json()
    assert (response.status_code, reply["status"], reply["type"]) == (
        status,
        status,
        type,
    ), reply
    assert reply["title"]
    assert reply["detail"]
    assert reply["instance"] == response.request.url.raw_path.decode().partition("?")[0]
    return reply


def search(client: httpx.Client, **asked: Any) -> httpx.Response:
    return post(client, asked)


def post(client: httpx.Client, body: object, route: str = "/v1/search") -> httpx.Response:
    """Send a body unchanged. Unlike httpx's JSON, this can contain a lone surrogate."""
    headers = {"Content-Type": "application/json"}
    return client.post(route, content=json.dumps(body), headers=headers)


both_routes = pytest.mark.parametrize("route", ["/v1/search", "/v1/ask"])


# Questions


def test_the_best_passage_for_the_seed_question_contains_the_figure(client: httpx.Client) -> None:
    result = SearchResult.model_validate_json(search(client, query=QUESTION).content)
    assert "43%" in result.passages[0].text
    assert "43%" in result.passages[0].highlight.quote
    assert [passage.rank for passage in result.passages] == list(range(1, DEFAULT_K + 1))
    assert (result.query, result.generation) == (QUESTION, 1)


def test_every_citation_is_verified_by_the_served_text(client: httpx.Client) -> None:
    for passage in search(client, query=QUESTION, k=MAX_K).json()["passages"]:
        citation = passage["citation"]
        path = f"/v1/documents/{quote(citation['doc_id'], safe='')}/text"
        span = {"start": citation["start"], "end": citation["end"]}
        part = client.get(path, params=span).json()
        whole = client.get(path).json()
        assert part["text"] == citation["quote"] == passage["text"]
        assert whole["text"][citation["start"] : citation["end"]] == citation["quote"]
        assert sha256(whole["text"].encode()).hexdigest() == citation["sha256"] == part["sha256"]


@both_routes
@pytest.mark.parametrize(
    "asked",
    [
        {"query": QUESTION},
        {"query": TWO_PARTS, "k": 10, "merge": True, "explain": True},
        {"query": 'Wer ist’s? 😀\n\t"quoted" \\', "k": 1},
        {"query": QUESTION, "k": 3, "filter": {"doc_id": ["seeds/*"]}},
        {"query": QUESTION, "filter": {"media_type": ["text/markdown"]}},
        {"query": "q" * MAX_QUERY_CHARACTERS, "k": MAX_K},
    ],
)
def test_the_body_is_the_json_of_the_pipeline(
    client: httpx.Client, pipeline: Pipeline, route: str, asked: dict[str, Any]
) -> None:
    response = post(client, asked, route)
    assert response.status_code == 200
    assert response.headers["content-type"] == "application/json"
    find = pipeline.ask if route == "/v1/ask" else pipeline.search
    expected = find(
        asked["query"],
        asked.get("k", DEFAULT_K),
        Filter(**asked["filter"]) if "filter" in asked else None,
        explain=asked.get("explain", False),
        merge=asked.get("merge", False),
    )
    took_ms = type(expected).model_validate_json(response.content).took_ms
    assert response.text == to_json(expected.model_copy(update={"took_ms": took_ms}))


def test_every_sentence_of_an_answer_is_verified_by_the_served_text(
    odd: httpx.Client,
) -> None:
    """The model has no calibration, so every result is stated as an answer."""
    asked = {"query": "Who is Zoë, and what is a second line?", "k": 1}
    answer = Answer.model_validate_json(post(odd, asked, "/v1/ask").content)
    assert answer.answered
    assert [sentence.question for sentence in answer.sentences] == asked["query"].split(", and ")  # type: ignore[attr-defined]
    for cited in (sentence.citation for sentence in answer.sentences):
        path = f"/v1/documents/{quote(cited.doc_id, safe='')}/text"
        part = odd.get(path, params={"start": cited.start, "end": cited.end}).json()
        assert (part["text"], part["sha256"]) == (cited.quote, cited.sha256)
        assert any(passage.citation.doc_id == cited.doc_id for passage in answer.passages)


def test_merging_joins_neighbours_and_loses_no_text(client: httpx.Client) -> None:
    apart, merged = (
        search(client, query=QUESTION, k=MAX_K, merge=merge, explain=True).json()["passages"]
        for merge in (False, True)
    )
    # All passages of the article are results, so all have neighbours.
    assert len(apart) > len(merged) == 1
    citations = [passage["citation"] for passage in apart]
    assert merged[0]["citation"]["start"] == min(each["start"] for each in citations)
    assert merged[0]["citation"]["end"] == max(each["end"] for each in citations)
    assert merged[0]["score"] == apart[0]["score"]
    assert merged[0]["highlight"] == apart[0]["highlight"]
    places = [(each["start"], each["end"]) for each in merged[0]["explanation"]["merged"]]
    assert places == sorted((each["start"], each["end"]) for each in citations)


def test_a_filter_returns_only_its_documents(odd: httpx.Client) -> None:
    within = {"doc_id": ["notes", "*.md"]}
    result = search(odd, query="a second line", k=MAX_K, filter=within).json()["passages"]
    # The documents differ only in their ids, so most are listed as duplicates of others.
    shown = [[passage["citation"], *passage.get("duplicates", [])] for passage in result]
    ids = [each["doc_id"] for places in shown for each in places]
    assert len(ids) == len(set(ids))
    assert set(ids) == {"notes"} | {doc_id for doc_id in ODD_IDS if doc_id.endswith(".md")}
    for nothing in ({"media_type": ["text/markdown"]}, {"doc_id": ["\ud800"]}):
        none = search(odd, query="a second line", filter=nothing)
        assert (none.status_code, none.json()["passages"]) == (200, [])


@pytest.mark.parametrize("k", [1, 2, MAX_K])
def test_k_passages_are_returned_if_there_are_enough(client: httpx.Client, k: int) -> None:
    n_chunks = client.get("/readyz").json()["n_chunks"]
    assert len(search(client, query=QUESTION, k=k).json()["passages"]) == min(k, n_chunks)


# Invalid questions


@both_routes
@pytest.mark.parametrize(
    ("query", "says"),
    [
        ("", "enter a question"),
        (" \n\t\u3000", "enter a question"),
        ("x" * (MAX_QUERY_CHARACTERS + 1), f"shorten it to {MAX_QUERY_CHARACTERS:,}"),
        ("what\0", "remove it"),
        ("what \ud800?", "not valid Unicode"),
    ],
)
def test_an_invalid_question_is_refused(
    client: httpx.Client, route: str, query: str, says: str
) -> None:
    reply = problem(post(client, {"query": query}, route), 422, "/problems/bad-query")
    assert says in reply["detail"]


@both_routes
@pytest.mark.parametrize(
    ("asked", "locations"),
    [
        ({"query": "x", "k": 0}, ["k"]),
        ({"query": "x", "k": MAX_K + 1}, ["k"]),
        ({"query": "x", "k": "many"}, ["k"]),
        ({"question": "x"}, ["query", "question"]),
        ({"query": "x", "k": "5"}, ["k"]),
        ({"query": "x", "k": True}, ["k"]),
        ({"query": "x", "k": 5.0}, ["k"]),
        ({"query": "x", "k": None}, ["k"]),
        ({"query": "x", "merge": "perhaps"}, ["merge"]),
        ({"query": "x", "merge": "true"}, ["merge"]),
        ({"query": "x", "merge": 0, "explain": 1}, ["explain", "merge"]),
        ({"query": "x", "filter": {"doc_id": "a"}}, ["filter.doc_id"]),
        ({"query": "x", "filter": "a"}, ["filter"]),
        ({"query": 7}, ["query"]),
        ({"query": "x", "filter": {"source": ["y"]}}, ["filter.source"]),
        ({"query": "x", "filter": {"doc_id": []}}, ["filter.doc_id"]),
        ({"query": "x", "filter": {"doc_id": ["a", 1]}}, ["filter.doc_id.1"]),
        ({"query": "x", "filter": {"doc_id": ["a"] * 1001}}, ["filter.doc_id"]),
        ({"query": "x", "filter": {"doc_id": ["a", "a" * 4097]}}, ["filter.doc_id.1"]),
        ({"query": "x", "filter": {"media_type": ["a" * 4097]}}, ["filter.media_type.0"]),
        ([], ["body"]),
        ("what?", ["body"]),
        (None, ["body"]),
    ],
)
def test_each_fault_of_an_invalid_request_is_reported(
    client: httpx.Client, route: str, asked: object, locations: list[str]
) -> None:
    response = post(client, asked, route)
    reply = problem(response, 422, "/problems/invalid-request")
    assert [fault["location"] for fault in reply["errors"]] == locations
    for fault in reply["errors"]:
        assert f"{fault['location']}: {fault['message']}" in reply["detail"]


def test_a_request_with_very_many_faults_gets_a_short_answer(client: httpx.Client) -> None:
    reply = problem(
        search(client, query="x", **{"f" * 200 + str(n): n for n in range(250)}),
        422,
        "/problems/invalid-request",
    )
    assert len(reply["errors"]) == 20
    assert len(json.dumps(reply)) < 10_000


@pytest.mark.parametrize(
    ("body", "says"),
    [
        (b"{query: 1}", "at character 1"),
        (b'{"query": "x"', "at character 13"),
        (b'{"query": "\xff"}', "UTF-8"),
        (b"[" * 60_000, "cannot be read as JSON"),
        (b'{"a":' * 12_000, "cannot be read as JSON"),
        (b'{"query": "x", "k": NaN}', "NaN is not a JSON number"),
        (b'{"query": "x", "k": -Infinity}', "-Infinity is not a JSON number"),
        (b'{"query": "x", "k": ' + b"9" * 5000 + b"}", "cannot be read as JSON"),
        (b'{"query": "x", "query": "y"}', "'query' occurs twice"),
        (
            b'{"query": "x", "filter": {"doc_id": ["a"], "doc_id": ["b"]}}',
            "'doc_id' occurs twice",
        ),
        (b'{"query": "x", "\\ud800": 1, "\\ud800": 1}', "'?' occurs twice"),
        ('{"query": "x"}'.encode("utf-16"), "UTF-8"),
        (b'\xef\xbb\xbf{"query": "x"}', "BOM"),
    ],
)
def test_a_body_that_is_not_json_is_refused(client: httpx.Client, body: bytes, says: str) -> None:
    headers = {"Content-Type": "application/json"}
    reply = problem(client.post("/v1/search", content=body, headers=headers), 400, "about:blank")
    assert says in reply["detail"]
    assert "send a JSON object" in reply["detail"]


def test_json_without_the_content_type_is_refused(client: httpx.Client) -> None:
    reply = problem(client.post("/v1/search", content=b'{"query": "x"}'), 415, "about:blank")
    assert "Content-Type: application/json" in reply["detail"]


def test_a_key_that_is_not_unicode_is_refused(client: httpx.Client) -> None:
    problem(post(client, {"query": "x", "\ud800": 1}), 422, "/problems/invalid-request")


def test_a_body_of_64_kib_is_accepted_and_one_byte_more_is_refused(client: httpx.Client) -> None:
    headers = {"Content-Type": "application/json"}
    most = json.dumps({"query": "x", "k": 1}).encode().ljust(64 * 1024)
    assert client.post("/v1/search", content=most, headers=headers).status_code == 200
    for body in (most + b" ", b" " * 5_000_000):
        pieces = (body[i : i + 10_000] for i in range(0, len(body), 10_000))
        for content in (body, pieces):  # with a content-length, and without
            response = client.post("/v1/search", content=content, headers=headers)
            assert "65,536 bytes" in problem(response, 413, "about:blank")["detail"]
    assert client.get("/healthz").status_code == 200


# Documents


@pytest.mark.parametrize("doc_id", ODD_IDS)
def test_every_id_has_a_percent_encoded_path(odd: httpx.Client, doc_id: str) -> None:
    path = f"/v1/documents/{quote(doc_id, safe='')}"
    shown = odd.get(path).json()
    assert (shown["doc_id"], shown["title"], shown["metadata"]) == (
        doc_id,
        doc_id.upper(),
        {"n": "1"},
    )
    read = odd.get(f"{path}/text").json()
    assert read["text"] == f"{ODD_TEXT} {doc_id}"
    assert shown["n_characters"] == read["n_characters"] == read["end"] == len(read["text"])
    assert shown["sha256"] == sha256(read["text"].encode()).hexdigest()


@pytest.mark.parametrize("doc_id", ["/srv/papers/a.txt", "日本語/é😀.md", "notes"])
def test_slashes_of_an_id_need_no_encoding(odd: httpx.Client, doc_id: str) -> None:
    path = f"/v1/documents/{quote(doc_id)}"
    assert odd.get(path).json()["doc_id"] == doc_id
    assert odd.get(f"{path}/text").json()["doc_id"] == doc_id


def test_an_unencoded_text_at_the_end_of_a_path_requests_the_text(odd: httpx.Client) -> None:
    assert odd.get("/v1/documents/notes/text").json()["text"].endswith(" notes")
    assert odd.get("/v1/documents/notes/text/text").json()["text"].endswith(" notes/text")
    assert odd.get("/v1/documents/notes%2Ftext").json()["doc_id"] == "notes/text"
    assert odd.get("/v1/documents/notes/text%2ftext").json()["doc_id"] == "notes/text/text"
    assert odd.get("/v1/documents/text").json()["doc_id"] == "text"
    assert odd.get("/v1/documents/text/text").json()["text"].endswith(" text")


@pytest.mark.parametrize("limit", [1, 2, 4, len(ODD_IDS), 1000])
def test_paging_lists_each_document_once_in_order(odd: httpx.Client, limit: int) -> None:
    listed: list[str] = []
    after = ""
    for _ in range(len(ODD_IDS)):
        page = odd.get("/v1/documents", params={"after": after, "limit": limit}).json()
        assert len(page["documents"]) <= limit
        listed += [document["doc_id"] for document in page["documents"]]
        if page["next"] is None:
            break
        after = page["next"]
    assert listed == sorted(ODD_IDS)


def test_a_document_is_the_same_in_the_list_and_alone(client: httpx.Client) -> None:
    page = client.get("/v1/documents").json()
    assert page["generation"] == 1
    assert page["documents"] == [client.get(f"/v1/documents/{ARTICLE}").json()]


@given(st.integers(0, len(TEXT)), st.integers(0, len(TEXT)))
def test_a_span_of_the_text_is_the_slice_of_the_file(client: httpx.Client, a: int, b: int) -> None:
    start, end = sorted((a, b))
    read = client.get(f"/v1/documents/{ARTICLE}/text", params={"start": start, "end": end}).json()
    assert read["text"] == TEXT[start:end]
    assert (read["start"], read["end"], read["n_characters"]) == (start, end, len(TEXT))


def test_spans_count_code_points(odd: httpx.Client) -> None:
    span = {"start": 4, "end": 5}
    assert odd.get("/v1/documents/notes/text", params=span).json()["text"] == "😀"


@pytest.mark.parametrize(
    "span",
    [
        {"start": 0, "end": len(TEXT) + 1},
        {"start": len(TEXT) + 1},
        {"start": 9, "end": 8},
        {"end": 10**30},
    ],
)
def test_a_span_outside_the_text_is_refused(client: httpx.Client, span: dict[str, int]) -> None:
    response = client.get(f"/v1/documents/{ARTICLE}/text", params=span)
    reply = problem(response, 422, "/problems/span-out-of-range")
    assert f"{len(TEXT)} characters" in reply["detail"]


@pytest.mark.parametrize(
    ("path", "location"),
    [
        (f"/v1/documents/{ARTICLE}/text?start=-1", "start"),
        (f"/v1/documents/{ARTICLE}/text?end=x", "end"),
        (f"/v1/documents/{ARTICLE}/text?stop=4", "stop"),
        (f"/v1/documents/{ARTICLE}/text?start={'9' * 5000}", "start"),
        ("/v1/documents?limit=0", "limit"),
        ("/v1/documents?limit=1001", "limit"),
        ("/v1/documents?page=2", "page"),
    ],
)
def test_an_invalid_parameter_is_named(client: httpx.Client, path: str, location: str) -> None:
    reply = problem(client.get(path), 422, "/problems/invalid-request")
    assert [fault["location"] for fault in reply["errors"]] == [location]


@pytest.mark.parametrize("doc_id", ["nope", "", "%00", "%ff", "seeds", f"{ARTICLE}/"])
def test_an_unknown_document_is_not_found(client: httpx.Client, doc_id: str) -> None:
    for path in (f"/v1/documents/{doc_id}", f"/v1/documents/{doc_id}/text"):
        reply = problem(client.get(path), 404, "/problems/not-found")
        assert "`GET /v1/documents`" in reply["detail"]


# Routes


@pytest.mark.parametrize("path", ["/", "/docs", "/redoc", "/v1/search/", "/v2", "/problems/nope"])
def test_an_unknown_route_is_not_found(client: httpx.Client, path: str) -> None:
    assert "/openapi.json" in problem(client.get(path), 404, "about:blank")["detail"]


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("GET", "/v1/search", "POST"),
        ("HEAD", "/v1/search", "POST"),
        ("GET", "/v1/ask", "POST"),
        ("POST", "/v1/documents/x", "GET, HEAD, DELETE, PATCH, PUT"),
        ("PUT", "/v1/documents", "GET, HEAD, POST"),
        ("POST", "/healthz", "GET, HEAD"),
    ],
)
def test_a_wrong_method_is_refused_with_the_right_one(
    client: httpx.Client, method: str, path: str, allowed: str
) -> None:
    response = client.request(method, path)
    assert (response.status_code, response.headers["allow"]) == (405, allowed)
    if method != "HEAD":
        assert allowed in problem(response, 405, "about:blank")["detail"]


@pytest.mark.parametrize("path", ["/healthz", "/readyz", "/v1/documents", "/v1/documents/nope"])
def test_head_is_get_without_the_body(client: httpx.Client, path: str) -> None:
    head, get = client.head(path), client.get(path)
    assert head.content == b""
    for name in ("content-type", "content-length"):
        assert head.headers[name] == get.headers[name]
    assert head.status_code == get.status_code


# Problems


class Failing(HashEmbedder):
    """Its encode_query always fails."""

    error: Exception = RuntimeError()

    def encode_query(self, text: str) -> QueryEncoding:
        if "fail" in text:
            raise self.error
        return super().encode_query(text)


@pytest.fixture(scope="module")
def failing(tmp_path_factory: pytest.TempPathFactory) -> Iterator[httpx.Client]:
    """A client of a server that fails with `Failing.error`."""
    folder = tmp_path_factory.mktemp("failing") / "index"
    ingest_documents(folder, [Document("a", "a", "A", "Some text.")], HashEmbedder())
    with serving(Pipeline.over(folder, Failing())) as client:
        yield client


def tree(root: type[errors.RagError]) -> list[type[errors.RagError]]:
    return [root, *(below for child in root.__subclasses__() for below in tree(child))]


def test_the_table_of_problems_has_the_whole_error_tree() -> None:
    assert {error for error in tree(errors.RagError) if error.__module__ == errors.__name__} == set(
        PROBLEM_KINDS
    )


@both_routes
@pytest.mark.parametrize("error", PROBLEM_KINDS, ids=slug_of)
def test_each_error_is_its_own_problem_with_an_explanation(
    failing: httpx.Client,
    monkeypatch: pytest.MonkeyPatch,
    error: type[errors.RagError],
    route: str,
) -> None:
    monkeypatch.setattr(Failing, "error", error("not in /srv/secret"))
    kind = PROBLEM_KINDS[error]
    response = post(failing, {"query": "fail"}, route)
    reply = problem(response, kind.status, f"/problems/{slug_of(error)}")
    # The client sees the message of its own error. A server error names no folder.
    assert ("/srv/secret" in response.text) == (kind.status < 500)
    explained = failing.get(reply["type"]).json()
    assert (explained["type"], explained["title"]) == (
        reply["type"],
        reply["title"],
    )
    assert (explained["status"], explained["description"]) == (kind.status, error.__doc__)


def test_a_busy_index_says_when_to_try_again(
    failing: httpx.Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Failing, "error", errors.IndexBusy("busy"))
    assert int(search(failing, query="fail").headers["retry-after"]) >= 1


def test_an_unexpected_error_is_logged_and_not_shown(
    failing: httpx.Client, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(Failing, "error", RuntimeError("the secret of /srv"))
    response = search(failing, query="fail")
    problem(response, 500, "about:blank")
    assert "secret" not in response.text
    assert "Traceback" not in response.text
    # The log is written after the response.
    until(lambda: "RuntimeError: the secret of /srv" in caplog.text)
    assert "encode_query" in caplog.text
    assert response.headers["connection"] == "close"
    assert search(failing, query="well").status_code == 200


@both_routes
def test_a_token_budget_limits_the_passages(
    client: httpx.Client, pipeline: Pipeline, route: str
) -> None:
    every = post(client, {"query": QUESTION, "k": 3}, route).json()
    first, second = (pipeline.count_tokens(each["text"]) for each in every["passages"][:2])
    asked = {"query": QUESTION, "k": 3, "token_budget": first + second}
    assert post(client, asked, route).json()["passages"] == every["passages"][:2]
    none = post(client, asked | {"token_budget": first - 1}, route).json()
    assert none["passages"] == []
    assert none["reason"].startswith(f"The best passage has {first} tokens")
    assert none.get("sentences") == every.get("sentences")
    for budget in (0, 1_000_001, "5", 5.0, True):
        refused = post(client, asked | {"token_budget": budget}, route)
        problem(refused, 422, "/problems/invalid-request")


# Why not


def test_why_over_http_is_the_result_of_the_pipeline(
    client: httpx.Client, pipeline: Pipeline
) -> None:
    best = pipeline.ask(QUESTION).sentences[0].citation
    body = {"query": QUESTION, "doc_id": best.doc_id, "line_start": best.line_start, "k": 1}
    told = Why.model_validate_json(post(client, body, "/v1/why").content)
    lines = (best.line_start, best.line_start)
    assert told == pipeline.why(QUESTION, Expected(best.doc_id, lines), 1)
    assert told.lost_at is None
    # A second time: this response comes from the cache.
    assert Why.model_validate_json(post(client, body, "/v1/why").content) == told


def test_a_document_outside_the_index_is_a_failed_step_and_no_problem(client: httpx.Client) -> None:
    answered = post(client, {"query": QUESTION, "doc_id": "no/such.txt"}, "/v1/why")
    assert (answered.status_code, answered.json()["lost_at"]) == (200, "document")


@pytest.mark.parametrize(
    "lines", [{"line_end": 3}, {"line_start": 4, "line_end": 3}, {"line_start": 0}]
)
def test_invalid_line_numbers_are_refused(client: httpx.Client, lines: dict[str, int]) -> None:
    asked = {"query": QUESTION, "doc_id": "d", **lines}
    problem(post(client, asked, "/v1/why"), 422, "/problems/invalid-request")


def test_a_line_that_the_document_lacks_is_refused(client: httpx.Client) -> None:
    doc_id = client.get("/v1/documents").json()["documents"][0]["doc_id"]
    asked = {"query": QUESTION, "doc_id": doc_id, "line_start": 100_000}
    problem(post(client, asked, "/v1/why"), 422, "/problems/span-out-of-range")
