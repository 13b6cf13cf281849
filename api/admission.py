"""How many searches a server takes on: some have threads, some more wait, the rest are refused."""

from collections.abc import Callable
from typing import TypeVar

from anyio import CapacityLimiter, to_thread

from index.errors import Overloaded

_Made = TypeVar("_Made")


class Admission:
    """Runs calls in at most `n_threads` threads of their own while at most `queue` others wait.

    It belongs to one event loop, on which it decides before any thread is used: however many
    searches there are, one more is refused at once, and the other routes answer.
    """

    def __init__(self, n_threads: int, queue: int) -> None:
        self._threads = CapacityLimiter(n_threads)
        self._most = n_threads + queue
        self._n_admitted = 0

    async def run(self, call: Callable[[], _Made]) -> _Made:
        """What the call returns, in its turn. Raises Overloaded if as many wait as may."""
        if self._n_admitted >= self._most:
            raise Overloaded(
                f"{self._n_admitted} questions are waiting for an answer, as many as may; "
                "ask again in a moment"
            )
        self._n_admitted += 1
        try:
            return await to_thread.run_sync(call, limiter=self._threads)
        finally:
            self._n_admitted -= 1
