"""The service accepts its own host names, and no requests from other sites."""

import json
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import pytest

from api.hosts import AllowedHosts, Host
from api.problems import SECURITY_HEADERS
from fakes import HashEmbedder
from index.errors import BadInput
from index.ingest.ingest import ingest_documents
from index.types import Document
from rag.pipeline import Pipeline
from rag.settings import Settings
from raw_http import answer_to, status
from serving import serving

TEXT = "All about apples."


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[httpx.Client]:
    folder = tmp_path_factory.mktemp("hosts") / "index"
    ingest_documents(folder, [Document("apples", "a", "A", TEXT)], HashEmbedder())
    hosts = AllowedHosts(["docs.example", "2001:db8::7"])
    with serving(Pipeline.over(folder, HashEmbedder()), hosts=hosts) as client:
        yield client


def port_of(client: httpx.Client) -> int:
    port = urlsplit(str(client.base_url)).port
    assert port is not None
    return port


def asked(client: httpx.Client, **headers: str) -> httpx.Response:
    """The response to a question with these headers; `_` in a name stands for `-`."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return client.post("/v1/search", json={"query": "apples"}, headers=named)


@pytest.mark.parametrize(
    "host",
    [
        "localhost",
        "LocalHost:8000",
        "localhost.",
        "127.0.0.1",
        "127.0.0.1:1",
        "[::1]",
        "[::1]:8000",
        "[0:0:0:0:0:0:0:1]",
        "docs.example",
        "docs.example:443",
        "[2001:DB8::7]:80",
    ],
)
def test_a_name_of_this_service_is_accepted(client: httpx.Client, host: str) -> None:
    assert asked(client, Host=host).status_code == 200


@pytest.mark.parametrize(
    "host",
    [
        "evil.example",
        "evil.example:8000",
        "localhost.evil.example",
        "docs.example.evil",
        "127.0.0.2",
    ],
)
@pytest.mark.parametrize("path", ["/healthz", "/v1/documents/apples/text", "/openapi.json", "/x"])
def test_a_request_with_another_name_gets_no_document(
    client: httpx.Client, host: str, path: str
) -> None:
    response = client.get(path, headers={"Host": host})
    assert response.status_code == response.json()["status"] == 421
    assert response.headers["content-type"] == "application/problem+json"
    assert "allowed_hosts" in response.json()["detail"]
    assert TEXT not in response.text


@pytest.mark.parametrize(
    "host", ["", "a b", "localhost/", "http://localhost", "localhost:port", "[::1", "x@localhost"]
)
def test_an_invalid_host_header_is_malformed(client: httpx.Client, host: str) -> None:
    request = f"GET /healthz HTTP/1.1\r\nHost: {host}\r\n\r\n".encode()
    assert status(answer_to(client, request)) == 400


@pytest.mark.parametrize(
    ("request_line", "hosts", "expected"),
    [
        ("GET /healthz HTTP/1.1", [], 400),
        ("GET /healthz HTTP/1.1", ["localhost", "localhost"], 400),
        ("GET /healthz HTTP/1.0", [], 200),
        ("GET /healthz HTTP/1.0", ["evil.example"], 421),
        ("GET /healthz HTTP/1.0", ["localhost", "localhost"], 400),
        ("GET http://evil.example/healthz HTTP/1.1", ["localhost"], 421),
        ("GET http://localhost/healthz HTTP/1.1", ["evil.example"], 200),
    ],
)
def test_requests_without_a_host_or_with_two_or_with_one_in_the_target(
    client: httpx.Client, request_line: str, hosts: list[str], expected: int
) -> None:
    lines = [request_line, *(f"Host: {host}" for host in hosts), "Connection: close", "", ""]
    response = answer_to(client, "\r\n".join(lines).encode())
    assert status(response) == expected
    if expected >= 400:
        assert json.loads(response.partition(b"\r\n\r\n")[2])["status"] == expected


@pytest.mark.parametrize(
    "origin",
    [
        "http://evil.example",
        "https://evil.example",
        "null",
        "http://127.0.0.1:1",
        "http://127.0.0.1",
        "file://",
        "http://localhost:{port}",  # on this machine, but not this service
        "ftp://127.0.0.1:{port}",
        "",
    ],
)
def test_a_request_from_another_site_is_refused(client: httpx.Client, origin: str) -> None:
    response = asked(client, Origin=origin.format(port=port_of(client)))
    assert response.status_code == response.json()["status"] == 403
    assert "access-control-allow-origin" not in response.headers


@pytest.mark.parametrize(
    ("host", "origin"),
    [
        ("127.0.0.1:{port}", "http://127.0.0.1:{port}"),
        ("localhost:{port}", "http://localhost:{port}"),
        ("docs.example", "https://docs.example"),  # behind a proxy that terminates TLS
        ("docs.example:443", "https://docs.example"),
        ("docs.example", "http://docs.example"),
        ("docs.example", "http://docs.example:80"),
    ],
)
def test_the_services_own_pages_are_accepted(client: httpx.Client, host: str, origin: str) -> None:
    port = port_of(client)
    response = asked(client, Host=host.format(port=port), Origin=origin.format(port=port))
    assert response.status_code == 200


@pytest.mark.parametrize(
    ("site", "mode", "expected"),
    [
        ("cross-site", "no-cors", 403),
        ("cross-site", "cors", 403),
        ("same-site", "no-cors", 403),
        ("cross-site", "navigate", 200),  # a link that a user follows
        ("same-origin", "cors", 200),
        ("none", "navigate", 200),
    ],
)
def test_a_request_embedded_in_another_site_is_refused(
    client: httpx.Client, site: str, mode: str, expected: int
) -> None:
    headers = {"Sec-Fetch-Site": site, "Sec-Fetch-Mode": mode}
    assert client.get("/v1/documents", headers=headers).status_code == expected


def test_every_response_has_the_security_headers(client: httpx.Client) -> None:
    refused = [
        client.get("/healthz", headers={"Host": "evil.example"}),
        client.get("/healthz", headers={"Origin": "null"}),
        client.get("/nothing"),
        client.delete("/healthz"),
        client.post("/v1/search", json={}),
        client.get("/v1/documents/pears/text"),
        client.post("/v1/search", content=b" " * 100_000),
        client.get("/healthz", headers={"X": "x" * 100_000}),
    ]
    assert [each.status_code for each in refused] == [421, 403, 404, 405, 422, 404, 413, 431]
    for response in [*refused, client.get("/v1/documents"), client.get("/openapi.json")]:
        assert {name: response.headers[name] for name in SECURITY_HEADERS} == SECURITY_HEADERS
        assert "server" not in response.headers


def test_the_address_of_a_connection_is_a_name_of_the_service() -> None:
    hosts = AllowedHosts.of(Settings(host="0.0.0.0"))
    assert hosts.allow(Host("192.0.2.7"), "192.0.2.7")
    assert hosts.allow(Host("192.0.2.7"), "::ffff:192.0.2.7")
    assert hosts.allow(Host("fe80::1"), "fe80::1%eth0")
    assert not hosts.allow(Host("192.0.2.8"), "192.0.2.7")
    assert not hosts.allow(Host("0.0.0.0"), "192.0.2.7")
    assert not hosts.allow(Host("evil.example"), "192.0.2.7")


def test_the_bound_host_and_the_allowed_hosts_are_names_of_the_service() -> None:
    hosts = AllowedHosts.of(Settings(host="My.Machine", allowed_hosts=("docs.example", "::7")))
    for name in ("my.machine", "docs.example", "::7", "localhost"):
        assert hosts.allow(Host(name), None)
    assert AllowedHosts(["*"]).allow(Host("evil.example"), None)


@pytest.mark.parametrize("name", ["http://docs.example", "docs.example:80", "a b", "x/y", ""])
def test_a_setting_that_is_not_a_host_name_is_refused(name: str) -> None:
    with pytest.raises(BadInput, match="is not a host name"):
        AllowedHosts([name])


def test_allowed_hosts_are_a_list_or_separated_by_commas(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("mine.toml").write_text('allowed_hosts = ["a.example", "b.example"]\n')
    monkeypatch.setenv("RAG_CONFIG", "mine.toml")
    assert Settings.resolve().allowed_hosts == ("a.example", "b.example")
    monkeypatch.setenv("RAG_ALLOWED_HOSTS", "c.example, d.example")
    assert Settings.resolve().allowed_hosts == ("c.example", "d.example")
