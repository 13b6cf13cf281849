"""Each system call that changes an index fails once: the run raises an error of this project or
continues, no commit is lost, and the next run ends like an undisturbed one.

The shim (shim.c) counts the calls of an operation first, then fails the n-th, for each n, with EIO
and ENOSPC; every fourth also with EINTR and with a half-finished write.
"""

import errno
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from random import Random

from faults import shim
from faults.answers import committed
from faults.counts import Counts
from faults.operations import OPERATIONS, perform
from faults.prepared import Prepared, value_of
from faults.processes import outcome_of
from index.errors import IndexMissing, RagError

SEED = 3
ERRORS = (errno.EIO, errno.ENOSPC)
MILD_ERRORS = (errno.EINTR, shim.HALF_WRITTEN)
"""Errors after which a caller must try again; every fourth call gets them."""

Case = tuple[str, int, int]
"""An operation, the number of the call that fails, and its error."""


def run(here: Path, most: int | None, seed: int = SEED) -> Counts:
    """Fail all calls, or this many of them, chosen at random."""
    counts, rng = Counts("calls"), Random(seed)
    prepared = Prepared.make(here, seed, n_documents=6, n_paragraphs=8)
    cases = list(_cases(prepared))
    counts.measured.append(f"{len(cases)} calls and errors to choose from")
    failed: Counter[str] = Counter()
    for case in cases if most is None else rng.sample(cases, min(most, len(cases))):
        failed[_fail(prepared, case, counts)] += 1
    counts.measured.append(", ".join(f"{n} x {call}" for call, n in failed.most_common() if call))
    return counts


def _cases(prepared: Prepared) -> Iterator[Case]:
    for operation in OPERATIONS:
        index = prepared.fresh(operation)
        counted = value_of(outcome_of(prepared.here, _armed, operation, index, 0, 0))
        n_calls, _, raised = _of(counted)
        assert raised is None, raised
        for number in range(1, n_calls + 1):
            errors = ERRORS + MILD_ERRORS if number % 4 == 0 else ERRORS
            yield from ((operation, number, error) for error in errors)


def _of(value: object) -> tuple[int, str, str | None]:
    assert isinstance(value, tuple)
    n_calls, call, error = value
    return int(n_calls), str(call), error


def _armed(operation: str, index: Path, at: int, error: int) -> tuple[int, str, str | None]:
    """Return the number of calls, the failed one, and the error of the operation."""
    index.mkdir(exist_ok=True)
    shim.arm(str(index.resolve()), at, error)
    raised = None
    try:
        perform(operation, index)
    except RagError as problem:
        raised = f"{type(problem).__name__}: {problem}"
    return shim.n_calls(), shim.failed_call(), raised


def _fail(prepared: Prepared, case: Case, counts: Counts) -> str:
    """Fail one call; return its name."""
    operation, at, error = case
    index = prepared.fresh(operation)
    before = value_of(outcome_of(prepared.here, _documents, index))
    outcome = outcome_of(prepared.here, _armed, operation, index, at, error)
    counts.runs += 1
    call = "?"
    label = f"{operation}, call {at} fails with {errno.errorcode.get(error, 'half written')}"
    if outcome.crashed:
        counts.fail("crashed", f"{label}: {outcome.crashed}")
    else:
        _, call, raised = _of(outcome.value)
        counts.in_flight += bool(call)
        counts.refused += raised is not None
        counts.unharmed += raised is None
        label += f" ({call}): {raised}"
    after = outcome_of(prepared.here, _documents, index)
    assert isinstance(before, dict)
    if after.value is None:
        counts.fail("lost", f"{label}: {after.refused or after.crashed}")
    elif operation in ("incremental", "rebuild") and before.keys() - after.value.keys():
        counts.fail("lost", f"{label}: {sorted(before.keys() - after.value.keys())}")
    problem = prepared.complete(operation, index)
    if problem:
        counts.fail("wrong", f"{label}: {problem}")
    return call


def _documents(index: Path) -> dict[str, str]:
    try:
        return committed(index)
    except IndexMissing:
        return {}
