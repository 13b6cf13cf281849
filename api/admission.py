"""How many searches a server takes on: some are under way, some more wait, the rest are refused."""

import asyncio
import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, TypeVar

from index.errors import Overloaded

_DELIVERY_INTERVAL_S = 0.02
"""How long what is done may wait for what is done next: the event loop is then woken once for
several answers, and writes them and reads the next questions while no thread asks for Python. To 64
clients that gives a third more answers a second."""

_T = TypeVar("_T")


@dataclass(slots=True, eq=False)
class _Job:
    """What is to be called, who waits for it, and what came of it."""

    call: Callable[[], Any]
    future: "asyncio.Future[Any]"
    result: Any = None
    error: BaseException | None = None

    def run_call(self) -> None:
        if self.future.cancelled():
            return
        try:
            self.result = self.call()
        except BaseException as error:  # a panic of a native library is no Exception
            self.error = error

    def settle(self) -> None:
        if self.future.done():
            return
        if self.error is not None:
            self.future.set_exception(self.error)
        else:
            self.future.set_result(self.result)


class Admission:
    """Runs calls in at most `n_threads` threads of its own while at most `queue` others wait.

    It belongs to one event loop, on which it decides before any thread is used: however many
    searches there are, one more is refused at once, and the other routes answer. A thread goes on
    from call to call as long as any waits.
    """

    def __init__(self, n_threads: int, queue: int) -> None:
        self._threads = ThreadPoolExecutor(n_threads, thread_name_prefix="search")
        self._n_threads = n_threads
        self._max_admitted = n_threads + queue
        self._n_admitted = 0
        self._waiting: OrderedDict[_Job, None] = OrderedDict()
        self._n_working = 0
        self._lock = threading.Lock()

    async def run(self, call: Callable[[], _T]) -> _T:
        """What the call returns, in its turn. Raises Overloaded if as many wait as may.

        Whoever is cancelled leaves the queue; a call that is under way cannot be stopped, and its
        place counts as free.
        """
        if self._n_admitted >= self._max_admitted:
            raise Overloaded(
                f"{self._n_admitted} questions are waiting for an answer, which is the limit; "
                "try again in a moment"
            )
        self._n_admitted += 1
        try:
            loop = asyncio.get_running_loop()
            future: asyncio.Future[_T] = loop.create_future()
            job = _Job(call, future)
            self._enqueue(job, loop)
            try:
                return await future
            except asyncio.CancelledError:
                with self._lock:
                    self._waiting.pop(job, None)
                raise
        finally:
            self._n_admitted -= 1

    def _enqueue(self, job: _Job, loop: asyncio.AbstractEventLoop) -> None:
        with self._lock:
            self._waiting[job] = None
            if self._n_working == self._n_threads:
                return
            self._n_working += 1
        self._threads.submit(self._work, loop)

    def _next_job(self) -> _Job | None:
        """The call that has waited longest; if none does, the thread that asks is done."""
        with self._lock:
            if self._waiting:
                return self._waiting.popitem(last=False)[0]
            self._n_working -= 1
            return None

    def _work(self, loop: asyncio.AbstractEventLoop) -> None:
        finished: list[_Job] = []
        began = time.perf_counter()
        while (job := self._next_job()) is not None:
            job.run_call()
            finished.append(job)
            if time.perf_counter() - began > _DELIVERY_INTERVAL_S:
                _deliver(finished, loop)
                finished, began = [], time.perf_counter()
        if finished:
            _deliver(finished, loop)


def _deliver(finished: list[_Job], loop: asyncio.AbstractEventLoop) -> None:
    def settle() -> None:
        for job in finished:
            job.settle()

    # A loop that was closed meanwhile has nobody left who waits.
    with suppress(RuntimeError):
        loop.call_soon_threadsafe(settle)
