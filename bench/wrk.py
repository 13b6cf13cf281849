"""wrk, which asks over many connections at once, and what it says."""

import json
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from bench.processes import MeasurementFailed

CONNECTIONS = 64
_SCRIPT = Path(__file__).with_name("wrk.lua")
_MARK = "wrk.lua "
INSTALL = "wrk is not installed; `apt-get install wrk` or `brew install wrk`"


@dataclass(frozen=True, slots=True)
class Load:
    """What a server did under load. errors: connections that failed, and answers that were not
    2xx or 3xx."""

    requests: int
    seconds: float
    p50_ms: float
    p99_ms: float
    errors: int

    @property
    def rate(self) -> float:
        """Requests a second, those that failed left out."""
        return (self.requests - self.errors) / self.seconds


def is_installed() -> bool:
    return shutil.which("wrk") is not None


def load(url: str, bodies: Path, first: int, seconds: int) -> Load:
    """Post the lines of a file as fast as the server answers them, from the line `first` on,
    counted from 0; that line itself is not asked.

    Raises MeasurementFailed if wrk fails, or nothing was answered.
    """
    # One thread: it formats no requests, and more would only take time from the server.
    command = ["wrk", "-t1", f"-c{CONNECTIONS}", f"-d{seconds}s", "--timeout", "30s"]
    command += ["-s", str(_SCRIPT), url, "--", str(bodies), str(first)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise MeasurementFailed(f"wrk failed on {url}: {(done.stderr or done.stdout).strip()}")
    found = parsed(done.stdout)
    if found.requests == 0:
        raise MeasurementFailed(f"{url} answered nothing in {seconds} s; give it longer")
    return found


def parsed(output: str) -> Load:
    """What `wrk.lua` printed below wrk's own report. Raises MeasurementFailed if it is not there.

    >>> parsed('wrk.lua {"requests": 9, "seconds": 2, "p50_ms": 1, "p99_ms": 2, "errors": 1}').rate
    4.0
    """
    for line in output.splitlines():
        if line.startswith(_MARK):
            return Load(**json.loads(line.removeprefix(_MARK)))
    raise MeasurementFailed(f"wrk ended without a report of its script: {output.strip()[-200:]!r}")
