"""What is measured runs in a process of its own, one at a time."""

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from index.errors import RagError

ROOT = Path(__file__).parents[1]
_LAUNCH = Path(__file__).with_name("launch.py")
_PATIENCE_S = 900


class MeasurementFailed(RagError):
    """A process that was to be measured ended with an error, or said nothing."""


@dataclass(frozen=True, slots=True)
class Exit:
    """A process from fork to exit. peak_mb: resident memory, in 2^20 bytes."""

    wall_s: float
    cpu_s: float
    peak_mb: float
    output: str


def environment() -> dict[str, str]:
    """What every measured process gets: this one's environment, the project on its path, no
    network, and nothing that holds threads back or is another setting than the default."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if name in _KEPT or not name.startswith(_NOT_PASSED_ON)
    }
    return kept | {"PYTHONPATH": str(ROOT), "HF_HUB_OFFLINE": "1"}


_NOT_PASSED_ON = ("RAG_", "OMP_", "MKL_", "OPENBLAS_")
_KEPT = ("RAG_CACHE_DIR",)


def measured(command: Sequence[str | Path], cwd: Path) -> Exit:
    """Run a command to its end, its output to a pipe.

    Raises MeasurementFailed if it ends with another status than 0.
    """
    launcher = [sys.executable, "-I", "-S", str(_LAUNCH)]
    return Exit(**json.loads(_output([*launcher, *map(str, command)], "", cwd)))


def asked(command: Sequence[str | Path], job: Mapping[str, Any]) -> Any:
    """Give a process its job as JSON on stdin; return what the last line of its output says. Its
    working directory is the one for temporary files: it has no rag.toml.

    Raises MeasurementFailed if it ends with another status than 0, or its last line is not JSON.
    """
    lines = _output(command, json.dumps(job), Path(tempfile.gettempdir())).splitlines()
    try:
        return json.loads(lines[-1])
    except (IndexError, json.JSONDecodeError) as error:
        raise MeasurementFailed(f"{_shown(command)} did not end with a line of JSON") from error


def ours(task: str, **job: Any) -> Any:
    """A task of bench/ours.py, in a process of its own."""
    return asked([sys.executable, "-m", "bench.ours", task], job)


def _output(command: Sequence[str | Path], given: str, cwd: Path) -> str:
    done = subprocess.run(
        list(map(str, command)),
        input=given,
        cwd=cwd,
        env=environment(),
        capture_output=True,
        text=True,
        timeout=_PATIENCE_S,
        check=False,
    )
    if done.returncode != 0:
        last = (done.stderr.strip().splitlines() or ["it said nothing"])[-1]
        raise MeasurementFailed(f"{_shown(command)} ended with status {done.returncode}: {last}")
    return done.stdout


def _shown(command: Sequence[str | Path]) -> str:
    return " ".join(str(part) for part in command[:8])
