"""A real `rag serve` in separate processes, with an index with large documents."""

import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO

ROOT = Path(__file__).parents[3]
RAG = [sys.executable, "-m", "rag.cli"]
START_S = 120.0

PARAGRAPH = "The bridge at {0} was built in 1911. The council of {0} paid 43 crowns for each stone."
LARGE_DOCUMENT = "large/{0}.txt"


def make_index(folder: Path, n_large: int, characters: int) -> Path:
    """Make an index of small documents and a few large ones that are mostly white space."""
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
    """A started `rag serve` and its log."""

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
        """The memory of its processes, in MB."""
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
    """`rag serve` in a separate process group."""
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
