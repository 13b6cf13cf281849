"""An index followed from generation to generation, each held open while it is searched."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from index.errors import IndexProblem
from index.fingerprint import Fingerprint
from index.publish.snapshot import Snapshot, state_of


class Generations:
    """The present generation of an index, for many threads at once.

    Raises IndexMissing, IndexDamaged, or IndexMismatch if the index has another fingerprint.
    """

    def __init__(self, folder: Path, fingerprint: Fingerprint) -> None:
        self._folder = folder
        self._fingerprint = fingerprint
        self._lock = threading.Lock()
        self._refreshing = threading.Lock()
        self._borrowed: dict[Snapshot, int] = {}
        self._current = self._checked(Snapshot.open(folder))
        self._closed = False

    def _checked(self, snapshot: Snapshot) -> Snapshot:
        try:
            snapshot.fingerprint.check(self._fingerprint, self._folder)
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
    def borrowed(self) -> Iterator[Snapshot]:
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
            self._let_go()
            return True

    def _newer(self) -> Snapshot | None:
        if self._current.outdated:
            return Snapshot.open(self._folder)
        if state_of(self._folder) == self._current.state:
            self._let_go()
            return None
        return Snapshot.newer(self._folder, self._current.state)

    def _let_go(self) -> None:
        """Let the database's log be cut. What hinders that now is tried again later."""
        with suppress(IndexProblem):
            self._current.let_go()

    @property
    def generation(self) -> int:
        return self._current.generation
