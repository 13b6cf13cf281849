"""The changes of a process: documents are parsed, then one thread writes to the index.

Changes that wait at the same time are published together. Changes of one document are made in the
order of their requests. Other processes write to the same index: a lock lets one at a time do so.
"""

import asyncio
import logging
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from api.error_handler import log_fault
from api.refresher import Refresher
from api.served import ServedGenerations
from api.writing.budget import UploadBudget
from api.writing.job import Job
from api.writing.job_files import JobFiles
from api.writing.job_queue import JobQueue
from api.writing.parsers import Parsers
from api.writing.tasks import Task
from index.backend import Backend
from index.documents.isolation import ParserProcess
from index.errors import IndexBusy, ServiceStopping
from index.ingest.edit import Edits, editing
from index.ingest.progress import Progress
from index.protocols import Embedder

WAIT_FOR_LOCK_S = 20.0
"""How long a change whose client waits for it waits for another process that writes."""
LONG_WAIT_FOR_LOCK_S = 1800.0
"""How long a change does that was accepted as a job."""

_LOCK_INTERVAL_S = 0.02
_LONGEST_LOCK_INTERVAL_S = 0.25
_VISIBLE_INTERVAL_S = 0.005
_PROGRESS_INTERVAL_S = 0.25
_STOP_S = 3.0

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Writing:
    """What a service needs to change documents.

    folder:     the index directory
    body_bytes: the longest body of an upload; four of them may be held at a time
    served:     what each process of the service serves
    """

    backend: Backend
    embedder: Embedder
    folder: Path
    body_bytes: int = 32 * 2**20
    served: ServedGenerations = field(default_factory=ServedGenerations)


_BODIES_HELD = 4


class Writes:
    """Makes the changes of a service. It belongs to one event loop, and has a thread that writes
    and threads that parse; they start with the first change."""

    def __init__(self, writing: Writing, refresher: Refresher) -> None:
        self.files = JobFiles(writing.folder)
        self.body_bytes = writing.body_bytes
        self.budget = UploadBudget(_BODIES_HELD * writing.body_bytes)
        self._backend = writing.backend
        self._embedder = writing.embedder
        self._served = writing.served
        self._refresher = refresher
        self._parsers = Parsers()
        self._queue = JobQueue()
        self._thread: threading.Thread | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._settling: set[asyncio.Task[None]] = set()

    # On the event loop

    def start(
        self,
        tasks: Sequence[Task],
        instance: str,
        *,
        hurried: bool,
        several: bool = False,
        held: Callable[[], None] = lambda: None,
    ) -> Job:
        """Accept a job.

        hurried: whether its client waits for it. several, instance: as in Job. held: releases the
        memory of its uploads

        Raises TooManyChanges if as many wait as may.
        """
        self._loop = asyncio.get_running_loop()
        patience_s = WAIT_FOR_LOCK_S if hurried else LONG_WAIT_FOR_LOCK_S
        job = Job(self.files.new_id(), tasks, instance, patience_s=patience_s, several=several)
        job.release = held
        self._queue.add(job)
        if self._thread is None:
            self._thread = threading.Thread(target=self._write, name="write", daemon=True)
            self._thread.start()
        self._parsers.start(partial(self._prepare, job))
        return job

    async def wait(self, job: Job, timeout_s: float) -> bool:
        """Wait until a job is finished; return whether it is."""
        with suppress(TimeoutError):
            async with asyncio.timeout(timeout_s):
                await job.finished.wait()
        return job.finished.is_set()

    def announce(self, job: Job) -> None:
        """Keep a job in a file from now on, because a client gets its id. It also waits longer for
        the index now."""
        job.gives_up_at += LONG_WAIT_FOR_LOCK_S
        job.announced = True
        self._save(job)

    def _settle_soon(self, jobs: Sequence[Job]) -> None:
        task = asyncio.get_running_loop().create_task(self._settle(jobs))
        self._settling.add(task)
        task.add_done_callback(self._settling.discard)

    async def _settle(self, jobs: Sequence[Job]) -> None:
        """Finish jobs when all processes serve their changes."""
        generation = max(job.generation for job in jobs)
        while not self._served.all_serve(generation):
            await asyncio.sleep(_VISIBLE_INTERVAL_S)
        for job in jobs:
            job.state = "failed" if job.error is not None else "done"
            job.release()
            job.finished.set()
            self._save(job)

    def close(self) -> None:
        """Stop. The change that is being made is undone unless it ends soon; those that wait
        fail."""
        waiting = self._queue.stop()
        if self._thread is not None:
            self._thread.join(_STOP_S)
        self._parsers.close()
        for job in waiting:
            job.fail(_stopping())
            job.state = "failed"
            self._save(job)
        self.files.close()

    def _save(self, job: Job) -> None:
        if job.announced:
            try:
                self.files.write(job.out())
            except OSError as error:
                _log.error("The state of job %s could not be stored: %s", job.job_id, error)

    # In a thread that parses

    def _prepare(self, job: Job, parser: ParserProcess) -> None:
        for i, task in enumerate(job.tasks):
            try:
                job.n_characters += task.prepare(parser)
            except Exception as error:
                _log_fault(job, error)
                job.end_task(i, error)
        self._queue.set_ready(job)

    # In the thread that writes

    def _write(self) -> None:
        while batch := self._queue.next_batch(self._parsers.rest):
            for job in batch:
                job.state = "running"
            try:
                self._write_batch(batch)
            except Exception as error:
                self._put_back(batch, error)

    def _write_batch(self, batch: list[Job]) -> None:
        deadline = min(job.gives_up_at for job in batch)
        if any(outcome is None for job in batch for outcome in job.outcomes):
            with self._session(deadline) as edits:
                for job in batch:
                    self._save(job)
                    self._make(job, edits)
        generation = self._backend.state()[0]
        for job in batch:
            job.generation = generation
            job.state = "failed" if job.error is not None else "stored"
            self._save(job)
        self._served.want(generation)
        self._refresher.refresh()
        self._call_loop(batch)

    def _make(self, job: Job, edits: Edits) -> None:
        watch = self._watch_of(job)
        for i, task in enumerate(job.tasks):
            if job.outcomes[i] is not None:
                continue
            try:
                job.end_task(i, task.apply(edits, watch))
            except ServiceStopping:
                raise
            except Exception as error:
                _log_fault(job, error)
                job.end_task(i, error)

    def _watch_of(self, job: Job) -> Callable[[Progress], None]:
        saved_at = 0.0

        def watch(progress: Progress) -> None:
            nonlocal saved_at
            job.watch(progress)
            if self._queue.stops:
                raise _stopping()
            if time.monotonic() - saved_at > _PROGRESS_INTERVAL_S:
                saved_at = time.monotonic()
                self._save(job)

        return watch

    @contextmanager
    def _session(self, deadline: float) -> Iterator[Edits]:
        """Lock the index; wait until the deadline while another process writes to it."""
        pause_s = _LOCK_INTERVAL_S
        with ExitStack() as stack:
            while True:
                try:
                    edits = stack.enter_context(editing(self._backend, self._embedder))
                    break
                except IndexBusy:
                    if self._queue.stops:
                        raise _stopping() from None
                    if time.monotonic() > deadline:
                        raise
                    time.sleep(pause_s)
                    pause_s = min(1.5 * pause_s, _LONGEST_LOCK_INTERVAL_S)
            yield edits

    def _put_back(self, batch: list[Job], error: Exception) -> None:
        """Fail the jobs of a batch. Queue those again that can still wait for the index."""
        waits = isinstance(error, IndexBusy)
        now = time.monotonic()
        later = [job for job in batch if waits and job.gives_up_at > now and not _is_begun(job)]
        for job in later:
            job.state = "queued"
            self._save(job)
        self._queue.put_back(later)
        failed = [job for job in batch if job not in later]
        for job in failed:
            _log_fault(job, error)
            job.fail(error)
            job.state = "failed" if job.error is not None else "done"
            self._save(job)
        if failed:
            self._call_loop(failed)

    def _call_loop(self, jobs: list[Job]) -> None:
        assert self._loop is not None
        with suppress(RuntimeError):  # the loop is closed: nobody waits
            self._loop.call_soon_threadsafe(self._settle_soon, jobs)


def _log_fault(job: Job, error: Exception) -> None:
    """Log an error of the server, unless the request raises it and logs it then."""
    if (job.announced or job.several) and not isinstance(error, ServiceStopping):
        log_fault(error)


def _is_begun(job: Job) -> bool:
    return not all(outcome is None or isinstance(outcome, Exception) for outcome in job.outcomes)


def _stopping() -> ServiceStopping:
    return ServiceStopping("the service stopped before the change was complete")
