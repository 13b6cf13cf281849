"""Several processes that serve on one socket, each with a pipeline of its own."""

import logging
import multiprocessing
import os
import signal
import socket
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from multiprocessing.connection import Connection, Pipe, wait
from multiprocessing.context import SpawnProcess

from api.opening import serve_on
from index.errors import RagError
from rag.settings import Settings

_SPAWN = multiprocessing.get_context("spawn")  # a fork would copy the threads' locks, held or not
_STOP = (signal.SIGINT, signal.SIGTERM)
_FAILED = 3
_GRACE_S = 10
"""How long a worker that was told to stop may take before it is killed."""

_log = logging.getLogger(__name__)


class Workers:
    """Starts the workers, one anew for each that dies, and stops them all.

    One that dies before it was ready would die again: then all stop.
    """

    def __init__(self, settings: Settings, listener: socket.socket, *, access_log: bool) -> None:
        self._arguments = (settings, listener, access_log)
        self._n_workers = settings.workers
        self._running: dict[Connection, SpawnProcess] = {}
        self._ready: set[Connection] = set()

    def run(self, on_ready: Callable[[], None]) -> bool:
        """Serve until SIGINT or SIGTERM; `on_ready` is called once, when all are ready. False if a
        worker could not start; it has said why."""
        with _signals() as stop:
            try:
                for _ in range(self._n_workers):
                    self._start()
                return self._watch(stop, on_ready)
            finally:
                self._stop()

    def _start(self) -> None:
        ours, theirs = Pipe()
        process = _SPAWN.Process(target=_work, args=(theirs, *self._arguments), daemon=True)
        # What is ignored stays so in a new process: Ctrl-C reaches it too, and must not break into
        # its start with a traceback. It stops when it is told to from here.
        handler = signal.signal(signal.SIGINT, signal.SIG_IGN)
        try:
            process.start()
        finally:
            signal.signal(signal.SIGINT, handler)
        theirs.close()
        self._running[ours] = process

    def _watch(self, stop: Connection, on_ready: Callable[[], None]) -> bool:
        told = False
        while True:
            spoken = wait([stop, *self._running])
            if stop in spoken:
                return True
            for worker in spoken:
                assert isinstance(worker, Connection)
                if not self._heard(worker):
                    return False
            if not told and len(self._ready) == self._n_workers:
                told = True
                on_ready()

    def _heard(self, worker: Connection) -> bool:
        """Note that a worker is ready, or replace one that died; False if it never was ready."""
        try:
            worker.recv()
            self._ready.add(worker)
            return True
        except EOFError:
            process = self._running.pop(worker)
        process.join(_GRACE_S)
        if worker not in self._ready:
            _log.error("Worker %s could not start (%s); stopping", process.pid, process.exitcode)
            return False
        self._ready.remove(worker)
        _log.error("Worker %s died (%s); starting another", process.pid, process.exitcode)
        self._start()
        return True

    def _stop(self) -> None:
        for process in self._running.values():
            process.terminate()
        for process in self._running.values():
            process.join(_GRACE_S)
            process.kill()
            process.join()


@contextmanager
def _signals() -> Iterator[Connection]:
    """A connection that can be read from once a signal to stop has come."""
    receiving, sending = Pipe(duplex=False)
    before = {each: signal.signal(each, lambda *_: sending.send(None)) for each in _STOP}
    try:
        yield receiving
    finally:
        for each, handler in before.items():
            signal.signal(each, handler)


def _work(
    parent: Connection, settings: Settings, listener: socket.socket, access_log: bool
) -> None:
    """A worker's whole life."""
    threading.Thread(target=_end_with, args=(parent,), daemon=True).start()
    try:
        serve_on(listener, settings, lambda _: parent.send(None), access_log=access_log)
    except RagError as error:
        print(f"rag: {error}", file=sys.stderr)
        sys.exit(_FAILED)


def _end_with(parent: Connection) -> None:
    """Stop this process when the one that started it is gone, however that came."""
    with suppress(EOFError, OSError):
        parent.recv()
    os.kill(os.getpid(), signal.SIGTERM)
