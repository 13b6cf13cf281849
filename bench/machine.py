"""What the numbers were taken on: the machine, and the versions of what matters."""

import os
import platform
import subprocess
from collections.abc import Iterable
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from index.cores import cores
from index.errors import BadInput

PACKAGES = ("rag", "onnxruntime", "faiss-cpu", "tantivy", "tokenizers", "numpy", "torch", "uvicorn")
"""Ours that decide the speed; those that are not installed are left out."""

_FLAGS = ("avx2", "avx512f", "avx512_vnni", "avx_vnni", "amx_int8", "asimddp", "i8mm")
"""Instructions that the products of matrices are made of."""

BUSY_LOAD = 0.3
"""Above this load a core, a machine is busy. The load is the operating system's average of the last
minute over the number of cores, read before the first measurement: 0 on an idle machine, 1 with
every core in use. No table or plot of the documentation is written from a busy run."""


@dataclass(frozen=True, slots=True)
class Machine:
    """memory_gb: of 2^30 bytes. load: runnable processes a core in the minute before the run."""

    cpu: str
    cores: int
    memory_gb: float
    flags: tuple[str, ...]
    system: str
    python: str
    load: float

    @property
    def busy(self) -> bool:
        """Whether something else was running, so that the numbers mean little."""
        return self.load > BUSY_LOAD

    def check_quiet(self, source: Path) -> None:
        """Raise BadInput, naming the file of results, if they were taken on a busy machine."""
        if self.busy:
            raise BadInput(
                f"{source} was taken on a busy machine (load {self.load} a core, above "
                f"{BUSY_LOAD}), so its numbers mean little; measure again when nothing else runs"
            )


def this_machine() -> Machine:
    """The machine that this runs on."""
    n = cores()
    pages = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    cpu, flags = _cpu(Path("/proc/cpuinfo"))
    return Machine(
        cpu=cpu,
        cores=n,
        memory_gb=round(pages / 2**30, 1),
        flags=flags,
        system=f"{platform.system()} {platform.release()}",
        python=platform.python_version(),
        load=round(os.getloadavg()[0] / n, 2),
    )


def _cpu(described: Path) -> tuple[str, tuple[str, ...]]:
    """The processor's name and those of its flags that matter here."""
    name, flags = platform.processor() or platform.machine(), ""
    if described.exists():
        for line in described.read_text().splitlines():
            key, _, value = line.partition(":")
            if key.strip() == "model name":
                name = value.strip()
            if key.strip() in ("flags", "Features"):
                flags = value
    return name, tuple(flag for flag in _FLAGS if flag in flags.split())


def versions(packages: Iterable[str] = PACKAGES) -> dict[str, str]:
    """The installed versions, by name."""
    found = {}
    for name in packages:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found


def commit(root: Path) -> str:
    """The short hash of what is checked out, with a + if it was changed; empty outside of git."""
    command = ["git", "describe", "--always", "--dirty=+", "--exclude=*"]
    try:
        done = subprocess.run(command, cwd=root, capture_output=True, text=True, check=False)
    except FileNotFoundError:
        return ""
    return done.stdout.strip()
