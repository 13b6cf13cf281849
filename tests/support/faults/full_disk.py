"""A file system that becomes full at some point of each operation: this is reported, and with more
space the next run ends like an undisturbed one. Mounting a file system requires root."""

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from random import Random
from shutil import copytree

from faults.counts import Counts
from faults.operations import OPERATIONS, perform
from faults.prepared import Prepared
from faults.processes import outcome_of

SEED = 7
WITHOUT = "mounting a file system needs root on Linux"
_ROOM_KIB = 64 * 1024


def can_mount(here: Path) -> bool:
    (here / "try").mkdir(parents=True, exist_ok=True)
    try:
        with mounted(here / "try", 64):
            return True
    except (OSError, subprocess.CalledProcessError):
        return False


def run(here: Path, n: int, seed: int = SEED) -> Counts:
    counts, rng = Counts("full_disk"), Random(seed)
    prepared = Prepared.make(here / "prepared", seed, n_documents=6, n_paragraphs=30)
    disk = here / "prepared/disk"
    disk.mkdir()
    for number in range(n):
        operation = OPERATIONS[number % len(OPERATIONS)]
        with mounted(disk, _ROOM_KIB):
            _fill(prepared, disk, operation, rng, counts)
    return counts


def _fill(prepared: Prepared, disk: Path, operation: str, rng: Random, counts: Counts) -> None:
    index = disk.relative_to(prepared.here) / "index"
    if operation != "first":
        copytree(prepared.here / "before", disk / "index")
    used = sum(file.stat().st_blocks // 2 for file in disk.rglob("*") if file.is_file())
    room = rng.randrange(16, 2048)
    resize(disk, used + room)
    outcome = outcome_of(prepared.here, perform, operation, index)
    label = f"{operation} with {room} KiB"
    counts.runs += 1
    if outcome.crashed:
        counts.fail("crashed", f"{label}: {outcome.crashed}")
    elif outcome.refused is None:
        counts.unharmed += 1
    elif outcome.refused.startswith("StorageFull"):
        counts.in_flight += 1
        counts.refused += 1
    else:
        counts.fail("wrong", f"{label}: {outcome.refused}")
    resize(disk, _ROOM_KIB)
    problem = prepared.complete(operation, index)
    if problem:
        counts.fail("wrong", f"{label}: {problem}")


@contextmanager
def mounted(disk: Path, size_kib: int) -> Iterator[None]:
    """Mount a separate file system at a folder."""
    mount = ["mount", "-t", "tmpfs", "-o", f"size={size_kib}k", "tmpfs", str(disk)]
    subprocess.run(mount, check=True, capture_output=True)
    try:
        yield
    finally:
        subprocess.run(["umount", "--lazy", str(disk)], check=True)


def resize(disk: Path, size_kib: int) -> None:
    """Change the size of a mounted file system."""
    command = ["mount", "-o", f"remount,size={size_kib}k", str(disk)]
    subprocess.run(command, check=True, capture_output=True)
