"""Describe the machine and the package versions that results were measured with."""

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
"""Packages whose versions affect the speed. Those that are not installed are left out."""

_FLAGS = ("avx2", "avx512f", "avx512_vnni", "avx_vnni", "amx_int8", "asimddp", "i8mm")
"""CPU flags of the instructions that matrix products use."""

BUSY_LOAD = 0.3
"""Above this load a core, a machine is busy. The load is the operating system's average of the last
minute over the number of cores, read before the first measurement: 0 on an idle machine, 1 with
every core in use. No table or plot of the documentation is written from a busy run."""


@dataclass(frozen=True, slots=True)
class Machine:
    """The machine of a run.

    memory_gb: in 2^30 bytes
    flags: those of _FLAGS that the processor has
    load: runnable processes a core, mean of the minute before the run
    """

    cpu: str
    cores: int
    memory_gb: float
    flags: tuple[str, ...]
    system: str
    python: str
    load: float

    @property
    def busy(self) -> bool:
        """Return whether other processes were running, which makes the measurements unreliable."""
        return self.load > BUSY_LOAD

    def check_quiet(self, source: Path) -> None:
        """Raise BadInput, naming the file of results, if this machine was busy."""
        if self.busy:
            raise BadInput(
                f"{source} was measured on a busy machine (load {self.load} per core, above "
                f"{BUSY_LOAD}), so it is not reliable; measure again when nothing else runs"
            )


def this_machine() -> Machine:
    """Describe the machine that this process runs on."""
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


def _cpu(cpuinfo: Path) -> tuple[str, tuple[str, ...]]:
    """Return the processor's name and those of _FLAGS that it has."""
    name, flags = platform.processor() or platform.machine(), ""
    if cpuinfo.exists():
        for line in cpuinfo.read_text().splitlines():
            key, _, value = line.partition(":")
            if key.strip() == "model name":
                name = value.strip()
            if key.strip() in ("flags", "Features"):
                flags = value
    return name, tuple(flag for flag in _FLAGS if flag in flags.split())


def versions(packages: Iterable[str] = PACKAGES) -> dict[str, str]:
    """Return package -> version of those packages that are installed."""
    installed = {}
    for name in packages:
        try:
            installed[name] = version(name)
        except PackageNotFoundError:
            continue
    return installed


def commit(root: Path) -> str:
    """Return the short hash of HEAD, with a + if tracked files differ; empty outside of git."""
    command = ["git", "describe", "--always", "--dirty=+", "--exclude=*"]
    try:
        process = subprocess.run(command, cwd=root, capture_output=True, text=True, check=False)
    except FileNotFoundError:
        return ""
    return process.stdout.strip()
