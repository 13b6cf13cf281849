"""The OpenAPI document is complete and matches the server."""

import re
from collections.abc import Iterator
from pathlib import Path
from shutil import copytree
from typing import Any
from urllib.parse import quote

import httpx
import pytest

from api.problems import MEDIA_TYPE
from api.writing.writes import Writing
from index.backends import backend_at
from index.protocols import Embedder
from rag.pipeline import Pipeline
from serving import serving


@pytest.fixture(scope="module")
def client(
    seeds_index: Path, embedder: Embedder, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[httpx.Client]:
    """A client of a writable server over a copy of the index of the seed article."""
    index = tmp_path_factory.mktemp("writable") / "index"
    copytree(seeds_index, index)
    writing = Writing(backend_at(index), embedder, index)
    with serving(Pipeline.over(index, embedder), writing=writing) as client:
        yield client


@pytest.fixture(scope="module")
def described(client: httpx.Client) -> dict[str, Any]:
    """The document that the server sends."""
    document: dict[str, Any] = client.get("/openapi.json").json()
    return document


def operations(described: dict[str, Any]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Method, path and description of each."""
    for path, methods in described["paths"].items():
        for method, operation in methods.items():
            yield method, path, operation


def resolved(described: dict[str, Any], schema: dict[str, Any]) -> dict[str, Any]:
    if "$ref" not in schema:
        return schema
    name = schema["$ref"].removeprefix("#/components/schemas/")
    found: dict[str, Any] = described["components"]["schemas"][name]
    return found


def test_it_lists_every_route(described: dict[str, Any]) -> None:
    assert {(method, path) for method, path, _ in operations(described)} == {
        ("post", "/v1/ask"),
        ("post", "/v1/search"),
        ("post", "/v1/why"),
        ("post", "/v1/citations/verify"),
        ("get", "/v1/documents"),
        ("get", "/v1/documents/{doc_id}"),
        ("get", "/v1/documents/{doc_id}/text"),
        ("put", "/v1/documents/{doc_id}"),
        ("patch", "/v1/documents/{doc_id}"),
        ("delete", "/v1/documents/{doc_id}"),
        ("post", "/v1/documents"),
        ("get", "/v1/jobs/{job_id}"),
        ("get", "/v1/documents/{doc_id}/rectangles"),
        ("get", "/healthz"),
        ("get", "/readyz"),
        ("get", "/problems/{name}"),
    }


def test_every_property_has_a_description(described: dict[str, Any]) -> None:
    bare = [
        f"{name}.{field}"
        for name, schema in described["components"]["schemas"].items()
        for field, property in schema.get("properties", {}).items()
        if not (property.get("description") or resolved(described, property).get("description"))
    ]
    assert bare == []


def test_every_schema_operation_parameter_and_tag_has_a_description(
    described: dict[str, Any],
) -> None:
    for schema in described["components"]["schemas"].values():
        assert schema["description"]
    tags = {tag["name"] for tag in described["tags"] if tag["description"]}
    for _, _, operation in operations(described):
        assert operation["summary"]
        assert operation["description"]
        assert set(operation["tags"]) <= tags
        for parameter in operation.get("parameters", []):
            assert parameter["description"]


def test_operation_ids_are_unique_names(described: dict[str, Any]) -> None:
    ids = [operation["operationId"] for _, _, operation in operations(described)]
    assert sorted(ids) == [
        "ask",
        "delete_document",
        "explain_problem",
        "get_document",
        "get_job",
        "get_rectangles",
        "get_text",
        "health",
        "list_documents",
        "patch_document",
        "put_document",
        "readiness",
        "search",
        "upload_documents",
        "verify_citations",
        "why",
    ]


def test_every_error_is_a_typed_problem(described: dict[str, Any]) -> None:
    for _, path, operation in operations(described):
        failures = {
            status: response
            for status, response in operation["responses"].items()
            if not status.startswith(("2", "3"))
        }
        assert "default" in failures, path
        for response in failures.values():
            assert response["description"]
            assert response["content"] == {
                MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}
            }


def test_refused_requests_have_a_retry_time(described: dict[str, Any]) -> None:
    refusing = {
        path
        for _, path, operation in operations(described)
        if "Retry-After" in operation["responses"].get("429", {}).get("headers", {})
    }
    assert refusing == {
        "/v1/ask",
        "/v1/search",
        "/v1/why",
        "/v1/citations/verify",
        "/v1/documents",
        "/v1/documents/{doc_id}",
        "/v1/documents/{doc_id}/text",
        "/v1/documents/{doc_id}/rectangles",
    }
    explained = described["paths"]["/v1/search"]["post"]["responses"]["429"]
    assert explained["description"].startswith("Too many questions are waiting")


def test_every_success_is_typed(described: dict[str, Any]) -> None:
    for _, _, operation in operations(described):
        schema = operation["responses"]["200"]["content"]["application/json"]["schema"]
        assert resolved(described, schema)["type"] == "object"


def examples_of(described: dict[str, Any]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Each example request in the document: method, path with parameters, body."""
    for method, path, operation in operations(described):
        parameters = operation.get("parameters", [])
        filled = path
        for parameter in parameters:
            if parameter["in"] == "path":
                value = str(parameter["schema"]["examples"][0])
                filled = filled.replace(f"{{{parameter['name']}}}", quote(value, safe=""))
        yield from _bodies(described, method, filled, operation)
        for parameter in parameters:
            if parameter["in"] == "query" and method == "get":
                for value in parameter["schema"]["examples"]:
                    yield method, f"{filled}?{parameter['name']}={value}", {}


def _bodies(
    described: dict[str, Any], method: str, path: str, operation: dict[str, Any]
) -> Iterator[tuple[str, str, dict[str, Any]]]:
    if "requestBody" not in operation:
        yield method, path, {}
        return
    contents = operation["requestBody"]["content"]
    if "application/json" not in contents:
        assert set(contents) == {"multipart/form-data"}
        yield method, path, {"files": {"file": ("uploaded.txt", b"The bridge opens at six.")}}
        return
    schema = contents["application/json"]["schema"]
    for example in resolved(described, schema)["examples"]:
        yield method, path, {"json": example}


RESULTS = {"/v1/why": "steps", "/v1/citations/verify": "valid", "/v1/documents": "files"}
"""A member that is not empty in the response to each example, if it is not `passages`."""

CHANGED = "/v1/documents/notes%2Fhours.md"
"""The document of the examples of changes: it is put, changed and removed, in this order."""


def test_every_example_runs(client: httpx.Client, described: dict[str, Any]) -> None:
    ran = list(examples_of(described))
    assert len(ran) == 26
    for method, path, body in ran:
        if "/rectangles" in path:  # of a PDF; tests/api/test_rectangles.py has one
            continue
        response = client.request(method, path, **body)
        if path.startswith("/v1/jobs/"):
            assert response.json()["type"] == "/problems/job-not-found"
            continue
        expected = 201 if method == "put" else 200
        assert response.status_code == expected, (method, path, body, response.text)
        if body:
            told = response.json()
            field = "result" if path == CHANGED else RESULTS.get(path, "passages")
            assert told[field], body


def test_it_names_no_other_host(client: httpx.Client) -> None:
    assert re.findall(r"https?://[^\"\s]*", client.get("/openapi.json").text) == []
