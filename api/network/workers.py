"""Several processes that serve on one socket, each with its own pipeline."""

import logging
import multiprocessing
import os
import signal
import socket
import sys
import threading
import time
from collections.abc import Callable, Iterator, MutableSequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from multiprocessing.connection import Connection, Pipe, wait
from multiprocessing.context import SpawnProcess
from typing import cast

from api.network.serve import serve_on
from api.served import ServedGenerations, forget_process, shared_generations
from index.errors import RagError
from rag.output.safe_output import complain
from rag.settings import Settings

_SPAWN = multiprocessing.get_context("spawn")  # a fork would copy the threads' locks, held or not
_STOP = (signal.SIGINT, signal.SIGTERM)
_FAILED = 3
_GRACE_S = 10
"""Seconds after which a worker that does not stop is killed."""

_FIRST_WAIT_S = 1.0
_LONGEST_WAIT_S = 60.0
"""A worker that fails repeatedly is restarted after 1, 2, 4 … 60 s. The cause, such as a missing
index or too little memory, can end at any time, and each start takes a core from other workers."""

_STABLE_S = 60.0
"""A worker that served for this long before it died is restarted at once."""

_log = logging.getLogger(__name__)


@dataclass(slots=True, eq=False)
class _Worker:
    """A worker, which may be restarted with a new process.

    number: from 0
    process, connection: None while it waits for its next start
    ready_since: monotonic time at which its process became ready, in seconds
    could_not_start: whether its last process ended before it was ready
    n_failures: number of consecutive processes that ended within _STABLE_S
    start_at: monotonic time of its next start, in seconds
    """

    number: int
    process: SpawnProcess | None = None
    connection: Connection | None = None
    ready_since: float | None = None
    could_not_start: bool = False
    n_failures: int = 0
    start_at: float = 0.0

    def wait_s(self) -> float:
        """Return the seconds to wait before the next start."""
        if self.n_failures == 0:
            return 0.0
        return float(min(_FIRST_WAIT_S * 2 ** (self.n_failures - 1), _LONGEST_WAIT_S))


class Workers:
    """Starts the workers, restarts those that die, and stops all of them.

    A worker that cannot start is tried again later. The service ends only if no worker serves and
    none could be started.
    """

    def __init__(self, settings: Settings, listener: socket.socket, *, access_log: bool) -> None:
        self._served = shared_generations(settings.workers)
        self._arguments = (settings, listener, access_log, self._served)
        self._workers = [_Worker(number) for number in range(settings.workers)]

    def run(self, on_ready: Callable[[], None]) -> bool:
        """Serve until SIGINT or SIGTERM. `on_ready` is called once, when every worker is ready or
        could not start. Return False if no worker is left; each has printed its error."""
        with _signals() as stop:
            try:
                return self._watch(stop, on_ready)
            finally:
                self._stop()

    def _watch(self, stop: Connection, on_ready: Callable[[], None]) -> bool:
        greeted = False
        while not all(worker.could_not_start for worker in self._workers):
            self._start_due()
            if not greeted and self._is_started():
                greeted = True
                on_ready()
            ready_connections = wait([stop, *self._by_connection()], self._pause_s())
            if stop in ready_connections:
                return True
            for connection in ready_connections:
                self._handle_message(self._by_connection()[cast(Connection, connection)])
        _log.error("No worker can serve; stopping")
        return False

    def _by_connection(self) -> dict[Connection, _Worker]:
        return {
            worker.connection: worker for worker in self._workers if worker.connection is not None
        }

    def _is_started(self) -> bool:
        """Whether each worker has become ready, or failed to."""
        return all(
            worker.ready_since is not None or worker.could_not_start for worker in self._workers
        )

    def _pause_s(self) -> float | None:
        """Return the seconds until the next start of a worker; None if none is due."""
        due = [worker.start_at for worker in self._workers if worker.connection is None]
        return max(0.0, min(due) - time.monotonic()) if due else None

    def _start_due(self) -> None:
        for worker in self._workers:
            if worker.connection is None and worker.start_at <= time.monotonic():
                self._start(worker)

    def _start(self, worker: _Worker) -> None:
        own_end, worker_end = Pipe()
        process = _SPAWN.Process(
            target=_run_worker, args=(worker_end, worker.number, *self._arguments), daemon=True
        )
        # A new process inherits ignored signals. Ctrl-C reaches it too, and must not interrupt its
        # start with a traceback. This process stops it instead.
        handler = signal.signal(signal.SIGINT, signal.SIG_IGN)
        try:
            process.start()
        except OSError as error:  # no more processes, or no memory for one
            own_end.close()
            self._note_failure(worker, f"A worker could not be started ({error.strerror or error})")
            return
        finally:
            signal.signal(signal.SIGINT, handler)
            worker_end.close()
        worker.process, worker.connection = process, own_end

    def _handle_message(self, worker: _Worker) -> None:
        """Record that a worker is ready, or that it died."""
        assert worker.connection is not None
        assert worker.process is not None
        try:
            worker.connection.recv()
            worker.ready_since = time.monotonic()
            worker.could_not_start = False
            return
        except (EOFError, OSError):
            worker.connection.close()
            worker.connection = None
        process = worker.process
        process.join(_GRACE_S)
        if process.exitcode is None:  # it closed its end, and hangs
            process.kill()
            process.join()
        worker.process = None
        forget_process(self._served, worker.number)
        parts = f"Worker {process.pid}", f"({process.exitcode})"
        if worker.ready_since is None:
            self._note_failure(worker, " could not start ".join(parts))
            return
        if time.monotonic() - worker.ready_since >= _STABLE_S:
            worker.n_failures = 0
        self._restart(worker, " died ".join(parts))
        worker.n_failures += 1

    def _note_failure(self, worker: _Worker, event: str) -> None:
        worker.could_not_start = True
        worker.n_failures += 1
        self._restart(worker, event)

    def _restart(self, worker: _Worker, event: str) -> None:
        worker.ready_since = None
        worker.start_at = time.monotonic() + worker.wait_s()
        ready = sum(worker.ready_since is not None for worker in self._workers)
        when = f"in {worker.wait_s():g} s" if worker.wait_s() else "now"
        _log.error(
            "%s; starting another %s; %d of %d are ready", event, when, ready, len(self._workers)
        )

    def _stop(self) -> None:
        processes = [worker.process for worker in self._workers if worker.process is not None]
        for process in processes:
            process.terminate()
        deadline = time.monotonic() + _GRACE_S
        for process in processes:
            process.join(max(0.0, deadline - time.monotonic()))
            process.kill()
            process.join()


@contextmanager
def _signals() -> Iterator[Connection]:
    """Yield a connection that becomes readable when a signal to stop arrives."""
    receiving, sending = Pipe(duplex=False)
    before = {number: signal.signal(number, lambda *_: sending.send(None)) for number in _STOP}
    try:
        yield receiving
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _run_worker(
    parent: Connection,
    number: int,
    settings: Settings,
    listener: socket.socket,
    access_log: bool,
    generations: MutableSequence[int],
) -> None:
    """Run a worker in its process."""
    served = ServedGenerations(generations, number)
    threading.Thread(target=_end_with_parent, args=(parent,), daemon=True).start()
    try:
        serve_on(
            listener,
            settings,
            lambda _: parent.send(None),
            access_log=access_log,
            served=served,
        )
    except RagError as error:
        complain(f"rag: {error}")
        sys.exit(_FAILED)


def _end_with_parent(parent: Connection) -> None:
    """Stop this process when its parent process ends for any reason."""
    with suppress(EOFError, OSError):
        parent.recv()
    os.kill(os.getpid(), signal.SIGTERM)
