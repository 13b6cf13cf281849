"""Child processes that receive the faults, forked from a server that has imported everything.

A child that dies of a signal is detected, and the next one starts within milliseconds.
"""

import os
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from multiprocessing import get_context
from multiprocessing.connection import Connection
from multiprocessing.context import ForkServerContext, ForkServerProcess
from pathlib import Path
from typing import Any

from faults import shim
from index.errors import RagError

ROOT = Path(__file__).parents[3]
PATIENCE_S = 120.0


@dataclass(frozen=True)
class Outcome:
    """How a call in a child ended: with `value`, an error of this project, or a crash."""

    value: Any = None
    refused: str | None = None
    crashed: str | None = None


@cache
def _context() -> ForkServerContext:
    """The server is started with the shim that can fail calls; in a child that does not arm it, it
    has no effect."""
    context = get_context("forkserver")
    context.set_forkserver_preload(["faults.preloaded"])
    before = dict(os.environ)
    os.environ["PYTHONPATH"] = os.pathsep.join([str(ROOT / "tests" / "support"), str(ROOT)])
    library = shim.library()
    if library is not None:
        os.environ["LD_PRELOAD"] = str(library)
    try:
        first = context.Process(target=os.getpid)
        first.start()
        first.join(PATIENCE_S)
    finally:
        os.environ.clear()
        os.environ.update(before)
    return context


class Child:
    """A running call in a separate process, with working directory `here`."""

    def __init__(self, here: Path, call: Callable[..., object], *arguments: object) -> None:
        self._ours, theirs = _context().Pipe()
        self.process: ForkServerProcess = _context().Process(
            target=_run, args=(theirs, here, call, arguments)
        )
        self.process.start()
        theirs.close()
        assert self._ours.poll(PATIENCE_S), "a child did not begin"
        assert self._ours.recv() == "begun"

    def send(self, message: object) -> None:
        """Send to a call whose first argument is a Connection: see `talking`. If it has ended,
        `end` returns the outcome."""
        with suppress(BrokenPipeError):
            self._ours.send(message)

    def receive(self) -> Any:
        """Return what the call sends. Raises EOFError if it has died."""
        assert self._ours.poll(PATIENCE_S), "a child is silent"
        return self._ours.recv()

    def end(self) -> Outcome:
        """Wait for the end of the call."""
        try:
            outcome = self.receive()
        except (EOFError, ConnectionResetError):
            outcome = None
        self.process.join(PATIENCE_S)
        code = self.process.exitcode
        self._ours.close()
        if isinstance(outcome, Outcome) and code == 0:
            return outcome
        return Outcome(crashed=f"exit code {code}")

    def kill(self) -> bool:
        """Kill it; return whether it was working until then."""
        self.process.kill()
        self.process.join(PATIENCE_S)
        self._ours.close()
        return self.process.exitcode == -9


def outcome_of(here: Path, call: Callable[..., object], *arguments: object) -> Outcome:
    """Return the outcome of a call in a child."""
    return Child(here, call, *arguments).end()


def talking(call: Callable[..., object]) -> Callable[..., object]:
    """Mark a call that receives the connection to its parent before its arguments."""
    call.__dict__["talking"] = True
    return call


def _run(
    theirs: Connection, here: Path, call: Callable[..., object], arguments: tuple[object, ...]
) -> None:
    os.chdir(here)
    theirs.send("begun")
    try:
        first = (theirs,) if "talking" in call.__dict__ else ()
        outcome = Outcome(value=call(*first, *arguments))
    except RagError as error:
        outcome = Outcome(refused=f"{type(error).__name__}: {error}")
    except BaseException as error:
        outcome = Outcome(crashed=f"{type(error).__name__}: {error}")
    theirs.send(outcome)
    theirs.close()
