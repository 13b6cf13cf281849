"""Run wrk, an HTTP load generator, and read its report."""

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
    """Counts and times of a server under load.

    errors: failed connections, and responses with a status other than 2xx or 3xx
    """

    requests: int
    seconds: float
    p50_ms: float
    p99_ms: float
    errors: int

    @property
    def rate(self) -> float:
        """Return the successful requests a second."""
        return (self.requests - self.errors) / self.seconds


def is_installed() -> bool:
    return shutil.which("wrk") is not None


def load(url: str, bodies: Path, first: int, seconds: int) -> Load:
    """Post the lines of a file as fast as the server answers, starting after line `first`, counted
    from 0.

    Raises MeasurementFailed if wrk fails, or the server answered no request.
    """
    # One thread: it formats no requests, and more would only take time from the server.
    command = ["wrk", "-t1", f"-c{CONNECTIONS}", f"-d{seconds}s", "--timeout", "30s"]
    command += ["-s", str(_SCRIPT), url, "--", str(bodies), str(first)]
    process = subprocess.run(command, capture_output=True, text=True, check=False)
    if process.returncode != 0:
        raise MeasurementFailed(
            f"wrk failed on {url}: {(process.stderr or process.stdout).strip()}"
        )
    result = parse_report(process.stdout)
    if result.requests == 0:
        raise MeasurementFailed(f"{url} sent no response in {seconds} s; measure for longer")
    return result


def parse_report(output: str) -> Load:
    """Read the line that `wrk.lua` prints after wrk's own report.

    Raises MeasurementFailed if there is no such line.

    >>> line = '{"requests": 9, "seconds": 2, "p50_ms": 1, "p99_ms": 2, "errors": 1}'
    >>> parse_report(f"wrk.lua {line}").rate
    4.0
    """
    for line in output.splitlines():
        if line.startswith(_MARK):
            return Load(**json.loads(line.removeprefix(_MARK)))
    raise MeasurementFailed(f"wrk printed no line of its script: {output.strip()[-200:]!r}")
