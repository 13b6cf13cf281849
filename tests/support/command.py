"""`rag` as people run it: a process of its own."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

ROOT = Path(__file__).parents[2]
RAG = [sys.executable, "-m", "rag.cli"]


def rag(
    *arguments: str | Path,
    cwd: Path = ROOT,
    timeout_s: float = 120,
    preexec_fn: Callable[[], None] | None = None,
    **environment: str,
) -> subprocess.CompletedProcess[str]:
    """What the command prints and how it exits; `environment` is added to this process's own."""
    return subprocess.run(
        [*RAG, *map(str, arguments)],
        cwd=cwd,
        env=os.environ | {"PYTHONPATH": str(ROOT)} | environment,
        preexec_fn=preexec_fn,
        capture_output=True,
        text=True,
        timeout=timeout_s,
        check=False,
    )
