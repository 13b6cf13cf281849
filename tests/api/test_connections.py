"""Connections have limits of size, time and number, whatever a client sends."""

import json
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import httpx
import pytest

from api.network.connections import ConnectionLimits, Connections
from api.service import Limits
from fakes import HashEmbedder
from index.ingest.ingest import ingest_documents
from index.types import Document, QueryEncoding
from rag.pipeline import Pipeline
from raw_http import answer_to, connect, read_all, status
from serving import PATIENCE_S, serving, until

SHORT = ConnectionLimits(
    most=40, head_s=0.6, body_s=0.6, idle_s=0.6, stall_s=0.6, unread_bytes=3_000_000
)
LARGE = 3_000_000
POST = (
    b"POST /v1/search HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
    b"Connection: close\r\n"
)
GET = b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n"
BODY = b'{"query": "apples"}'


@pytest.fixture(scope="module")
def index(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("connections") / "index"
    large = "Much about pears. " + "x" * LARGE
    documents = [Document("apples", "a", "A", "All about apples."), Document("l", "l", "L", large)]
    ingest_documents(folder, documents, HashEmbedder())
    return folder


@pytest.fixture(scope="module")
def client(index: Path) -> Iterator[httpx.Client]:
    """A client of a server with short limits."""
    with serving(Pipeline.over(index, HashEmbedder()), connections=SHORT) as client:
        yield client


def problem(response: bytes) -> dict[str, object]:
    head, _, body = response.partition(b"\r\n\r\n")
    assert b"content-type: application/problem+json" in head
    told: dict[str, object] = json.loads(body)
    assert told["status"] == status(response)
    return told


# Size


@pytest.mark.parametrize(
    ("request_", "expected"),
    [
        (GET + b"X: " + b"x" * 60_000 + b"\r\nConnection: close\r\n\r\n", 200),
        (GET + b"X: " + b"x" * 70_000 + b"\r\n\r\n", 431),
        (GET + b"X: " + b"x" * 10_000_000, 431),
        (GET + (b"X: " + b"x" * 1000 + b"\r\n") * 10_000, 431),
        (GET + b"X: y\r\n" * 200 + b"\r\n", 431),
        (b"GET /" + b"x" * 1_000_000 + b" HTTP/1.1\r\n\r\n", 414),
        (POST + b"Content-Length: 65537\r\n\r\n", 413),
        (POST + b"Content-Length: 65537\r\nExpect: 100-continue\r\n\r\n", 413),
        (
            POST + b"Transfer-Encoding: chunked\r\n\r\n" + b"1000\r\n" + b" " * 4096 + b"\r\n" * 99,
            400,
        ),
        (POST + b"Transfer-Encoding: chunked\r\n\r\n" + b"1\r\n \r\n" * 70_000, 413),
        (POST + b"Transfer-Encoding: chunked\r\n\r\n1;" + b"x" * 2_000_000, 413),
        (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", 400),
        (b"GET /healthz HTTP/1.1\nHost: localhost\n\n", 400),
        (b"CONNECT localhost:1 HTTP/1.1\r\nHost: localhost\r\n\r\n", 501),
        (POST + b"Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400),
    ],
)
def test_a_request_that_is_too_large_or_malformed_gets_a_problem(
    client: httpx.Client, request_: bytes, expected: int
) -> None:
    response = answer_to(client, request_)
    assert status(response) == expected
    if expected != 200:
        assert problem(response)["type"] == "about:blank"
        assert b"connection: close" in response
    assert client.get("/healthz").status_code == 200


def test_an_upgrade_is_ignored_and_the_request_is_answered(client: httpx.Client) -> None:
    """Some clients offer HTTP/2 with each first request, and send its body anyway."""
    upgrade = b"Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABk\r\n"
    length = b"Content-Length: %d\r\n\r\n" % len(BODY)
    post = POST.replace(b"Connection: close\r\n", upgrade) + length + BODY
    last = GET + b"Connection: close\r\n\r\n"
    responses = answer_to(client, post + last)
    assert status(responses) == 200
    assert b'"query":"apples"' in responses
    assert responses.endswith(b'{"status":"alive"}')
    websocket = GET + b"Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Key: x\r\n\r\n"
    assert answer_to(client, websocket + last).count(b'{"status":"alive"}') == 2


def test_a_client_that_expects_100_continue_gets_it(client: httpx.Client) -> None:
    with connect(client) as connection:
        expect = b"Expect: 100-continue\r\nContent-Length: %d\r\n\r\n" % len(BODY)
        connection.sendall(POST + expect)
        assert connection.recv(100) == b"HTTP/1.1 100 Continue\r\n\r\n"
        connection.sendall(BODY)
        assert status(read_all(connection)) == 200


def test_pipelined_requests_are_answered_in_order_and_limited_in_number(
    client: httpx.Client,
) -> None:
    paths = [b"/healthz", b"/nothing", b"/readyz"] * 5
    requests = [b"GET %s HTTP/1.1\r\nHost: localhost\r\n\r\n" % path for path in paths]
    responses = answer_to(client, b"".join(requests)).split(b"HTTP/1.1 ")[1:]
    assert [response[:3] for response in responses] == [b"200", b"404", b"200"] * 5
    many = answer_to(client, (GET + b"\r\n") * 10_000)
    assert 1 <= many.count(b"HTTP/1.1 200 OK") <= 1 + SHORT.n_pipelined
    assert many.endswith(b'{"status":"alive"}')


# Time


@pytest.mark.parametrize(
    ("first", "then", "says"),
    [
        (b"", b"", None),
        (b"", b"\r\n", None),
        (b"GET /healthz HT", b"", 408),
        (GET + b"X: ", b"x", 408),
        (POST + b"Content-Length: 9\r\n\r\n{", b"", 408),
        (POST + b"Content-Length: 9999\r\n\r\n{", b" ", 408),
        (POST + b"Transfer-Encoding: chunked\r\n\r\n", b"1\r\n \r\n", 408),
        (GET + b"\r\n", b"", 200),
        (b"POST /nothing HTTP/1.1\r\nHost: x\r\nContent-Length: 9999\r\n\r\n", b" ", 421),
    ],
)
def test_a_client_that_sends_too_slowly_gets_408_and_is_disconnected(
    client: httpx.Client, first: bytes, then: bytes, says: int | None
) -> None:
    with connect(client) as connection:
        connection.sendall(first)
        connection.settimeout(0.05)
        response, deadline = b"", time.monotonic() + PATIENCE_S
        while time.monotonic() < deadline:
            try:
                part = connection.recv(65536)
                response += part
                if not part:
                    break
            except TimeoutError:
                connection.sendall(then)
            except ConnectionError:
                break
        else:
            pytest.fail("it was never disconnected")
    assert (status(response) if response else None) == says
    assert response.count(b"HTTP/1.1 ") == (says is not None)


def test_a_client_that_does_not_read_a_response_is_disconnected(client: httpx.Client) -> None:
    request = b"GET /v1/documents/l/text HTTP/1.1\r\nHost: localhost\r\n\r\n"
    with connect(client) as connection:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        connection.sendall(request)
        until(lambda: reset(connection))
    assert len(client.get("/v1/documents/l/text").json()["text"]) > LARGE


def reset(connection: socket.socket) -> bool:
    """Whether the other side has closed the connection, tested without reading."""
    try:
        connection.send(b"\r\n")
    except ConnectionError:
        return True
    return False


def test_a_client_that_reads_slowly_but_steadily_gets_everything(client: httpx.Client) -> None:
    request = b"GET /v1/documents/l/text HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
    with connect(client) as connection:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 65536)
        connection.sendall(request)
        response = bytearray()
        while part := connection.recv(65536):
            response += part
            time.sleep(0.02)
    head, _, body = bytes(response).partition(b"\r\n\r\n")
    assert f"content-length: {len(body)}".encode() in head
    assert len(json.loads(body)["text"]) > LARGE


# Number


def test_a_client_with_a_request_is_served_despite_many_silent_ones(client: httpx.Client) -> None:
    with ExitStack() as stack:
        silent = [stack.enter_context(connect(client)) for _ in range(5 * SHORT.most)]
        with httpx.Client(base_url=client.base_url, timeout=PATIENCE_S) as another:
            assert another.get("/healthz").status_code == 200
        until(lambda: sum(map(reset, silent)) >= 4 * SHORT.most)


def test_a_running_question_is_not_disconnected_for_a_new_connection(index: Path) -> None:
    held = Held()
    with serving(Pipeline.over(index, held), connections=SHORT) as client, ExitStack() as stack:
        answer: list[int] = []
        question = threading.Thread(
            target=lambda: answer.append(client.post("/v1/search", json={"query": "x"}).status_code)
        )
        question.start()
        until(lambda: held.n_begun == 1)
        for _ in range(3 * SHORT.most):
            stack.enter_context(connect(client))
        time.sleep(2 * SHORT.head_s)
        held.let_go.set()
        question.join(PATIENCE_S)
    assert answer == [200]


class Peer:
    """A connection that only records how it ended."""

    def __init__(self, n_unread: int = 0) -> None:
        self.n_unread = n_unread
        self.ended: str | None = None

    def overdue(self, _now: float) -> str | None:
        return None

    def end(self, why: str) -> None:
        self.ended = why


def test_the_connection_that_waits_longest_is_closed_and_working_ones_stay() -> None:
    connections = Connections(ConnectionLimits(most=3))
    oldest, worker, newest = Peer(), Peer(), Peer()
    for now, peer in enumerate((worker, oldest, newest)):
        connections.add(peer, float(now))
    connections.works(worker)
    connections.add(Peer(), 9.0)
    assert [each.ended is not None for each in (worker, oldest, newest)] == [False, True, False]


def test_new_connections_are_kept_until_there_are_twice_as_many_as_the_limit() -> None:
    connections = Connections(ConnectionLimits(most=3))
    peers = [Peer() for _ in range(7)]
    for peer in peers:
        connections.add(peer, 1.0)
    assert [each.ended is not None for each in peers] == [True] + [False] * 6
    connections.sweep(2.0)
    assert sum(each.ended is None for each in peers) == 3


def test_unread_bytes_are_limited_over_all_connections() -> None:
    connections = Connections(ConnectionLimits(unread_bytes=100))
    first, second, third = Peer(40), Peer(40), Peer(40)
    for peer in (first, second, third):
        connections.add(peer, 1.0)
        connections.stalls(peer)
    assert (first.ended is None, second.ended, third.ended) == (False, None, None)
    connections.flows(second)
    connections.stalls(second)
    assert second.ended is None


# Clients that disconnect


class Held(HashEmbedder):
    """Its encode_query waits until it is released, and records each question."""

    def __init__(self) -> None:
        super().__init__()
        self.n_begun = 0
        self.encoded: list[str] = []
        self.let_go = threading.Event()

    def encode_query(self, text: str) -> QueryEncoding:
        self.n_begun += 1
        assert self.let_go.wait(PATIENCE_S)
        self.encoded.append(text)
        return super().encode_query(text)


@pytest.mark.parametrize("route", ["search", "ask"])
def test_questions_of_disconnected_clients_are_not_encoded(index: Path, route: str) -> None:
    held = Held()
    with serving(Pipeline.over(index, held), Limits(queue=50)) as client:
        connections = []
        for n in range(30):
            body = json.dumps({"query": f"left {n}"}).encode()
            post = POST.replace(b"search", route.encode())
            connection = connect(client)
            connection.sendall(post + b"Content-Length: %d\r\n\r\n" % len(body) + body)
            connections.append(connection)
        until(lambda: held.n_begun >= 1)
        time.sleep(0.2)  # until all questions wait
        for connection in connections:
            connection.close()
        answers: list[int] = []

        def ask() -> None:
            response = client.post(f"/v1/{route}", json={"query": "stayed"})
            answers.append(response.status_code)

        time.sleep(0.2)  # until the server has noticed
        staying = threading.Thread(target=ask)
        staying.start()
        time.sleep(0.2)
        held.let_go.set()
        staying.join(PATIENCE_S)
    assert answers == [200]
    assert "stayed" in held.encoded
    # One was being encoded and a thread had taken a second; neither can be stopped.
    assert len([text for text in held.encoded if text.startswith("left")]) <= 2


def test_disconnected_clients_leave_the_queue(index: Path) -> None:
    held = Held()
    with serving(Pipeline.over(index, held), Limits(queue=1)) as client:
        for n in range(20):
            body = b'{"query": "left %d"}' % n
            with connect(client) as connection:
                connection.sendall(POST + b"Content-Length: %d\r\n\r\n" % len(body) + body)
                time.sleep(0.03)
        held.let_go.set()
        until(lambda: client.post("/v1/search", json={"query": "x"}).status_code == 200)
