"""SIGKILL at random moments of an ingest: no commit is lost, and the next ingest ends like an
undisturbed one.

A kill counts as in flight if the process had begun its work and not ended it. Just before the kill,
another process reads what is committed; all of it must be there afterwards.
"""

import time
from pathlib import Path
from random import Random

from faults.answers import committed
from faults.counts import Counts
from faults.operations import OPERATIONS, perform
from faults.prepared import Prepared, value_of
from faults.processes import Child, outcome_of
from index.errors import IndexMissing
from index.types import sha256_of

SEED = 1


def run(here: Path, n_kills: int, seed: int = SEED) -> Counts:
    """Kill until this many kills were in flight."""
    counts, rng = Counts("kills"), Random(seed)
    prepared = Prepared.make(here, seed)
    lengths = {operation: _seconds(prepared, operation) for operation in OPERATIONS}
    while counts.in_flight < n_kills and counts.runs < 3 * n_kills:
        operation = OPERATIONS[counts.runs % len(OPERATIONS)]
        _kill(prepared, operation, rng.uniform(0, lengths[operation]), counts)
    return counts


def _seconds(prepared: Prepared, operation: str) -> float:
    index, began = prepared.fresh(operation), time.perf_counter()
    value_of(outcome_of(prepared.here, perform, operation, index))
    return time.perf_counter() - began


def _kill(prepared: Prepared, operation: str, after_s: float, counts: Counts) -> None:
    index = prepared.fresh(operation)
    child = Child(prepared.here, perform, operation, index)
    time.sleep(after_s)
    seen = _committed(prepared.here / index)
    counts.runs += 1
    counts.in_flight += child.kill()
    label = f"{operation} killed after {after_s:.4f} s (run {counts.runs})"
    after = outcome_of(prepared.here, _committed, index)
    if after.value is None:
        counts.fail("lost", f"{label}: {after.refused or after.crashed}")
    elif lost := _lost(prepared.here, seen, after.value):
        counts.fail("lost", f"{label}: {', '.join(lost)}")
    problem = prepared.complete(operation, index)
    if problem:
        counts.fail("wrong", f"{label}: {problem}")
    else:
        counts.unharmed += 1


def _committed(index: Path) -> dict[str, str]:
    try:
        return committed(index)
    except IndexMissing:
        return {}


def _lost(here: Path, seen: dict[str, str], after: dict[str, str]) -> list[str]:
    """The committed documents that are missing or changed, unless their files explain the
    change."""
    return [
        doc_id
        for doc_id, digest in seen.items()
        if after.get(doc_id) not in (digest, _in_file(here / doc_id))
    ]


def _in_file(file: Path) -> str | None:
    return sha256_of(file.read_text()) if file.exists() else None
