"""Answers kept for when the same is asked of the same documents again."""

import threading
from collections import OrderedDict
from sys import getsizeof

from index.backend import State

_OVERHEAD = 200
"""Bytes that the dictionary takes for an entry, beyond its key and body."""


class ResultCache:
    """The answers given last, as the bytes they were sent as; for many threads.

    It keeps those of one state of the index, the newest it has heard of, and at most `max_bytes` of
    them, keys and overhead counted. What was used longest ago goes first. With 0 bytes it keeps
    nothing.
    """

    def __init__(self, max_bytes: int) -> None:
        self.n_bytes = 0
        self._max_bytes = max_bytes
        self._state: State | None = None
        self._bodies: OrderedDict[str, bytes] = OrderedDict()
        self._lock = threading.Lock()

    def __len__(self) -> int:
        return len(self._bodies)

    def get(self, state: State, key: str) -> bytes | None:
        """The body kept for a key; in another state than before, all that was kept is dropped."""
        with self._lock:
            if state != self._state:
                self._bodies.clear()
                self.n_bytes = 0
                self._state = state
                return None
            if key in self._bodies:
                self._bodies.move_to_end(key)
            return self._bodies.get(key)

    def put(self, state: State, key: str, body: bytes) -> None:
        """Keep a body that was made in a state, unless the index has left that state or the body
        alone is more than may be kept."""
        with self._lock:
            if state != self._state or _size(key, body) > self._max_bytes:
                return
            self._drop(key)
            self._bodies[key] = body
            self.n_bytes += _size(key, body)
            while self.n_bytes > self._max_bytes:
                self._drop(next(iter(self._bodies)))

    def _drop(self, key: str) -> None:
        body = self._bodies.pop(key, None)
        if body is not None:
            self.n_bytes -= _size(key, body)


def _size(key: str, body: bytes) -> int:
    return getsizeof(key) + getsizeof(body) + _OVERHEAD
