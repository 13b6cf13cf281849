"""The parts of the harness, with their numbers of faults: all, or a share for tests."""

import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from faults import (
    backups,
    calls,
    commands,
    damage,
    full_disk,
    hostile,
    kills,
    shim,
    together,
    wal,
    walk,
)
from faults.counts import Counts


@dataclass(frozen=True)
class Suite:
    """few and all: make the faults in an empty folder, for `make check` and for `make faults`;
    missing: what this machine lacks for it, given an empty folder; None if nothing"""

    few: Callable[[Path], Counts]
    all: Callable[[Path], Counts]
    missing: Callable[[Path], str | None] = lambda here: None

    def make(self, *, few: bool) -> Counts | str:
        """Make the faults in a separate folder, or return what this machine lacks for them."""
        with _folder() as folder:
            missing = self.missing(folder / "missing")
            if missing:
                return missing
            here = folder / "work"
            here.mkdir()
            return (self.few if few else self.all)(here)


@contextmanager
def _folder() -> Iterator[Path]:
    """In memory if there is such a file system: on a disk, a thousand ingests take minutes more,
    and the writes of a killed process are the same on both."""
    memory = Path("/dev/shm")
    with tempfile.TemporaryDirectory(
        prefix="rag-faults-", dir=memory if memory.is_dir() else None
    ) as folder:
        yield Path(folder).resolve()


def _without_shim(_: Path) -> str | None:
    return shim.WITHOUT if shim.library() is None else None


def _without_mounts(here: Path) -> str | None:
    return None if full_disk.can_mount(here) else full_disk.WITHOUT


PARTS = {
    "kills": Suite(partial(kills.run, n_kills=15), partial(kills.run, n_kills=500)),
    "damage": Suite(partial(damage.run, n=60), partial(damage.run, n=1000)),
    "calls": Suite(partial(calls.run, most=40), partial(calls.run, most=None), _without_shim),
    "full_disk": Suite(partial(full_disk.run, n=8), partial(full_disk.run, n=60), _without_mounts),
    "files": Suite(partial(hostile.run, step=33, scale=1), partial(hostile.run, step=1, scale=3)),
    "wal": Suite(partial(wal.run, n=60), partial(wal.run, n=200)),
    "walk": Suite(partial(walk.run, n=100), partial(walk.run, n=10_000)),
    "together": Suite(partial(together.run, n=5), partial(together.run, n=100)),
    "backups": Suite(partial(backups.run, n=15), partial(backups.run, n=200)),
    "commands": Suite(partial(commands.run, n=2), partial(commands.run, n=20)),
}
