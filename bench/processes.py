"""Run measured commands and tasks, each in its own process, one at a time."""

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
_TIMEOUT_S = 900


class MeasurementFailed(RagError):
    """A measured process ended with an error, or printed no result."""


@dataclass(frozen=True, slots=True)
class ProcessUsage:
    """Time, memory and output of a process from fork to exit.

    peak_mb: peak resident memory, in 2^20 bytes
    output: what it printed on stdout
    """

    wall_s: float
    cpu_s: float
    peak_mb: float
    output: str


def environment() -> dict[str, str]:
    """Return the environment variables of every measured process: this process's, without those
    that limit threads or change settings, with the project on the path and Hugging Face offline."""
    passed_on = {
        name: value
        for name, value in os.environ.items()
        if name in _PASSED_ON or not name.startswith(_NOT_PASSED_ON)
    }
    return passed_on | {"PYTHONPATH": str(ROOT), "HF_HUB_OFFLINE": "1"}


_NOT_PASSED_ON = ("RAG_", "OMP_", "MKL_", "OPENBLAS_")
_PASSED_ON = ("RAG_CACHE_DIR",)


def measure_process(command: Sequence[str | Path], cwd: Path) -> ProcessUsage:
    """Run a command to its end and return its time, memory and output.

    Raises MeasurementFailed if its exit status is not 0.
    """
    launcher = [sys.executable, "-I", "-S", str(_LAUNCH)]
    return ProcessUsage(**json.loads(_output([*launcher, *map(str, command)], "", cwd)))


def run_job(command: Sequence[str | Path], job: Mapping[str, Any]) -> Any:
    """Run a command with a job as JSON on stdin; return the JSON value in its last line of output.

    The working directory is the system's temporary folder, so that no rag.toml is read.

    Raises MeasurementFailed if its exit status is not 0 or its last line is not JSON.
    """
    lines = _output(command, json.dumps(job), Path(tempfile.gettempdir())).splitlines()
    try:
        return json.loads(lines[-1])
    except (IndexError, json.JSONDecodeError) as error:
        raise MeasurementFailed(
            f"{_command_text(command)} did not print a line of JSON at the end"
        ) from error


def run_task(task: str, **job: Any) -> Any:
    """Run a task of bench/tasks.py in its own process."""
    return run_job([sys.executable, "-m", "bench.tasks", task], job)


def _output(command: Sequence[str | Path], stdin: str, cwd: Path) -> str:
    process = subprocess.run(
        list(map(str, command)),
        input=stdin,
        cwd=cwd,
        env=environment(),
        capture_output=True,
        text=True,
        timeout=_TIMEOUT_S,
        check=False,
    )
    if process.returncode != 0:
        last = (process.stderr.strip().splitlines() or ["no message"])[-1]
        raise MeasurementFailed(
            f"{_command_text(command)} ended with status {process.returncode}: {last}"
        )
    return process.stdout


def _command_text(command: Sequence[str | Path]) -> str:
    return " ".join(str(part) for part in command[:8])
