"""`rag serve --workers`: several processes on one port that start and end together."""

import os
import re
import signal
import socket
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from serving import PATIENCE_S, until

SERVE = [sys.executable, "-c", "from rag.cli.app import main; main()", "serve"]
N_WORKERS = 2
START_S = 120.0

pytestmark = pytest.mark.slow


class Supervisor:
    """A started service, with its output so far."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self.process = process
        self.out, self.err = "", ""
        for stream in ("stdout", "stderr"):
            threading.Thread(target=self._read, args=(stream,), daemon=True).start()
        until(lambda: "Ctrl-C" in self.out or process.poll() is not None, START_S)
        assert process.poll() is None, self.err
        self.port = int(re.findall(r"Serving .* on http://127\.0\.0\.1:(\d+)", self.out)[0])
        self.url = f"http://127.0.0.1:{self.port}"

    def _read(self, stream: str) -> None:
        for line in getattr(self.process, stream):
            if stream == "stdout":
                self.out += line
            else:
                self.err += line

    @property
    def started(self) -> list[int]:
        """The process ids of the workers, in the order in which they became ready."""
        return [int(pid) for pid in re.findall(r"Started server process \[(\d+)\]", self.err)]

    def ends(self) -> int:
        return self.process.wait(PATIENCE_S)


def alive(pid: int) -> bool:
    """Whether a process runs. One that ended but has not been waited for does not run."""
    status = subprocess.run(["ps", "-o", "stat=", "-p", str(pid)], capture_output=True, text=True)
    return bool(status.stdout.strip()) and not status.stdout.startswith("Z")


@pytest.fixture
def served(seeds_index: Path) -> Iterator[Supervisor]:
    command = [*SERVE, "--index", str(seeds_index), "--port", "0", "--workers", str(N_WORKERS)]
    with subprocess.Popen(
        command,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,  # so that a signal to its group does not reach ours
    ) as process:
        try:
            yield Supervisor(process)
        finally:
            os.killpg(process.pid, signal.SIGKILL)


def test_all_workers_answer_on_one_port_and_the_greeting_is_printed_once(
    served: Supervisor,
) -> None:
    assert served.out.count("Serving ") == 1
    assert len(served.started) == len(set(served.started)) == N_WORKERS
    assert served.process.pid not in served.started
    answers = Counter(
        httpx.post(f"{served.url}/v1/search", json={"query": f"Who pays {n}?"}).status_code
        for n in range(20)
    )
    assert answers == {200: 20}


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_all_processes_without_a_traceback(
    served: Supervisor, number: signal.Signals
) -> None:
    with socket.create_connection(("127.0.0.1", served.port)):  # a connection without a request
        if number == signal.SIGINT:
            os.killpg(served.process.pid, number)  # as a terminal does
        else:
            served.process.send_signal(number)
        assert served.ends() == 0
    assert not any(map(alive, served.started))
    assert "Traceback" not in served.err


def test_a_dead_worker_is_replaced_and_the_others_answer_meanwhile(
    served: Supervisor,
) -> None:
    victim, other = served.started
    os.kill(victim, signal.SIGKILL)
    assert httpx.get(f"{served.url}/healthz").status_code == 200
    until(lambda: len(served.started) == N_WORKERS + 1, START_S)
    assert f"Worker {victim} died" in served.err
    assert alive(other)
    assert httpx.get(f"{served.url}/readyz").status_code == 200
    assert served.out.count("Serving ") == 1


def test_no_worker_survives_the_process_that_started_it(served: Supervisor) -> None:
    served.process.kill()
    until(lambda: not any(map(alive, served.started)))


def test_a_worker_that_cannot_start_is_tried_again_and_the_others_serve(
    served: Supervisor, seeds_index: Path
) -> None:
    victim, other = served.started
    aside = seeds_index.rename(seeds_index.with_name("aside"))
    try:
        os.kill(victim, signal.SIGKILL)
        until(lambda: served.err.count("could not start") >= 2, START_S)  # it was tried again
        assert f"rag: no index at {seeds_index}" in served.err
        assert "starting another in 2 s; 1 of 2 are ready" in served.err
        for n in range(10):
            asked = {"query": f"Who pays {n}?"}
            assert httpx.post(f"{served.url}/v1/search", json=asked).status_code == 200
        assert alive(other)
    finally:
        aside.rename(seeds_index)
    until(lambda: len(served.started) == N_WORKERS + 1, START_S)
    assert served.process.poll() is None
    assert "Traceback" not in served.err


def test_the_service_ends_when_no_worker_can_start(served: Supervisor, seeds_index: Path) -> None:
    aside = seeds_index.rename(seeds_index.with_name("aside"))
    try:
        for worker in served.started:
            os.kill(worker, signal.SIGKILL)
        assert served.process.wait(START_S) == 2
    finally:
        aside.rename(seeds_index)
    assert f"rag: no index at {seeds_index}" in served.err
    assert "No worker can serve" in served.err
    assert not any(map(alive, served.started))
    assert "Traceback" not in served.err
