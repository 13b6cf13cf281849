"""`rag` on a terminal: its output there, and typed input."""

import os
import pty
import re
import select
import subprocess
from pathlib import Path

from command import RAG, ROOT


def in_a_terminal(
    *arguments: str, columns: int, cwd: Path = ROOT, typed: str = "", status: int = 0
) -> str:
    """Return what a terminal of this width receives; `typed` can be read from the start."""
    master, slave = pty.openpty()
    os.write(master, typed.encode())
    process = subprocess.Popen(
        [*RAG, *arguments],
        cwd=cwd,
        stdin=slave,
        stdout=slave,
        stderr=slave,
        env=os.environ
        | {"TERM": "xterm-256color", "COLUMNS": str(columns), "PYTHONPATH": str(ROOT)},
    )
    os.close(slave)
    received = b""
    while select.select([master], [], [], 120)[0]:
        try:
            some = os.read(master, 65536)
        except OSError:
            break
        if not some:
            break
        received += some
    assert process.wait(timeout=60) == status, received
    os.close(master)
    return received.decode()


def plain_lines(received: str) -> list[str]:
    """The lines without colours and trailing blanks."""
    plain = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", received)
    return [line.rstrip() for line in re.split(r"[\r\n]+", plain)]
