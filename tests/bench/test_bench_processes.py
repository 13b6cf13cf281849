"""Measured processes: time, memory, results and errors; peers, machine, wrk and tasks."""

import json
import os
import shutil
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import ClassVar

import pytest

from bench import tasks, wrk
from bench.corpus import load_corpus, write_articles
from bench.machine import _cpu, this_machine, versions
from bench.peers import ST_FAISS, TXTAI, PeerEnvironment, PeerSystem, install_peer
from bench.processes import MeasurementFailed, environment, measure_process, run_job, run_task
from command import ROOT
from index.store.store import Store

MB = 2**20


def python(program: str) -> list[str | Path]:
    return [sys.executable, "-c", program]


def test_peak_memory_is_that_of_the_process_and_not_of_its_parent(tmp_path: Path) -> None:
    held = b"x" * (300 * MB)
    small = measure_process(python("pass"), tmp_path)
    large = measure_process(python(f"held = b'x' * {200 * MB}"), tmp_path)
    assert small.peak_mb < 100
    assert 190 < large.peak_mb - small.peak_mb < 230
    assert len(held) == 300 * MB


def test_time_is_that_of_the_whole_process(tmp_path: Path) -> None:
    usage = measure_process(python("import time; time.sleep(0.4); print('done')"), tmp_path)
    assert usage.wall_s >= 0.4
    assert usage.cpu_s < usage.wall_s
    assert usage.output == "done\n"


def test_the_error_of_a_failed_process_has_its_last_line(tmp_path: Path) -> None:
    failing = python("import sys; print('went well'); sys.exit('it broke')")
    with pytest.raises(MeasurementFailed, match="status 1: it broke"):
        measure_process(failing, tmp_path)
    with pytest.raises(MeasurementFailed, match="status 1: it broke"):
        run_job(failing, {})


def test_the_result_of_a_job_is_its_last_line() -> None:
    program = "import json, sys; print('Loading'); print(json.dumps(json.load(sys.stdin)['n'] + 1))"
    assert run_job(python(program), {"n": 41}) == 42


@pytest.mark.parametrize("program", ["pass", "print('no JSON')"])
def test_a_last_line_that_is_not_json_is_an_error(program: str) -> None:
    with pytest.raises(MeasurementFailed, match="line of JSON"):
        run_job(python(program), {})


def test_processes_use_all_cores_and_no_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("OMP_NUM_THREADS", "RAG_RERANK", "RAG_CACHE_DIR", "HOME"):
        monkeypatch.setenv(name, "/somewhere")
    passed = environment()
    assert passed.keys().isdisjoint({"OMP_NUM_THREADS", "RAG_RERANK"})
    assert passed["HOME"] == passed["RAG_CACHE_DIR"] == "/somewhere"


# Peers


def test_peers_versions_are_pinned_and_torch_comes_first() -> None:
    for peer in (ST_FAISS, TXTAI):
        assert all(len(each.split("==")) == 2 for each in peer.requirements)
        assert peer.requirements[0].startswith("torch==")
        assert PeerEnvironment(peer, Path(sys.executable)).script.is_file()
    assert TXTAI.packages == ("torch", "transformers", "txtai", "faiss-cpu")


def test_scripts_of_peers_import_nothing_of_this_project() -> None:
    for file in (ROOT / "bench" / "peers").glob("[a-z]*.py"):
        imported = [line.split()[1] for line in file.read_text().splitlines() if _imports(line)]
        assert "json" in imported
        assert {name.partition(".")[0] for name in imported}.isdisjoint(
            {"index", "rag", "api", "eval", "bench"}
        )


def _imports(line: str) -> bool:
    return line.strip().startswith(("import ", "from "))


def test_an_environment_is_created_once_for_the_same_versions(tmp_path: Path) -> None:
    peer = PeerSystem("made by hand", "by_hand", ("some==1",))
    folder = tmp_path / "by_hand"
    folder.mkdir()
    (folder / "requirements.txt").write_text("some==1\n")
    assert install_peer(peer, tmp_path) == PeerEnvironment(peer, folder / "bin" / "python")


def test_an_environment_for_other_versions_is_created_again_and_failures_are_reported(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.delenv("PIP_FIND_LINKS", raising=False)
    peer = PeerSystem("made by hand", "by_hand", ("no-such-package-here==1",))
    folder = tmp_path / "by_hand"
    folder.mkdir()
    (folder / "requirements.txt").write_text("no-such-package-here==0\n")
    with pytest.raises(MeasurementFailed, match="no-such-package-here==1"):
        install_peer(peer, tmp_path)
    assert (folder / "bin" / "python").exists()
    assert not (folder / "requirements.txt").exists()


def test_the_versions_are_those_installed() -> None:
    environment = PeerEnvironment(
        PeerSystem("this", "st_faiss", ("pytest==0", "numpy==0")), Path(sys.executable)
    )
    installed = versions(["pytest", "numpy", "no-such-package"])
    assert environment.versions() == {
        f"this: {name}": version for name, version in installed.items()
    }
    assert installed.keys() == {"pytest", "numpy"}


# The machine


def test_the_processor_name_is_read_from_cpuinfo(tmp_path: Path) -> None:
    cpuinfo = tmp_path / "cpuinfo"
    cpuinfo.write_text("processor\t: 0\nmodel name\t: A CPU @ 3 GHz\nflags\t\t: fpu avx2 sse\n")
    assert _cpu(cpuinfo) == ("A CPU @ 3 GHz", ("avx2",))


def test_this_machine_is_described() -> None:
    machine = this_machine()
    assert 1 <= machine.cores <= (os.cpu_count() or 1)
    assert machine.python == sys.version.split()[0]
    assert machine.memory_gb > 0.5


# wrk

REPORT = """Running 6s test @ http://127.0.0.1:8000/v1/search
  1 threads and 64 connections
  Thread Stats   Avg      Stdev     Max   +/- Stdev
    Latency   110.42ms   31.20ms 301.77ms   71.20%
    Req/Sec   580.11     60.31   720.00     68.00%
  3480 requests in 6.00s, 12.11MB read
  Non-2xx or 3xx responses: 12
Requests/sec:    580.00
Transfer/sec:      2.02MB
wrk.lua {"requests": 3480, "seconds": 6.0, "p50_ms": 108.5, "p99_ms": 240.25, "errors": 12}
"""


def test_the_report_of_wrk_is_parsed() -> None:
    load = wrk.parse_report(REPORT)
    assert load == wrk.Load(3480, 6.0, 108.5, 240.25, 12)
    assert load.rate == 578.0


def test_wrk_output_without_its_scripts_report_is_an_error() -> None:
    with pytest.raises(MeasurementFailed, match="Transfer/sec"):
        wrk.parse_report(REPORT.partition("wrk.lua")[0])


class RecordingHandler(BaseHTTPRequestHandler):
    """Records every question, and answers those that end in 7 with an error."""

    protocol_version = "HTTP/1.1"
    bodies: ClassVar[list[bytes]] = []
    content_types: ClassVar[set[str]] = set()

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.bodies.append(body)
        self.content_types.add(self.headers["Content-Type"])
        self.send_response(503 if body.endswith(b'7"}') else 200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None: ...


class Server(ThreadingHTTPServer):
    request_queue_size = wrk.CONNECTIONS  # a client that meets a full queue waits a second

    def handle_error(self, *_: object) -> None:
        """Ignore errors: wrk drops its open connections at the end."""


@pytest.mark.skipif(shutil.which("wrk") is None, reason="wrk is not installed")
def test_wrk_sends_every_line_of_a_file_once(tmp_path: Path) -> None:
    bodies = [json.dumps({"query": f"question {n}"}) for n in range(200_000)]
    file = tmp_path / "questions.jsonl"
    file.write_text("".join(f"{body}\n" for body in bodies))
    server = Server(("127.0.0.1", 0), RecordingHandler)
    thread = Thread(target=server.serve_forever)
    thread.start()
    try:
        load = wrk.load(f"http://127.0.0.1:{server.server_port}/v1/search", file, 100, 1)
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
    seen = [body.decode() for body in RecordingHandler.bodies]
    assert len(set(seen)) == len(seen)
    # wrk uses the script's first request only to check the script, and does not send it. One
    # request per connection can be running when the time is over; its response is never read.
    asked_at_most = bodies[101 : 101 + len(seen) + wrk.CONNECTIONS]
    assert set(seen) <= set(asked_at_most)
    assert RecordingHandler.content_types == {"application/json"}
    refused = sum(body.endswith('7"}') for body in seen)
    # Up to 64 responses are pending when wrk stops counting.
    assert len(seen) - 64 <= load.requests <= len(seen)
    assert refused - 64 <= load.errors <= refused


# This project


@pytest.fixture(scope="module")
def ingested(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, float]]:
    folder = tmp_path_factory.mktemp("bench")
    articles = write_articles(load_corpus(ROOT / "eval" / "seeds", 4, 1), folder / "articles")
    index = folder / "index"
    return index, run_task("ingest", index=str(index), documents=str(articles))


def test_an_ingest_is_complete(ingested: tuple[Path, dict[str, float]]) -> None:
    index, output = ingested
    store = Store.open(index)
    try:
        assert store.count() == (1, output["n_chunks"])
        ids = store.chunk_ids_of(row.row_id for row in store.records())
        texts = [text for _, text, _ in store.texts(ids)]
    finally:
        store.close()
    assert (index / "derived.json").is_file()
    assert output["seconds"] > 0
    assert len(texts) == output["n_chunks"]


@pytest.mark.parametrize("rerank", [None, "none"])
def test_every_question_is_timed_except_the_first_ones(
    ingested: tuple[Path, dict[str, float]], rerank: str | None
) -> None:
    index, _ = ingested
    job = {"first": ["One?"], "questions": ["Two?", "Three?", "Four?"], "k": 3}
    output = run_task("query", index=str(index), rerank=rerank, **job)
    assert len(output["ms"]) == 3
    assert min(output["ms"]) > 0


def test_all_questions_are_encoded() -> None:
    assert tasks.encode({"questions": ["One?", "Two?", "Three?"], "batch": 2})["seconds"] > 0
