"""An index followed from generation to generation, each held open while it is searched."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from index.backend import Backend, Snapshot
from index.errors import IndexProblem
from index.fingerprint import Fingerprint


class LiveIndex:
    """The present generation of an index, for many threads at once.

    Raises IndexMissing, IndexDamaged, or IndexMismatch if the index has another fingerprint.
    """

    def __init__(self, backend: Backend, fingerprint: Fingerprint | None) -> None:
        """fingerprint: the one that every generation must have; None if any will do"""
        self._backend = backend
        self._fingerprint = fingerprint
        self._lock = threading.Lock()
        self._refreshing = threading.Lock()
        self._borrowed: dict[Snapshot, int] = {}
        self._current = self._checked(backend.open())
        self._closed = False

    def _checked(self, snapshot: Snapshot) -> Snapshot:
        try:
            if self._fingerprint is not None:
                snapshot.fingerprint.check(self._fingerprint, self._backend.place)
        except BaseException:
            snapshot.close()
            raise
        return snapshot

    def close(self) -> None:
        """Close the index; a search that is under way finishes first."""
        with self._lock:
            self._closed = True
            if not self._borrowed.get(self._current):
                self._current.close()

    @contextmanager
    def borrow(self) -> Iterator[Snapshot]:
        """The present generation, held open until the block ends."""
        with self._lock:
            snapshot = self._current
            self._borrowed[snapshot] = self._borrowed.get(snapshot, 0) + 1
        try:
            yield snapshot
        finally:
            with self._lock:
                self._borrowed[snapshot] -= 1
                if not self._borrowed[snapshot]:
                    del self._borrowed[snapshot]
                    if self._closed or snapshot is not self._current:
                        snapshot.close()

    def refresh(self) -> bool:
        """Go over to the index's newest generation; False if that is the present one, or its
        indexes are not to be had yet.

        Searches go on meanwhile, each in the generation it began with.
        """
        with self._refreshing:
            fresh = self._newer()
            if fresh is None:
                return False
            self._checked(fresh)
            with self._lock:
                if self._closed:  # meanwhile
                    fresh.close()
                    return False
                stale, self._current = self._current, fresh
                if not self._borrowed.get(stale):
                    stale.close()
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
        """See Snapshot.release_log. Where that fails now, the next refresh tries again."""
        with suppress(IndexProblem):
            self._current.release_log()

    @property
    def generation(self) -> int:
        return self._current.generation
