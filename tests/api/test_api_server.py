"""The server as a process: a changing, missing or slow index, its start and its end."""

import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from pathlib import Path

import httpx
import pytest

from api.app import create_app
from api.network.server import bound, is_local, url_of
from api.network.shutdown import GRACE_S
from api.refresher import Refresher
from api.service import SEARCHES_AT_ONCE, Limits
from command import ROOT
from fakes import HashEmbedder
from holding import commit, stopped_holder_of
from index.backends import backend_at
from index.errors import BadInput
from index.ingest.ingest import ingest_documents, rebuild
from index.publish.publish import LOCK
from index.types import Document, QueryEncoding
from rag.pipeline import Pipeline
from serving import PATIENCE_S, serving, until

SUPPORT = ROOT / "tests" / "support"
SERVE = [sys.executable, "-c", "from rag.cli.app import main; main()", "serve"]


def document(name: str) -> Document:
    return Document(name, name, name, f"All about {name}.")


@pytest.fixture
def index(tmp_path: Path) -> Path:
    """An index of one document; each test has its own."""
    folder = tmp_path / "index"
    ingest_documents(folder, [document("apples")], HashEmbedder())
    return folder


def ids_of(client: httpx.Client) -> list[str]:
    return [each["doc_id"] for each in client.get("/v1/documents").json()["documents"]]


# A changing index


def test_documents_from_another_process_are_served_without_a_restart(index: Path) -> None:
    code = f"""
from pathlib import Path
from fakes import HashEmbedder
from index.ingest.ingest import ingest_documents
from index.types import Document
pears = Document("pears", "p", "P", "All about pears.")
ingest_documents(Path({str(index)!r}), [pears], HashEmbedder())
"""
    with serving(Pipeline.over(index, HashEmbedder())) as client:
        assert ids_of(client) == ["apples"]
        subprocess.run(
            [sys.executable, "-c", code], check=True, env=os.environ | {"PYTHONPATH": str(SUPPORT)}
        )
        until(lambda: ids_of(client) == ["apples", "pears"])
        assert client.get("/readyz").json()["generation"] == backend_at(index).state()[0] == 2
        best = client.post("/v1/search", json={"query": "pears"}).json()["passages"][0]
        assert best["citation"]["doc_id"] == "pears"


def test_no_search_fails_while_generations_change(index: Path) -> None:
    stop = threading.Event()
    seen: list[tuple[int, int]] = []

    def search() -> None:
        while not stop.is_set():
            response = client.post("/v1/search", json={"query": "apples", "k": 1})
            seen.append((response.status_code, response.json()["generation"]))

    with serving(Pipeline.over(index, HashEmbedder())) as client, ThreadPoolExecutor(3) as threads:
        running = [threads.submit(search) for _ in range(3)]
        for n in range(5):
            ingest_documents(index, [document(f"pears {n}")], HashEmbedder())
            until(lambda n=n: bool(seen) and seen[-1][1] == n + 2)  # type: ignore[misc]
        stop.set()
        for each in running:
            each.result(PATIENCE_S)
    assert {status for status, _ in seen} == {200}
    assert {generation for _, generation in seen} >= {2, 3, 4, 5, 6}


def test_readiness_depends_on_the_index_and_liveness_does_not(
    index: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with serving(Pipeline.over(index, HashEmbedder())) as client:
        assert client.get("/readyz").json() == {
            "status": "ready",
            "generation": 1,
            "n_documents": 1,
            "n_chunks": 1,
            "model": "hash",
        }
        aside = index.rename(index.with_name("aside"))
        until(lambda: client.get("/readyz").status_code == 503)
        told = client.get("/readyz")
        assert told.headers["content-type"] == "application/problem+json"
        assert told.json()["type"] == "/problems/index-missing"
        assert str(index.parent) not in told.text
        assert client.get("/healthz").json() == {"status": "alive"}
        assert client.post("/v1/search", json={"query": "apples"}).status_code == 200
        aside.rename(index)
        until(lambda: client.get("/readyz").status_code == 200)
    assert caplog.text.count("IndexMissing") == 1


def test_after_a_rebuild_with_another_model_the_old_index_is_served(
    index: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with serving(Pipeline.over(index, HashEmbedder())) as client:
        rebuild(index, HashEmbedder("another"), lambda progress: None)
        until(lambda: "IndexMismatch" in caplog.text)
        assert client.get("/readyz").json()["generation"] == 1
        found = client.post("/v1/search", json={"query": "apples"}).json()
        assert found["passages"][0]["citation"]["doc_id"] == "apples"


def test_a_repeated_error_is_logged_once(index: Path, caplog: pytest.LogCaptureFixture) -> None:
    pipeline = Pipeline.over(index, HashEmbedder())
    refresher = Refresher(pipeline)
    shutil.rmtree(index)
    for _ in range(3):
        refresher.refresh()
    pipeline.close()
    assert caplog.text.count("IndexMissing") == 1


# Slow searches


class Held(HashEmbedder):
    """Its encode_query waits until it is released."""

    def __init__(self) -> None:
        super().__init__()
        self.n_begun = 0
        self.let_go = threading.Event()

    def encode_query(self, text: str) -> QueryEncoding:
        self.n_begun += 1
        assert self.let_go.wait(PATIENCE_S)
        return super().encode_query(text)


OTHER_ROUTES = ("/healthz", "/readyz", "/v1/documents", "/v1/documents/apples/text")


def asked(client: httpx.Client, query: str, route: str = "/v1/search") -> httpx.Response:
    return client.post(route, json={"query": query})


def test_running_searches_delay_nothing_else(index: Path) -> None:
    held = Held()
    with serving(Pipeline.over(index, held)) as client, ThreadPoolExecutor(50) as threads:
        searches = [
            threads.submit(asked, client, "apples", route)
            for route in ("/v1/search", "/v1/ask") * 25
        ]
        until(lambda: held.n_begun == 1)
        for path in OTHER_ROUTES:
            assert client.get(path).status_code == 200
        ingest_documents(index, [document("pears")], HashEmbedder())
        until(lambda: ids_of(client) == ["apples", "pears"])
        assert not any(each.done() for each in searches)
        held.let_go.set()
        assert {each.result(PATIENCE_S).status_code for each in searches} == {200}


@pytest.mark.parametrize("route", ["/v1/search", "/v1/ask"])
def test_a_question_beyond_the_queue_is_refused_at_once_with_a_retry_time(
    index: Path, route: str
) -> None:
    held = Held()
    most = SEARCHES_AT_ONCE + 1
    with (
        serving(Pipeline.over(index, held), Limits(queue=1)) as client,
        ThreadPoolExecutor(most + 1) as threads,
    ):
        searches = [threads.submit(asked, client, f"apples {n}", route) for n in range(most + 1)]
        until(lambda: any(each.done() for each in searches))
        (refused,) = (each.result() for each in searches if each.done())
        assert refused.status_code == 429
        assert refused.headers["content-type"] == "application/problem+json"
        assert int(refused.headers["retry-after"]) >= 1
        told = refused.json()
        assert (told["type"], told["instance"]) == ("/problems/overloaded", route)
        assert f"{most} questions are waiting" in told["detail"]
        for path in OTHER_ROUTES:
            assert client.get(path).status_code == 200
        held.let_go.set()
        statuses = [each.result(PATIENCE_S).status_code for each in searches]
        assert sorted(statuses) == [200] * most + [429]
        assert asked(client, "apples", route).status_code == 200


def test_each_client_gets_the_answer_to_its_own_question(index: Path) -> None:
    pipeline = Pipeline.over(index, HashEmbedder())
    questions = [f"apples {n}" for n in range(48)]
    with serving(pipeline) as client, ThreadPoolExecutor(24) as threads:
        answers = threads.map(lambda question: asked(client, question).json(), questions)
        for question, answer in zip(questions, answers, strict=True):
            alone = pipeline.search(question).model_dump(mode="json")
            assert answer | {"took_ms": 0} == alone | {"took_ms": 0}


# Repeated questions


class Counted(HashEmbedder):
    """It counts the questions that it encodes."""

    n_queries = 0

    def encode_query(self, text: str) -> QueryEncoding:
        self.n_queries += 1
        return super().encode_query(text)


def without_time(body: bytes) -> bytes:
    """The JSON of a result with 0 as its `took_ms`; every other byte is unchanged."""
    took_ms = json.loads(body)["took_ms"]
    text = json.dumps(took_ms).encode()
    assert body.count(b',"took_ms":' + text + b",") == 1
    return body.replace(b',"took_ms":' + text + b",", b',"took_ms":0,')


@pytest.mark.parametrize("route", ["/v1/search", "/v1/ask"])
@pytest.mark.parametrize("query", ["apples", 'of "apples","took_ms":1.5,"x\\":2, "took_ms":3,'])
def test_a_repeated_question_gets_the_same_bytes_except_its_time(
    index: Path, route: str, query: str
) -> None:
    counted = Counted()
    with serving(Pipeline.over(index, counted)) as client:
        first, second = (asked(client, query, route) for _ in range(2))
        assert counted.n_queries == 1
        assert without_time(first.content) == without_time(second.content)
        assert second.json()["query"] == query
        assert second.headers["content-length"] == str(len(second.content))


def test_every_parameter_that_changes_the_answer_is_part_of_the_cache_key(index: Path) -> None:
    counted = Counted()
    bodies: list[dict[str, object]] = [
        {},
        {"k": 1},
        {"explain": True},
        {"merge": True},
        {"filter": {"doc_id": ["apples"]}},
        {"filter": {"doc_id": ["a*", "\ud800"]}},
        {"filter": {"media_type": ["apples"]}},
        {"query": "Apples"},
        {"query": "apples "},
    ]
    with serving(Pipeline.over(index, counted)) as client:
        for route in ("/v1/search", "/v1/ask"):
            for body in bodies * 2:
                content = json.dumps({"query": "apples"} | body)
                headers = {"Content-Type": "application/json"}
                assert client.post(route, content=content, headers=headers).status_code == 200
    assert counted.n_queries == 2 * len(bodies)


def test_an_omitted_parameter_equals_its_default(index: Path) -> None:
    counted = Counted()
    with serving(Pipeline.over(index, counted)) as client:
        for body in ({}, {"k": 5}, {"filter": None, "explain": False, "merge": False}):
            client.post("/v1/search", json={"query": "apples"} | body)
    assert counted.n_queries == 1


def test_a_new_generation_is_searched_again(index: Path) -> None:
    counted = Counted()
    with serving(Pipeline.over(index, counted)) as client:
        for _ in range(2):
            assert len(asked(client, "all about").json()["passages"]) == 1
        ingest_documents(index, [document("pears")], HashEmbedder())
        until(lambda: ids_of(client) == ["apples", "pears"])
        for _ in range(2):
            found = asked(client, "all about").json()
            assert (found["generation"], len(found["passages"])) == (2, 2)
    assert counted.n_queries == 2


def test_a_cached_answer_is_returned_even_if_new_searches_are_refused(index: Path) -> None:
    held = Held()
    held.let_go.set()
    with (
        serving(Pipeline.over(index, held), Limits(queue=0)) as client,
        ThreadPoolExecutor(SEARCHES_AT_ONCE + 1) as threads,
    ):
        asked(client, "apples")
        held.let_go.clear()
        searches = [
            threads.submit(asked, client, f"apples {n}") for n in range(SEARCHES_AT_ONCE + 1)
        ]
        until(lambda: any(each.done() for each in searches))
        assert asked(client, "apples").status_code == 200
        held.let_go.set()


def test_without_a_cache_every_question_is_searched(index: Path) -> None:
    counted = Counted()
    with serving(Pipeline.over(index, counted), Limits(cache_bytes=0)) as client:
        first, second = (asked(client, "apples") for _ in range(2))
    assert counted.n_queries == 2
    assert without_time(first.content) == without_time(second.content)


def test_an_error_is_not_cached(index: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    counted = Counted()
    with serving(Pipeline.over(index, counted)) as client:
        with monkeypatch.context() as patch:
            patch.setattr(HashEmbedder, "_vector", lambda self, text: 1 / 0)
            assert asked(client, "apples").status_code == 500
        assert asked(client, "apples").status_code == 200


# Start


def test_creating_the_app_imports_no_model() -> None:
    code = "import sys, api.app, api.cli; print('torch' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert done.stdout == "False\n"


def test_an_app_that_never_started_has_no_task(index: Path) -> None:
    pipeline = Pipeline.over(index, HashEmbedder())
    assert create_app(pipeline).openapi()["openapi"].startswith("3.")
    pipeline.close()


def test_a_free_port_is_bound_and_a_used_one_is_refused() -> None:
    with bound("127.0.0.1", 0) as listener:
        listener.listen()
        port = listener.getsockname()[1]
        assert url_of(listener) == f"http://127.0.0.1:{port}"
        with pytest.raises(BadInput, match=f"port {port} on 127.0.0.1 is in use; .* --port"):
            bound("127.0.0.1", port)


@pytest.mark.parametrize(
    ("host", "says"),
    [
        ("192.0.2.1", "not an address of this machine"),  # reserved for documentation
        ("no.such.host.invalid", "has no address"),
        ("", "has no address"),
        ("x" * 70, "has no address"),
    ],
)
def test_an_unusable_host_is_refused(host: str, says: str) -> None:
    with pytest.raises(BadInput, match=f"{says}.* --host"):
        bound(host, 0)


def test_the_url_is_one_that_this_machine_can_open() -> None:
    with bound("0.0.0.0", 0) as listener:
        assert url_of(listener) == f"http://127.0.0.1:{listener.getsockname()[1]}"
        assert not is_local(listener)
    if socket.has_ipv6:
        with bound("::1", 0) as listener:
            assert url_of(listener) == f"http://[::1]:{listener.getsockname()[1]}"
            assert is_local(listener)


# The command


@pytest.mark.parametrize(
    ("options", "says"),
    [
        (["--index", "nowhere"], "no index at nowhere; create one with `rag ingest PATH`"),
        (["--port", "70000"], "port"),
        (["--workers", "0"], "workers: Input should be greater than or equal to 1"),
        (["--workers", "-2"], "workers: Input should be greater than or equal to 1"),
        (["--workers", "2", "--index", "nowhere"], "no index at nowhere"),
        (["--host", "192.0.2.1"], "192.0.2.1 is not an address of this machine"),
    ],
)
def test_an_error_is_one_line_and_comes_before_the_model_is_loaded(
    seeds_index: Path, tmp_path: Path, options: list[str], says: str
) -> None:
    index = [] if "--index" in options else ["--index", str(seeds_index)]
    done = subprocess.run(
        [*SERVE, *index, *options], capture_output=True, text=True, cwd=tmp_path, timeout=60
    )
    assert done.returncode == 2
    assert says in done.stderr
    assert len(done.stderr.splitlines()) == 1


@pytest.fixture
def process(seeds_index: Path) -> Iterator[subprocess.Popen[str]]:
    """`rag serve` over the seed article."""
    command = [*SERVE, "--index", str(seeds_index), "--port", "0"]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        yield process
        process.kill()


def greeting(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    lines = ""
    while "Ctrl-C" not in lines:
        line = process.stdout.readline()
        assert line, process.stderr and process.stderr.read()
        lines += line
    return lines


def test_the_command_prints_an_example_and_ends_without_error_on_ctrl_c(
    process: subprocess.Popen[str],
) -> None:
    said = greeting(process)
    url, curl = re.findall(r"http://127\.0\.0\.1:\d+", said)[0], re.findall(r"curl .*", said)[0]
    assert httpx.get(f"{url}/openapi.json").status_code == 200
    if shutil.which("curl"):
        pasted = subprocess.run(curl, shell=True, check=True, capture_output=True, text=True)
        assert json.loads(pasted.stdout)["answered"]
    with socket.create_connection(("127.0.0.1", int(url.rpartition(":")[2]))):  # no request
        began = time.monotonic()
        process.send_signal(signal.SIGINT)
        _, stderr = process.communicate(timeout=PATIENCE_S)
    assert process.returncode == 0
    assert time.monotonic() - began < 5
    assert "Loading the model…" in stderr
    assert "Traceback" not in stderr


def test_a_stop_does_not_wait_for_clients_that_never_finish_their_request(
    process: subprocess.Popen[str],
) -> None:
    port = int(re.findall(r"http://127\.0\.0\.1:(\d+)", greeting(process))[0])
    with socket.create_connection(("127.0.0.1", port)) as half:
        half.sendall(
            b"POST /v1/search HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
            b"Content-Length: 100\r\n\r\n{"
        )
        time.sleep(0.3)
        process.send_signal(signal.SIGINT)
        _, stderr = process.communicate(timeout=PATIENCE_S)
    assert process.returncode == 0
    assert "Traceback" not in stderr


HANGING = """
import sys, threading
from pathlib import Path
from api.app import create_app
from api.network.server import Server, bound, url_of
from fakes import HashEmbedder
from index.backends import backend_at
from rag.pipeline import Pipeline

class Hanging(HashEmbedder):
    def encode_query(self, text):
        print("encoding", flush=True)
        threading.Event().wait()

class Looking(Pipeline):
    def refresh(self):
        print("looking", flush=True)
        threading.Event().wait()

class Telling(Pipeline):
    def refresh(self):
        generation = backend_at(Path(sys.argv[1])).state()[0]
        super().refresh()
        print("looked at", generation, flush=True)

with bound("127.0.0.1", 0) as listener:
    kinds = {"looking": Looking, "telling": Telling}
    pipeline = kinds.get(sys.argv[-1], Pipeline).over(Path(sys.argv[1]), Hanging())
    greet = lambda: print(url_of(listener), flush=True)
    Server(create_app(pipeline), greet).run(sockets=[listener])
"""


@contextmanager
def hanging_server(index: Path, kind: str = "") -> Iterator[subprocess.Popen[str]]:
    """kind: "looking" if the first check of the index hangs, "telling" if each check is printed."""
    paths = os.pathsep.join([str(SUPPORT), str(ROOT)])
    with subprocess.Popen(
        [sys.executable, "-c", HANGING, str(index), kind],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=os.environ | {"PYTHONPATH": paths},
    ) as process:
        watchdog = threading.Timer(3 * PATIENCE_S, process.kill)
        watchdog.start()
        yield process
        watchdog.cancel()
        process.kill()


@pytest.fixture
def hanging(index: Path) -> Iterator[subprocess.Popen[str]]:
    """A server that never answers a question."""
    with hanging_server(index) as process:
        yield process


def line_of(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    return process.stdout.readline().strip()


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_hanging_search_does_not_prevent_the_end_of_the_process(
    hanging: subprocess.Popen[str], number: signal.Signals
) -> None:
    url = line_of(hanging)
    with ThreadPoolExecutor(1) as threads:
        threads.submit(httpx.post, f"{url}/v1/search", json={"query": "x"}, timeout=PATIENCE_S)
        assert line_of(hanging) == "encoding"
        hanging.send_signal(number)
        _, stderr = hanging.communicate(timeout=GRACE_S + PATIENCE_S)
    assert hanging.returncode in (-number, 128 + number)
    assert "Finished server process" in stderr or "ending at once" in stderr


@pytest.mark.slow
def test_a_hanging_check_of_the_index_does_not_prevent_the_end_of_the_process(
    index: Path,
) -> None:
    with hanging_server(index, "looking") as process:
        lines = sorted([line_of(process), line_of(process)])
        assert lines[1] == "looking"
        assert httpx.get(f"{lines[0]}/healthz").status_code == 200
        process.send_signal(signal.SIGTERM)
        _, stderr = process.communicate(timeout=GRACE_S + PATIENCE_S)
    assert process.returncode == 128 + signal.SIGTERM
    assert f"Still busy {GRACE_S:g} s after the signal to stop; ending at once" in stderr
    assert "AnyIO worker thread" in stderr
    assert "Finished server process" not in stderr


@pytest.mark.parametrize("late", [False, True], ids=["early", "late"])
def test_a_suspended_process_that_publishes_prevents_no_server_from_ending(
    index: Path, tmp_path: Path, late: bool
) -> None:
    """Neither a running server whose files become outdated, nor one that starts then."""
    docs = tmp_path / "docs"
    docs.mkdir()
    (docs / "pears.txt").write_text("All about pears.")
    with ExitStack() as stack:
        holder = stack.enter_context(stopped_holder_of(index / LOCK))
        if late:
            commit(index, docs)
        process = stack.enter_context(hanging_server(index, "telling"))
        url = next(line for line in iter(lambda: line_of(process), "") if "//" in line)
        if not late:
            commit(index, docs)
        looked = f"looked at {backend_at(index).state()[0]}"
        assert looked in iter(lambda: line_of(process), "")
        assert httpx.get(f"{url}/readyz").json()["generation"] == 1
        process.send_signal(signal.SIGTERM)
        _, stderr = process.communicate(timeout=PATIENCE_S)
        assert holder.poll() is None
    assert process.returncode == -signal.SIGTERM
    assert "Finished server process" in stderr
