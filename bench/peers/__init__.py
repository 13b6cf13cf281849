"""Others that do the same: each in an environment of its own, made once and used again."""

import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench.processes import MeasurementFailed, asked

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
class Peer:
    """A script under bench/peers, and what it needs.

    requirements: exact versions. torch stands first and is installed on its own: the build that the
    machine's package index gives is then kept, and what the others ask for does not bring another.
    """

    name: str
    script: str
    requirements: tuple[str, ...]

    @property
    def packages(self) -> tuple[str, ...]:
        return tuple(requirement.partition("==")[0] for requirement in self.requirements)


ST_FAISS = Peer(
    "sentence-transformers + FAISS",
    "st_faiss",
    (_TORCH, _TRANSFORMERS, "sentence-transformers==6.2.0", _FAISS),
)
TXTAI = Peer("txtai, hybrid", "txtai_hybrid", (_TORCH, _TRANSFORMERS, "txtai==9.14.0", _FAISS))


@dataclass(frozen=True, slots=True)
class Installed:
    """A peer in its environment."""

    peer: Peer
    python: Path

    @property
    def script(self) -> Path:
        return _SCRIPTS / f"{self.peer.script}.py"

    def task(self, task: str, **job: Any) -> Any:
        """A task of the peer's script, in a process of its own."""
        return asked([self.python, self.script, task], job)

    def versions(self) -> dict[str, str]:
        """What is installed, each as "peer: package"."""
        report = _REPORT.replace("NAMES", repr(self.peer.packages))
        found = asked([self.python, "-c", report], {})
        return {f"{self.peer.name}: {name}": version for name, version in found.items()}


def installed(peer: Peer, environments: Path) -> Installed:
    """The peer in a folder of `environments`, made if it is not there or was made for other
    versions. It takes minutes, once.

    Raises MeasurementFailed, with what pip said, if it cannot be made.
    """
    folder = environments / peer.script
    made_for = folder / "requirements.txt"
    wanted = "\n".join(peer.requirements) + "\n"
    found = Installed(peer, folder / "bin" / "python")
    if made_for.is_file() and made_for.read_text() == wanted:
        return found
    print(f"Making an environment for {peer.name} (minutes, once)", file=sys.stderr)
    shutil.rmtree(folder, ignore_errors=True)
    _run([sys.executable, "-m", "venv", str(folder)])
    pip = [str(found.python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    _run([*pip, peer.requirements[0]])
    _run([*pip, *peer.requirements])
    made_for.write_text(wanted)
    return found


def _run(command: list[str]) -> None:
    kept = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    done = subprocess.run(command, env=kept, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise MeasurementFailed(
            f"{' '.join(command[:5])} failed; set PIP_EXTRA_INDEX_URL if torch is not found\n"
            f"{done.stderr.strip()}"
        )
