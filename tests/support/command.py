"""Runs `rag` in a separate process, as users do."""

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
    timeout_s: float = 600,
    preexec_fn: Callable[[], None] | None = None,
    **environment: str,
) -> subprocess.CompletedProcess[str]:
    """Return the output and exit status; `environment` is added to that of this process."""
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
