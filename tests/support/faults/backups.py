"""A backup killed at random moments, and each of its system calls failed: the file is the earlier
backup or a complete new one, and only a kill leaves a draft next to it."""

import errno
import time
from collections.abc import Iterator
from pathlib import Path
from random import Random

from faults import shim
from faults.corpus import write_corpus
from faults.counts import Counts
from faults.operations import perform
from faults.prepared import value_of
from faults.processes import Child, Outcome, outcome_of
from index.errors import RagError
from index.maintain.backup import backup
from index.maintain.backup_contents import BackupContents, checked_contents

SEED = 9
INDEX, FOLDER = Path("index"), Path("backups")
FILE = FOLDER / "copy"
_FORMER = b"the former one"


def run(here: Path, n: int, seed: int = SEED) -> Counts:
    """Make this many kills, and at most as many failed calls."""
    counts, rng = Counts("backups"), Random(seed)
    write_corpus(here / "docs", rng, n_documents=6, n_paragraphs=30)
    value_of(outcome_of(here, perform, "first", INDEX))
    (here / FOLDER).mkdir()
    began = time.perf_counter()
    whole = value_of(outcome_of(here, _armed, 0, 0))
    length_s = time.perf_counter() - began
    for _ in range(n):
        _kill(here, rng.uniform(0, length_s), whole, counts)
    if shim.library() is not None:
        for at, error in _cases(value_of(outcome_of(here, _n_calls)), n, rng):
            _fail(here, at, error, whole, counts)
    return counts


def _cases(n_calls: object, n: int, rng: Random) -> Iterator[tuple[int, int]]:
    assert isinstance(n_calls, int)
    cases = [(at, e) for at in range(1, n_calls + 1) for e in (errno.EIO, errno.ENOSPC)]
    yield from rng.sample(cases, min(n, len(cases)))


def _armed(at: int, error: int) -> BackupContents:
    if at:
        shim.arm(str(FOLDER.resolve()), at, error)
    return backup(INDEX, FILE, overwrite=True)


def _n_calls() -> int:
    shim.arm(str(FOLDER.resolve()), 0, 0)
    backup(INDEX, FILE, overwrite=True)
    return shim.n_calls()


def _kill(here: Path, after_s: float, whole: object, counts: Counts) -> None:
    (here / FILE).write_bytes(_FORMER)
    child = Child(here, _armed, 0, 0)
    time.sleep(after_s)
    counts.runs += 1
    counts.in_flight += child.kill()
    _check(here, f"killed after {after_s:.4f} s", whole, counts)
    for draft in (here / FOLDER).glob("copy.*"):
        draft.unlink()


def _fail(here: Path, at: int, error: int, whole: object, counts: Counts) -> None:
    (here / FILE).write_bytes(_FORMER)
    outcome = outcome_of(here, _armed, at, error)
    label = f"call {at} fails with {errno.errorcode[error]}"
    counts.runs += 1
    counts.in_flight += outcome.refused is not None
    counts.refused += outcome.refused is not None
    _check_outcome(here, label, outcome, counts)
    _check(here, label, whole, counts)


def _check_outcome(here: Path, label: str, outcome: Outcome, counts: Counts) -> None:
    names = sorted(path.name for path in (here / FOLDER).iterdir())
    if outcome.crashed:
        counts.fail("crashed", f"{label}: {outcome.crashed}")
    elif names != [FILE.name]:
        counts.fail("wrong", f"{label}: it leaves {names}")
    elif outcome.refused is None and (here / FILE).read_bytes() == _FORMER:
        counts.fail("silent", f"{label}: nothing was written, and no error says so")


def _check(here: Path, label: str, whole: object, counts: Counts) -> None:
    """Check that the file is the earlier backup, or has the contents of an undisturbed one."""
    if (here / FILE).read_bytes() == _FORMER:
        counts.unharmed += 1
        return
    try:
        contents = checked_contents(here / FILE, "not whole")
    except RagError as error:
        counts.fail("lost", f"{label}: {error}")
        return
    if contents == whole:
        counts.unharmed += 1
    else:
        counts.fail("wrong", f"{label}: the file holds {contents}")
