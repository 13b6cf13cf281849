"""Changes of documents against crashes, limits, slow clients, and other processes that write."""

import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest

from api.network.connections import ConnectionLimits
from api.writing import writes
from api.writing.job_files import JobFiles
from api.writing.results import JobOut, JobProgress
from api.writing.writes import Writing
from command import ROOT, rag
from fakes import HashEmbedder
from holding import stopped_holder_of
from index.backends import backend_at
from index.errors import IndexBusy
from index.ingest.ingest import ingest, ingest_documents
from index.maintain.check import check
from index.protocols import Embedder
from index.publish.session import LOCK
from index.types import Document
from privileges import give_up_root_access, needs_permissions
from rag.pipeline import Pipeline
from raw_http import answer_to, connect, read_all, status
from serving import PATIENCE_S, serving, until

SERVE = [sys.executable, "-c", "from rag.cli.app import main; main()", "serve"]
START_S = 120.0


@pytest.fixture
def index(tmp_path: Path) -> Path:
    """An index of one document, with the fake model."""
    folder = tmp_path / "index"
    ingest_documents(folder, [Document("apples", "a", "A", "All about apples.")], HashEmbedder())
    return folder


def writing(index: Path, body_bytes: int = 100_000) -> Writing:
    return Writing(backend_at(index), HashEmbedder(), index, body_bytes=body_bytes)


@contextmanager
def started(index: Path, *options: str) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """A `rag serve --writable` and its address. It is killed with its workers at the end.

    It logs to the file `log` next to the index directory.
    """
    index.parent.mkdir(exist_ok=True)
    log = (index.parent / "log").open("w", encoding="utf-8")
    process = subprocess.Popen(
        [*SERVE, "--index", str(index), "--port", "0", "--writable", *options],
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        stderr=log,
        text=True,
        start_new_session=True,
    )
    assert process.stdout is not None
    try:
        for line in process.stdout:
            if found := re.search(r"curl -T FILE (http://127.0.0.1:\d+)/", line):
                yield process, found[1]
                break
        else:
            pytest.fail("the server did not start")
    finally:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait(PATIENCE_S)
        process.stdout.close()
        log.close()


def workers_of(log: Path) -> list[int]:
    """The processes that serve, by the log of a server."""
    return [int(pid) for pid in re.findall(r"Started server process \[(\d+)\]", log.read_text())]


def search(url: str, query: str) -> dict[str, Any]:
    body = {"query": query, "k": 1}
    reply = httpx.post(f"{url}/v1/search", json=body, timeout=PATIENCE_S)
    found: dict[str, Any] = reply.json()
    return found


# Crashes


def test_what_was_acknowledged_survives_a_kill(tmp_path: Path, embedder: Embedder) -> None:
    index = tmp_path / "new" / "index"
    ids = [f"d{n}" for n in range(5)]
    with started(index) as (process, url), httpx.Client(base_url=url, timeout=START_S) as client:
        for doc_id in ids[:-1]:
            client.put(f"/v1/documents/{doc_id}", json={"text": f"Known is {doc_id}."})
        last = client.put(f"/v1/documents/{ids[-1]}?wait=true", json={"text": "The last dike."})
        os.killpg(process.pid, signal.SIGKILL)
        assert last.status_code == 201
        process.wait(PATIENCE_S)
    assert check(index).sound
    with serving(Pipeline.over(index, embedder)) as client:
        assert client.get(f"/v1/documents/{ids[-1]}").headers["etag"] == last.headers["etag"]
        found = search(str(client.base_url), "Which dike?")
        assert found["passages"][0]["citation"]["doc_id"] == ids[-1]


def test_a_job_of_a_killed_process_has_failed(index: Path) -> None:
    code = """
import sys, time
from datetime import datetime, timezone
from pathlib import Path
from api.writing.job_files import JobFiles
from api.writing.results import JobOut, JobProgress
files = JobFiles(Path(sys.argv[1]))
progress = JobProgress(documents=0, n_documents=1, characters=0, n_characters=9, chunks=0)
now = datetime.now(timezone.utc)
job = JobOut(job_id=files.new_id(), state="running", created=now, progress=progress)
files.write(job)
print(job.job_id, flush=True)
sys.stdin.read()
"""
    reader = JobFiles(index)
    with subprocess.Popen(
        [sys.executable, "-c", code, str(index)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
    ) as process:
        assert process.stdout is not None
        job_id = process.stdout.readline().strip()
        running = reader.read(job_id)
        process.kill()
        process.wait(PATIENCE_S)
    assert running is not None
    assert running.state == "running"
    lost = reader.read(job_id)
    assert lost is not None
    assert lost.problem is not None
    assert (lost.state, "send the request again" in lost.problem.detail) == ("failed", True)


@pytest.mark.slow
def test_an_acknowledged_put_is_found_by_every_worker(tmp_path: Path) -> None:
    with started(tmp_path / "index", "--workers", "2") as (_, url):
        workers = workers_of(tmp_path / "log")
        assert len(workers) == 2
        took_s = []
        for n in range(10):
            began = time.perf_counter()
            body = {"text": f"The password of tower {n} is walnut{n}."}
            put = httpx.put(f"{url}/v1/documents/tower{n}?wait=true", json=body, timeout=START_S)
            took_s.append(time.perf_counter() - began)
            assert put.status_code == 201
            with ThreadPoolExecutor(8) as threads:
                replies = list(threads.map(lambda q: search(url, q), [f"walnut{n}"] * 8))
            assert {reply["generation"] >= put.json()["generation"] for reply in replies} == {True}
            found = {reply["passages"][0]["citation"]["doc_id"] for reply in replies}
            assert found == {f"tower{n}"}
        # It is not acknowledged while one process cannot serve it.
        stopped = workers[0]
        os.kill(stopped, signal.SIGSTOP)
        put = httpx.put(f"{url}/v1/documents/late", json={"text": "Late."}, timeout=START_S)
        assert put.status_code == 202
        location = url + put.headers["location"]
        until(lambda: httpx.get(location, timeout=START_S).json()["state"] == "stored", START_S)
        os.kill(stopped, signal.SIGCONT)
        until(lambda: httpx.get(location, timeout=START_S).json()["state"] == "done", START_S)
        assert {httpx.get(location, timeout=START_S).status_code for _ in range(8)} == {200}
    assert sorted(took_s)[5] < 5


# Jobs


def test_a_job_shows_its_progress_and_its_result(index: Path) -> None:
    text = "\n\n".join(f"Paragraph {n} is about grain." for n in range(300))
    with serving(Pipeline.over(index, HashEmbedder()), writing=writing(index)) as client:
        reply = client.put("/v1/documents/long.txt?wait=false", json={"text": text})
        assert reply.status_code == 202
        assert reply.headers["retry-after"] == "1"
        assert reply.json()["state"] == "queued"
        location = reply.headers["location"]
        assert location == f"/v1/jobs/{reply.json()['job_id']}"
        until(lambda: client.get(location).json()["state"] == "done")
        job = client.get(location).json()
        document = client.get("/v1/documents/long.txt").json()
        assert job["result"]["document"] == document
        assert job["problem"] is None
        assert job["progress"] == {
            "documents": 1,
            "n_documents": 1,
            "characters": len(text),
            "n_characters": len(text),
            "chunks": document["n_chunks"],
        }
    kept = JobFiles(index).read(job["job_id"])
    assert kept is not None
    assert kept.state == "done"


def test_a_job_that_fails_says_why(index: Path) -> None:
    with serving(Pipeline.over(index, HashEmbedder()), writing=writing(index)) as client:
        reply = client.put("/v1/documents/a.pdf?wait=false", content=b"%PDF-1.4 broken")
        location = reply.headers["location"]
        until(lambda: client.get(location).json()["state"] == "failed")
        job = client.get(location).json()
        assert job["problem"]["status"] == 422
        assert job["problem"]["detail"].startswith("a.pdf: ")
        assert job["result"] is None
        unknown = client.get(f"/v1/jobs/{'0' * 32}")
        assert (unknown.status_code, unknown.json()["type"]) == (404, "/problems/job-not-found")
        assert client.get("/v1/jobs/..%2Frag.db").status_code == 404


def test_changes_of_one_document_are_made_in_the_order_of_their_requests(index: Path) -> None:
    with serving(Pipeline.over(index, HashEmbedder()), writing=writing(index)) as client:
        html = b"<html><body><p>" + b"First. " * 5000 + b"</p></body></html>"
        client.put("/v1/documents/a.html?wait=false", content=html)
        client.put("/v1/documents/a.html?wait=false", json={"text": "<p>Second.</p>"})
        client.patch("/v1/documents/a.html?wait=false", json={"metadata": {"n": 3}})
        last = client.delete("/v1/documents/a.html?wait=true", headers={"if-match": '"other"'})
        assert last.status_code == 412
        assert client.get("/v1/documents/a.html/text").json()["text"] == "Second."
        assert client.get("/v1/documents/a.html").json()["metadata"]["n"] == "3"


def test_only_the_last_jobs_are_kept(tmp_path: Path) -> None:
    files = JobFiles(tmp_path, max_jobs=3)
    progress = JobProgress(documents=0, n_documents=1, characters=0, n_characters=9, chunks=0)
    now = datetime.now(UTC)
    jobs = [
        JobOut(job_id=files.new_id(), state="done", created=now, progress=progress)
        for _ in range(6)
    ]
    for job in jobs:
        files.write(job)
    assert [files.read(job.job_id) for job in jobs] == [None, None, None, *jobs[3:]]
    files.close()


# Other processes that write


def test_a_change_waits_for_another_process_that_writes(index: Path) -> None:
    with serving(Pipeline.over(index, HashEmbedder()), writing=writing(index)) as client:
        with stopped_holder_of(index / LOCK) as holder:
            waits = client.put("/v1/documents/a?wait=false", json={"text": "Waits."})
            threading.Timer(0.3, holder.kill).start()
            reply = client.put("/v1/documents/b?wait=true", json={"text": "Waits too."})
            assert holder.poll() is not None
        assert reply.status_code == 201
        until(lambda: client.get(waits.headers["location"]).json()["state"] == "done")


def test_a_change_fails_in_words_if_another_process_writes_too_long(
    index: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(writes, "WAIT_FOR_LOCK_S", 0.1)
    with (
        serving(Pipeline.over(index, HashEmbedder()), writing=writing(index)) as client,
        stopped_holder_of(index / LOCK),
    ):
        reply = client.put("/v1/documents/a?wait=true", json={"text": "Waits."})
        assert reply.status_code == 503
        assert int(reply.headers["retry-after"]) >= 1
        assert "another process is writing to the index" in reply.json()["detail"]
        assert client.get("/v1/documents/a").status_code == 404


def test_changes_and_ingests_of_other_processes_lose_nothing(index: Path, tmp_path: Path) -> None:
    docs = tmp_path / "docs"
    docs.mkdir()
    for n in range(10):
        (docs / f"f{n}.txt").write_text(f"File {n}.", encoding="utf-8")

    def ingest_all() -> None:
        for n in range(10):
            until(lambda n=n: _ingested(index, docs / f"f{n}.txt"))  # type: ignore[misc]

    with serving(Pipeline.over(index, HashEmbedder()), writing=writing(index)) as client:
        thread = threading.Thread(target=ingest_all)
        thread.start()
        for n in range(20):
            body = {"text": f"Text {n}."}
            assert client.put(f"/v1/documents/d{n}?wait=true", json=body).status_code == 201
        thread.join(PATIENCE_S)
        until(lambda: client.get("/readyz").json()["n_documents"] == 31)
    assert check(index).sound


def _ingested(index: Path, path: Path) -> bool:
    try:
        ingest(index, [path], HashEmbedder)
    except IndexBusy:
        return False
    return True


def test_documents_without_files_are_left_alone_by_ingest(
    index: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs" / "file.md").write_text("A file about files.", encoding="utf-8")
    (tmp_path / "docs" / "other.md").write_text("Another file.", encoding="utf-8")
    ingest(index, [Path("docs")], HashEmbedder)
    with serving(Pipeline.over(index, HashEmbedder()), writing=writing(index)) as client:
        text = {"text": "A text that replaces the file."}
        put = client.put("/v1/documents/docs/file.md?wait=true", json=text)
        assert put.json()["result"] == "replaced"
        client.put("/v1/documents/docs/only-here.md?wait=true", json={"text": "No file at all."})
        report = ingest(index, [Path("docs")], HashEmbedder, prune=True)
        assert (report.removed, report.unchanged) == ([], ["docs/other.md"])
        [skipped] = report.skipped
        assert (skipped.path, skipped.kind) == ("docs/file.md", "taken")
        assert "rag remove docs/file.md" in skipped.reason
        until(lambda: client.get("/readyz").json()["n_documents"] == 4)
        kept = client.get("/v1/documents/docs/file.md/text").json()["text"]
        assert kept == "A text that replaces the file."
        removed = client.delete("/v1/documents/docs/file.md?wait=true")
        assert removed.status_code == 200
        assert ingest(index, [Path("docs")], HashEmbedder).added == ["docs/file.md"]


# Limits


def test_a_too_large_upload_is_refused_before_it_is_read(index: Path) -> None:
    with serving(Pipeline.over(index, HashEmbedder()), writing=writing(index)) as client:
        head = b"PUT /v1/documents/a.txt HTTP/1.1\r\nHost: localhost\r\nContent-Length: %d\r\n\r\n"
        refused = answer_to(client, head % 100_001)  # of which nothing is sent
        assert status(refused) == 413
        assert b"100,000 bytes, the setting upload_mb" in refused
        chunked = (
            b"PUT /v1/documents/a.txt HTTP/1.1\r\nHost: localhost\r\n"
            b"Transfer-Encoding: chunked\r\n\r\n" + b"fff\r\n" + b"x" * 4095 + b"\r\n"
        )
        refused = answer_to(client, chunked + (b"fff\r\n" + b"x" * 4095 + b"\r\n") * 24)
        assert status(refused) == 413
        assert client.put("/v1/documents/a.txt", content=b"x " * 50_000).status_code in (201, 202)
        long_patch = client.patch("/v1/documents/a.txt", json={"metadata": {"a": "x" * 70_000}})
        assert long_patch.status_code == 413


def test_an_upload_that_stops_is_ended_and_a_slow_one_is_not(index: Path) -> None:
    limits = ConnectionLimits(body_s=1.5, upload_bytes_a_s=5_000)
    service = serving(
        Pipeline.over(index, HashEmbedder()), connections=limits, writing=writing(index)
    )
    head = (
        b"PUT /v1/documents/a.txt?wait=true HTTP/1.1\r\nHost: localhost\r\n"
        b"Connection: close\r\nContent-Length: 50000\r\n\r\n"
    )
    with service as client, connect(client) as stops, connect(client) as slow:
        stops.sendall(head + b"x" * 10_000)
        slow.sendall(head)
        for _ in range(10):
            slow.sendall(b"word " * 1000)
            time.sleep(0.25)
        assert status(read_all(slow)) == 201
        assert status(read_all(stops)) == 408
        assert [each["doc_id"] for each in client.get("/v1/documents").json()["documents"]] == [
            "a.txt",
            "apples",
        ]


def test_a_client_that_leaves_while_it_uploads_frees_its_memory(index: Path) -> None:
    with serving(Pipeline.over(index, HashEmbedder()), writing=writing(index)) as client:
        head = (
            b"PUT /v1/documents/a.txt HTTP/1.1\r\nHost: localhost\r\nContent-Length: 99000\r\n\r\n"
        )
        held = [connect(client) for _ in range(4)]
        for connection in held:
            connection.sendall(head + b"x" * 1000)
        until(lambda: _put_large(client).status_code == 429)
        refused = _put_large(client)
        assert int(refused.headers["retry-after"]) >= 1
        assert "try again" in refused.json()["detail"]
        for connection in held:
            connection.shutdown(socket.SHUT_RDWR)
            connection.close()
        until(lambda: _put_large(client).status_code in (200, 201))


def _put_large(client: httpx.Client) -> httpx.Response:
    return client.put("/v1/documents/large.txt?wait=true", content=b"word " * 15_000)


# The command


@needs_permissions
def test_a_writable_service_of_a_read_only_index_does_not_start(index: Path) -> None:
    for path in (index, *index.rglob("*")):
        path.chmod(0o500 if path.is_dir() else 0o400)
    try:
        options = ("--index", index, "--port", "0", "--writable")
        told = rag("serve", *options, preexec_fn=give_up_root_access)
    finally:
        for path in (index, *index.rglob("*")):
            path.chmod(0o700 if path.is_dir() else 0o600)
    assert told.returncode == 2
    assert "read-only for this user" in told.stderr
    assert "Traceback" not in told.stderr


def test_serve_warns_that_anyone_can_change_documents(tmp_path: Path) -> None:
    told = rag("serve", "--help", cwd=tmp_path)
    assert "--writable" in told.stdout
    assert "put, change and remove documents" in " ".join(told.stdout.split())
