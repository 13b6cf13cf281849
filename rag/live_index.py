"""An index whose new generations are opened while searches use the old ones."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from index.backend import Backend, Snapshot
from index.errors import IndexProblem
from index.fingerprint import Fingerprint


class LiveIndex:
    """The current generation of an index. Its methods are safe to call from several threads.

    The constructor and `refresh` raise IndexMissing, IndexDamaged, or IndexMismatch if the index
    has another fingerprint.
    """

    def __init__(self, backend: Backend, fingerprint: Fingerprint | None) -> None:
        """fingerprint: what every generation's fingerprint must be; None allows any."""
        self._backend = backend
        self._fingerprint = fingerprint
        self._lock = threading.Lock()
        self._refreshing = threading.Lock()
        self._n_borrowers: dict[Snapshot, int] = {}
        self._current = self._check_fingerprint(backend.open())
        self._closed = False

    def _check_fingerprint(self, snapshot: Snapshot) -> Snapshot:
        try:
            if self._fingerprint is not None:
                snapshot.fingerprint.check(self._fingerprint, self._backend.place)
        except BaseException:
            snapshot.close()
            raise
        return snapshot

    def close(self) -> None:
        """Close the index. A snapshot in use is closed when its `borrow` block ends."""
        with self._lock:
            self._closed = True
            if not self._n_borrowers.get(self._current):
                self._current.close()

    @contextmanager
    def borrow(self) -> Iterator[Snapshot]:
        """Return the snapshot of the current generation. It stays open until the block ends."""
        with self._lock:
            snapshot = self._current
            self._n_borrowers[snapshot] = self._n_borrowers.get(snapshot, 0) + 1
        try:
            yield snapshot
        finally:
            with self._lock:
                self._n_borrowers[snapshot] -= 1
                if not self._n_borrowers[snapshot]:
                    del self._n_borrowers[snapshot]
                    if self._closed or snapshot is not self._current:
                        snapshot.close()

    def refresh(self) -> bool:
        """Switch to the newest generation. Return False if it is already the current one, or if it
        is not published yet.

        Running searches continue with the generation that they borrowed.
        """
        with self._refreshing:
            newest = self._newer()
            if newest is None:
                return False
            self._check_fingerprint(newest)
            with self._lock:
                if self._closed:  # by another thread since the call
                    newest.close()
                    return False
                previous, self._current = self._current, newest
                if not self._n_borrowers.get(previous):
                    previous.close()
            self._release_log()
            return True

    def _newer(self) -> Snapshot | None:
        if self._current.outdated:
            return self._backend.open()
        newer = self._backend.newer(self._current.state)
        if newer is None:
            self._release_log()
        return newer

    def _release_log(self) -> None:
        """Call Snapshot.release_log. After an error the next refresh tries again."""
        with suppress(IndexProblem):
            self._current.release_log()

    @property
    def generation(self) -> int:
        return self._current.generation
