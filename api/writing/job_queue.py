"""The jobs that wait to be written."""

import threading
from collections.abc import Callable, Sequence

from api.writing.job import Job
from index.errors import TooManyChanges

MAX_JOBS_WAITING = 256

_MAX_BATCH = 32
_LARGE_CHARACTERS = 200_000
"""A job with more text, which takes about a second, is written and published alone."""
_IDLE_S = 60.0


class JobQueue:
    """Jobs in the order of their requests. Several threads may use it.

    stops: whether no further job is to be written
    """

    def __init__(self) -> None:
        self.stops = False
        self._jobs: list[Job] = []
        self._changed = threading.Condition()

    def add(self, job: Job) -> None:
        """Add a job that is not parsed yet. Raises TooManyChanges."""
        with self._changed:
            if len(self._jobs) >= MAX_JOBS_WAITING:
                raise TooManyChanges(
                    f"{len(self._jobs)} changes are waiting, which is the limit; try again later"
                )
            self._jobs.append(job)

    def set_ready(self, job: Job) -> None:
        """Record that a job is parsed."""
        with self._changed:
            job.is_ready = True
            self._changed.notify()

    def put_back(self, jobs: Sequence[Job]) -> None:
        """Add jobs again, before all others."""
        with self._changed:
            self._jobs[:0] = jobs

    def next_batch(self, on_idle: Callable[[], None]) -> list[Job]:
        """Return the jobs to write and publish together; wait for the first. Empty if this stops.

        on_idle: called when there was no job for a minute
        """
        with self._changed:
            while not self.stops:
                if batch := self._ready():
                    for job in batch:
                        self._jobs.remove(job)
                    return batch
                if not self._changed.wait(_IDLE_S) and not self._jobs:
                    on_idle()
        return []

    def _ready(self) -> list[Job]:
        """Return jobs that can be written now: none changes a document that an earlier one changes
        that is not parsed yet."""
        batch: list[Job] = []
        blocked: set[str] = set()
        for job in self._jobs:
            if not job.is_ready or blocked & job.doc_ids:
                blocked |= job.doc_ids
            elif job.n_characters > _LARGE_CHARACTERS:
                return batch or [job]
            else:
                batch.append(job)
                if len(batch) == _MAX_BATCH:
                    break
        return batch

    def stop(self) -> list[Job]:
        """End `next_batch`; return the jobs that wait."""
        with self._changed:
            self.stops = True
            self._changed.notify()
            return list(self._jobs)
