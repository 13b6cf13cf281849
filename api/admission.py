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

_HELD_S = 0.02
"""How long what is done may wait for what is done next: the event loop is then woken once for
several answers, and writes them and reads the next questions while no thread asks for Python. To 64
clients that gives a third more answers a second."""

_T = TypeVar("_T")


@dataclass(slots=True, eq=False)
class _Call:
    """What is to be called, who waits for it, and what came of it."""

    make: Callable[[], Any]
    future: "asyncio.Future[Any]"
    made: Any = None
    error: BaseException | None = None

    def do(self) -> None:
        if self.future.cancelled():
            return
        try:
            self.made = self.make()
        except BaseException as error:  # a panic of a native library is no Exception
            self.error = error

    def settle(self) -> None:
        if self.future.done():
            return
        if self.error is not None:
            self.future.set_exception(self.error)
        else:
            self.future.set_result(self.made)


class Admission:
    """Runs calls in at most `n_threads` threads of its own while at most `queue` others wait.

    It belongs to one event loop, on which it decides before any thread is used: however many
    searches there are, one more is refused at once, and the other routes answer. A thread goes on
    from call to call as long as any waits.
    """

    def __init__(self, n_threads: int, queue: int) -> None:
        self._threads = ThreadPoolExecutor(n_threads, thread_name_prefix="search")
        self._n_threads = n_threads
        self._most = n_threads + queue
        self._n_admitted = 0
        self._waiting: OrderedDict[_Call, None] = OrderedDict()
        self._n_working = 0
        self._lock = threading.Lock()

    async def run(self, call: Callable[[], _T]) -> _T:
        """What the call returns, in its turn. Raises Overloaded if as many wait as may.

        Whoever is cancelled leaves the queue; a call that is under way cannot be stopped, and its
        place counts as free.
        """
        if self._n_admitted >= self._most:
            raise Overloaded(
                f"{self._n_admitted} questions are waiting for an answer, as many as may; "
                "ask again in a moment"
            )
        self._n_admitted += 1
        try:
            loop = asyncio.get_running_loop()
            future: asyncio.Future[_T] = loop.create_future()
            made = _Call(call, future)
            self._enter(made, loop)
            try:
                return await future
            except asyncio.CancelledError:
                with self._lock:
                    self._waiting.pop(made, None)
                raise
        finally:
            self._n_admitted -= 1

    def _enter(self, call: _Call, loop: asyncio.AbstractEventLoop) -> None:
        with self._lock:
            self._waiting[call] = None
            if self._n_working == self._n_threads:
                return
            self._n_working += 1
        self._threads.submit(self._work, loop)

    def _next(self) -> _Call | None:
        """The call that has waited longest; if none does, the thread that asks is done."""
        with self._lock:
            if self._waiting:
                return self._waiting.popitem(last=False)[0]
            self._n_working -= 1
            return None

    def _work(self, loop: asyncio.AbstractEventLoop) -> None:
        done: list[_Call] = []
        began = time.perf_counter()
        while (call := self._next()) is not None:
            call.do()
            done.append(call)
            if time.perf_counter() - began > _HELD_S:
                _deliver(done, loop)
                done, began = [], time.perf_counter()
        if done:
            _deliver(done, loop)


def _deliver(done: list[_Call], loop: asyncio.AbstractEventLoop) -> None:
    def settle() -> None:
        for call in done:
            call.settle()

    # A loop that was closed meanwhile has nobody left who waits.
    with suppress(RuntimeError):
        loop.call_soon_threadsafe(settle)
