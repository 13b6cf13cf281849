"""Attacks on a real `rag serve`, and how its healthy clients fare meanwhile.

`python tests/faults/abuse.py` runs every attack for some seconds and prints a table: what the
attackers met, and how long questions and health checks took meanwhile. `--against COMMAND` names
another command that serves, for a comparison.
"""

import argparse
import asyncio
import json
import os
import re
import resource
import shlex
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from multiprocessing import get_context
from multiprocessing.queues import Queue
from pathlib import Path
from typing import IO

import httpx

ROOT = Path(__file__).parents[2]
RAG = [sys.executable, "-m", "rag.cli"]
START_S = 120.0
HEALTHY_S = 30.0
"""How long a healthy client waits before it gives up."""

PARAGRAPH = "The bridge at {0} was built in 1911. The council of {0} paid 43 crowns for each stone."
LARGE_DOCUMENT = "large/0.txt"
HEAD = "POST /v1/search HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"


# The service


def make_index(folder: Path, n_large: int, characters: int) -> Path:
    """An index of small documents and of a few large ones, which are mostly white space."""
    texts = folder / "texts"
    (texts / "small").mkdir(parents=True)
    (texts / "large").mkdir()
    for name in ("Karsten", "Odenwick", "Tiefurt", "Belmora"):
        (texts / "small" / f"{name}.txt").write_text(PARAGRAPH.format(name) + "\n")
    for n in range(n_large):
        blank = (" " * 99 + "\n") * (characters // 100)
        ends = PARAGRAPH.format(f"Large {n}")
        (texts / "large" / f"{n}.txt").write_text(f"{ends}\n\n{blank}\n{ends}\n")
    index = folder / "index"
    ingest = [*RAG, "ingest", "small", "large", "--index", str(index)]
    subprocess.run(ingest, cwd=texts, env=environment(), check=True, capture_output=True)
    return index


def environment() -> dict[str, str]:
    return os.environ | {"PYTHONPATH": str(ROOT)}


class Service:
    """A started `rag serve`, with what it logs."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self.process = process
        self.out, self.err = "", ""
        for stream in ("stdout", "stderr"):
            threading.Thread(target=self._read, args=(stream,), daemon=True).start()
        deadline = time.monotonic() + START_S
        while "Ctrl-C" not in self.out:
            assert process.poll() is None, self.err
            assert time.monotonic() < deadline, self.err
            time.sleep(0.05)
        self.port = int(re.findall(r"Serving .* on http://127\.0\.0\.1:(\d+)", self.out)[0])
        self.url = f"http://127.0.0.1:{self.port}"

    def _read(self, stream: str) -> None:
        lines: IO[str] = getattr(self.process, stream)
        for line in lines:
            if stream == "stdout":
                self.out += line
            else:
                self.err += line

    def resident_mb(self) -> int:
        """The memory of its processes."""
        told = subprocess.run(
            ["ps", "-o", "rss=", "-g", str(os.getpgid(self.process.pid))],
            capture_output=True,
            text=True,
            check=False,
        )
        return sum(map(int, told.stdout.split())) // 1024


@contextmanager
def serving_process(
    index: Path, n_workers: int = 1, command: list[str] = RAG, cwd: Path | None = None
) -> Iterator[Service]:
    """`rag serve` in a process group of its own."""
    options = ["serve", "--index", str(index), "--port", "0", "--workers", str(n_workers)]
    env = environment() if command == RAG else dict(os.environ)
    with subprocess.Popen(
        [*command, *options],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
        cwd=cwd,
        env=env,
    ) as process:
        try:
            yield Service(process)
        finally:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)


# Healthy clients


@dataclass
class Healthy:
    """What clients met who behave: seconds by route, and what went wrong."""

    seconds: dict[str, list[float]] = field(default_factory=dict)
    failures: Counter[str] = field(default_factory=Counter)

    @property
    def n(self) -> int:
        return sum(map(len, self.seconds.values()))

    def slowest(self, route: str) -> float:
        return max(self.seconds.get(route, [0.0]))

    def median(self, route: str) -> float:
        took = sorted(self.seconds.get(route, [0.0]))
        return took[len(took) // 2]


class HealthyClient(threading.Thread):
    """Asks one thing after the other, each on a new connection, until it is stopped."""

    def __init__(self, service: Service, seen: Healthy) -> None:
        super().__init__(daemon=True)
        self._service = service
        self._seen = seen
        self._stop_wanted = threading.Event()
        self._n = 0

    def run(self) -> None:
        while not self._stop_wanted.is_set():
            for path in ("/v1/search", "/healthz", "/readyz"):
                self._ask(path)
            self._stop_wanted.wait(0.05)

    def _ask(self, path: str) -> None:
        self._n += 1
        began = time.monotonic()
        try:
            with httpx.Client(base_url=self._service.url, timeout=HEALTHY_S) as client:
                if path == "/v1/search":
                    question = {"query": f"Who paid for the bridge at Karsten {self._n}?"}
                    response = client.post(path, json=question)
                else:
                    response = client.get(path)
            if response.status_code != 200:
                self._seen.failures[f"{path}: {response.status_code}"] += 1
        except httpx.HTTPError as error:
            self._seen.failures[f"{path}: {type(error).__name__}"] += 1
        self._seen.seconds.setdefault(path, []).append(time.monotonic() - began)

    def stop(self) -> None:
        self._stop_wanted.set()
        self.join(HEALTHY_S + 5)


# Attackers. Each is a coroutine that runs until it is cancelled, and counts what it meets.

Met = Counter[str]
Attack = Callable[[int, Met], Awaitable[None]]
ATTACKS: dict[str, Attack] = {}


def attack(n: int) -> Callable[[Attack], Attack]:
    """Register an attacker, of which n run at once."""

    def register(one: Attack) -> Attack:
        async def all_of_them(port: int, met: Met) -> None:
            await asyncio.gather(*(again_and_again(one, port, met) for _ in range(n)))

        ATTACKS[one.__name__] = all_of_them
        return one

    return register


async def again_and_again(one: Attack, port: int, met: Met) -> None:
    while True:
        try:
            await one(port, met)
        except OSError as error:
            met[type(error).__name__] += 1
        await asyncio.sleep(0.02)


@contextmanager
def closing(writer: asyncio.StreamWriter) -> Iterator[None]:
    try:
        yield
    finally:
        writer.transport.abort()


async def until_closed(reader: asyncio.StreamReader, met: Met) -> None:
    """Read what comes to its end, and count the status it begins with."""
    first = b""
    while chunk := await reader.read(65536):
        first = first or chunk
    met[status_of(first) if first else "closed"] += 1


def status_of(response: bytes) -> str:
    return response[:12].decode("ascii", "replace").removeprefix("HTTP/1.1 ")


async def connect(port: int) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    return await asyncio.open_connection("127.0.0.1", port)


async def send_until_closed(
    port: int, met: Met, first: bytes, then: bytes, pause_s: float = 0.0
) -> None:
    """Send a beginning, and then the same over and over, until the server ends it."""
    reader, writer = await connect(port)
    with closing(writer):
        writer.write(first)
        answered = asyncio.create_task(until_closed(reader, met))
        try:
            while then and not answered.done():
                writer.write(then)
                await writer.drain()
                await asyncio.sleep(pause_s)
            await answered
        finally:
            answered.cancel()


@attack(1)
async def nothing(_port: int, _met: Met) -> None:
    """To compare with."""
    await asyncio.sleep(1)


@attack(2500)
async def half_open_connections(port: int, met: Met) -> None:
    """They say nothing."""
    await send_until_closed(port, met, b"", b"")


@attack(300)
async def one_byte_a_second(port: int, met: Met) -> None:
    await send_until_closed(port, met, b"GET / HTTP/1.1\r\nX: ", b"x", 1.0)


@attack(8)
async def endless_headers(port: int, met: Met) -> None:
    line = b"x-%s: %s\r\n" % (b"a" * 30, b"b" * 4000)
    await send_until_closed(port, met, b"GET /healthz HTTP/1.1\r\n", line * 16)


@attack(8)
async def one_endless_header(port: int, met: Met) -> None:
    await send_until_closed(port, met, b"GET /healthz HTTP/1.1\r\nx: ", b"b" * 65536)


@attack(8)
async def long_request_lines(port: int, met: Met) -> None:
    await send_until_closed(port, met, b"GET /" + b"a" * 1_000_000 + b" HTTP/1.1\r\n", b"")


@attack(50)
async def tiny_chunks(port: int, met: Met) -> None:
    head = HEAD + "Transfer-Encoding: chunked\r\n\r\n"
    await send_until_closed(port, met, head.encode(), b"1\r\n \r\n" * 100, 0.01)


@attack(200)
async def bodies_that_never_end(port: int, met: Met) -> None:
    await send_until_closed(port, met, (HEAD + "Content-Length: 20\r\n\r\n{").encode(), b"")


@attack(50)
async def bodies_sent_to_no_route(port: int, met: Met) -> None:
    head = b"POST /nothing HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n"
    await send_until_closed(port, met, head, b"1000\r\n" + b"x" * 4096 + b"\r\n")


@attack(50)
async def bytes_of_tls(port: int, met: Met) -> None:
    await send_until_closed(port, met, b"\x16\x03\x01\x02\x00" + bytes(range(256)), b"")


@attack(8)
async def nested_json(port: int, met: Met) -> None:
    body = "[" * 60_000
    head = f"{HEAD}Connection: close\r\nContent-Length: {len(body)}\r\n\r\n"
    await send_until_closed(port, met, (head + body).encode(), b"")


async def leave_unread(port: int, met: Met, request: bytes, read_at_most: int = 0) -> None:
    """Ask, and take nothing, or a little a second, of the answer."""
    reader, writer = await connect(port)
    writer.transport.pause_reading()  # type: ignore[attr-defined]
    with closing(writer):
        writer.write(request)
        while not writer.transport.is_closing():
            await asyncio.sleep(1)
            if read_at_most:
                reader._buffer.clear()  # type: ignore[attr-defined]
                writer.transport.resume_reading()  # type: ignore[attr-defined]
                await reader.read(read_at_most)
            writer.write(b"\r\n")  # so that it is noticed when the server has gone
        met["closed"] += 1


def text_request(n: int = 0) -> bytes:
    path = LARGE_DOCUMENT.replace("0", str(n))
    return f"GET /v1/documents/{path}/text HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n".encode()


@attack(60)
async def large_texts_left_unread(port: int, met: Met) -> None:
    await leave_unread(port, met, text_request(met.total() % 4))


@attack(60)
async def large_texts_read_slowly(port: int, met: Met) -> None:
    await leave_unread(port, met, text_request(met.total() % 4), 4096)


@attack(20)
async def large_texts_read_fast(port: int, met: Met) -> None:
    request = text_request(met.total() % 4).replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n")
    await send_until_closed(port, met, request, b"")


@attack(100)
async def pipelined_and_unread(port: int, met: Met) -> None:
    await leave_unread(port, met, b"GET /openapi.json HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n" * 5000)


@attack(25)
async def questions_whose_clients_leave(port: int, met: Met) -> None:
    met["asked"] += 1
    words = " ".join(f"bridge{met['asked'] * 311 + n}" for n in range(150))[:1900]
    body = json.dumps({"query": words, "k": 100})
    _, writer = await connect(port)
    with closing(writer):
        writer.write(f"{HEAD}Content-Length: {len(body)}\r\n\r\n{body}".encode())
        await writer.drain()
        await asyncio.sleep(0.02)


def run_attack(name: str, port: int, seconds: float, results: "Queue[Met]") -> None:
    """An attack's whole process: so it shares no lock with the healthy clients."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(max(soft, 4096), hard), hard))
    met: Met = Counter()

    async def for_a_while() -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await ATTACKS[name](port, met)

    asyncio.run(for_a_while())
    results.put(met)


@dataclass
class Outcome:
    """What an attack did, to its authors and to others."""

    name: str
    met: Met
    healthy: Healthy
    most_mb: int

    def row(self) -> str:
        healthy, failures = self.healthy, sum(self.healthy.failures.values())
        cells = [
            f"{healthy.n - failures}/{healthy.n}",
            *(f"{healthy.median(each):.3f} {healthy.slowest(each):.3f}" for each in ROUTES),
            f"{self.most_mb:,}",
            ", ".join(f"{n:,} {what}" for what, n in self.met.most_common(4)),
        ]
        return f"| {self.name} | " + " | ".join(cells) + " |"


ROUTES = ("/v1/search", "/healthz", "/readyz")
HEADER = (
    "| attack | answered with 200 | question, s (median, most) | /healthz | /readyz "
    "| most memory, MB | attackers met |\n|---|---|---|---|---|---|---|"
)


def under_attack(service: Service, name: str, seconds: float, n_healthy: int = 2) -> Outcome:
    """Run an attack for a while, with healthy clients beside it."""
    spawn = get_context("spawn")
    results: Queue[Met] = spawn.Queue()
    attackers = spawn.Process(
        target=run_attack, args=(name, service.port, seconds, results), daemon=True
    )
    healthy, most_mb = Healthy(), 0
    attackers.start()
    time.sleep(0.5)  # until its connections are there
    clients = [HealthyClient(service, healthy) for _ in range(n_healthy)]
    for client in clients:
        client.start()
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        most_mb = max(most_mb, service.resident_mb())
        time.sleep(0.2)
    for client in clients:
        client.stop()
    met = results.get(timeout=60)
    attackers.join(30)
    return Outcome(name, met, healthy, most_mb)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("attacks", nargs="*", help=f"some of: {', '.join(ATTACKS)}")
    parser.add_argument("--seconds", type=float, default=20)
    parser.add_argument("--workers", type=int, default=1)
    parser.add_argument("--folder", type=Path, required=True, help="an empty one, for the index")
    parser.add_argument("--against", type=shlex.split, default=RAG, metavar="COMMAND")
    parser.add_argument("--cwd", type=Path, help="where that command runs")
    options = parser.parse_args()
    folder = options.folder.resolve()
    index = folder / "index"
    if not index.exists():
        make_index(folder, n_large=4, characters=31_000_000)
    print(HEADER, flush=True)
    for name in options.attacks or ATTACKS:
        with serving_process(index, options.workers, options.against, options.cwd) as service:
            print(under_attack(service, name, options.seconds).row(), flush=True)


if __name__ == "__main__":
    main()
