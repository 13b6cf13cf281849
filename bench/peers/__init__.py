"""Peer systems to compare with. Each has its own virtual environment, which is reused."""

import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench.processes import MeasurementFailed, run_job

_SCRIPTS = Path(__file__).parent
_TORCH = "torch==2.13.0"
_TRANSFORMERS = "transformers==5.23.0"
_FAISS = "faiss-cpu==1.15.1"

_REPORT = """
import json
from importlib.metadata import version
print(json.dumps({name: version(name) for name in NAMES}))
"""


@dataclass(frozen=True, slots=True)
class PeerSystem:
    """A script in bench/peers and its packages.

    requirements: exact versions. torch comes first and is installed alone, so that the other
    packages do not replace the build that the machine's package index provides.
    """

    name: str
    script: str
    requirements: tuple[str, ...]

    @property
    def packages(self) -> tuple[str, ...]:
        return tuple(requirement.partition("==")[0] for requirement in self.requirements)


ST_FAISS = PeerSystem(
    "sentence-transformers + FAISS",
    "st_faiss",
    (_TORCH, _TRANSFORMERS, "sentence-transformers==6.2.0", _FAISS),
)
TXTAI = PeerSystem(
    "txtai, hybrid", "txtai_hybrid", (_TORCH, _TRANSFORMERS, "txtai==9.14.0", _FAISS)
)


@dataclass(frozen=True, slots=True)
class PeerEnvironment:
    """A peer and the Python of its virtual environment."""

    peer: PeerSystem
    python: Path

    @property
    def script(self) -> Path:
        return _SCRIPTS / f"{self.peer.script}.py"

    def task(self, task: str, **job: Any) -> Any:
        """Run a task of the peer's script in its own process."""
        return run_job([self.python, self.script, task], job)

    def versions(self) -> dict[str, str]:
        """Return "peer: package" -> installed version."""
        report = _REPORT.replace("NAMES", repr(self.peer.packages))
        environment = run_job([self.python, "-c", report], {})
        return {f"{self.peer.name}: {name}": version for name, version in environment.items()}


def install_peer(peer: PeerSystem, environments: Path) -> PeerEnvironment:
    """Return the peer in its environment, a folder of `environments`. Create the environment if it
    is missing or has other versions; that takes minutes.

    Raises MeasurementFailed, with pip's error, if the installation fails.
    """
    folder = environments / peer.script
    requirements_file = folder / "requirements.txt"
    requirements = "\n".join(peer.requirements) + "\n"
    environment = PeerEnvironment(peer, folder / "bin" / "python")
    if requirements_file.is_file() and requirements_file.read_text() == requirements:
        return environment
    print(f"Creating an environment for {peer.name}; this takes minutes, once", file=sys.stderr)
    shutil.rmtree(folder, ignore_errors=True)
    _run([sys.executable, "-m", "venv", str(folder)])
    pip = [
        str(environment.python),
        "-m",
        "pip",
        "install",
        "--quiet",
        "--disable-pip-version-check",
    ]
    _run([*pip, peer.requirements[0]])
    _run([*pip, *peer.requirements])
    requirements_file.write_text(requirements)
    return environment


def _run(command: list[str]) -> None:
    environ = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    process = subprocess.run(command, env=environ, capture_output=True, text=True, check=False)
    if process.returncode != 0:
        raise MeasurementFailed(
            f"{' '.join(command[:5])} failed; set PIP_EXTRA_INDEX_URL if torch is not found\n"
            f"{process.stderr.strip()}"
        )
