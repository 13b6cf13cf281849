"""A job: the changes of one request, their progress and their results."""

import asyncio
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime

from api.error_handler import problem_at
from api.schemas import DocumentOut
from api.writing.etag import etag_of
from api.writing.results import (
    DocumentRemoved,
    DocumentWritten,
    JobOut,
    JobProgress,
    JobState,
    UploadedFile,
    UploadResult,
)
from api.writing.tasks import Task
from index.ingest.edit import Edited
from index.ingest.progress import Progress

Outcome = Edited | Exception


class Job:
    """Changes that are made in order, each in its own transaction.

    outcomes:    of each change: its result or its error; None if it has none yet
    generation:  of the index after the changes
    n_characters: to encode, known when all documents are read
    announced:   whether a client was told its id; only then it is kept in a file
    finished:    set when every search finds the changes, or they failed
    """

    def __init__(
        self, job_id: str, tasks: Sequence[Task], instance: str, *, patience_s: float, several: bool
    ) -> None:
        """instance: the request's path. patience_s: how long to wait for another process that
        writes to the index. several: whether the result has one entry for each task."""
        self.job_id = job_id
        self.tasks = tasks
        self.outcomes: list[Outcome | None] = [None] * len(tasks)
        self.state: JobState = "queued"
        self.generation = 0
        self.n_characters = 0
        self.announced = False
        self.is_ready = False
        self.gives_up_at = time.monotonic() + patience_s
        self.release: Callable[[], None] = lambda: None
        self.finished = asyncio.Event()
        self._instance = instance
        self.several = several
        self._created = datetime.now(UTC)
        self._characters_before = self._chunks_before = 0
        self._progress = Progress()

    @property
    def doc_ids(self) -> set[str]:
        return {task.doc_id for task in self.tasks}

    def watch(self, progress: Progress) -> None:
        """Record the progress of the document that is being stored."""
        self._progress = progress

    def end_task(self, i: int, outcome: Outcome) -> None:
        """Record the outcome of a change."""
        self.outcomes[i] = outcome
        self._characters_before += self._progress.size_done
        self._chunks_before += self._progress.chunks_done
        self._progress = Progress()

    def fail(self, error: Exception) -> None:
        """Record that the changes are not stored, or perhaps not, unless they failed before."""
        for i, outcome in enumerate(self.outcomes):
            if not isinstance(outcome, Exception):
                self.outcomes[i] = error

    @property
    def error(self) -> Exception | None:
        """The error of a job with a single result; None without one."""
        [*_, last] = self.outcomes
        return last if isinstance(last, Exception) and not self.several else None

    def result(self) -> DocumentWritten | DocumentRemoved | UploadResult:
        """Return the result of a job that ended without error."""
        if self.several:
            files = [self._file(i) for i in range(len(self.tasks))]
            n_failed = sum(each.result == "failed" for each in files)
            return UploadResult(generation=self.generation, n_failed=n_failed, files=files)
        edited = self.outcomes[0]
        assert isinstance(edited, Edited)
        if edited.result == "removed":
            return DocumentRemoved(generation=self.generation, doc_id=edited.record.doc_id)
        document = DocumentOut.of(edited.record)
        return DocumentWritten(result=edited.result, generation=self.generation, document=document)

    def etag(self) -> str | None:
        """Return the ETag of the only document after the change; None if it was removed."""
        edited = self.outcomes[0]
        if self.several or not isinstance(edited, Edited) or edited.result == "removed":
            return None
        return etag_of(edited.record)

    def _file(self, i: int) -> UploadedFile:
        doc_id, outcome = self.tasks[i].doc_id, self.outcomes[i]
        if isinstance(outcome, Edited):
            assert outcome.result in ("created", "replaced", "unchanged")
            return UploadedFile(
                doc_id=doc_id,
                status=201 if outcome.result == "created" else 200,
                result=outcome.result,
                etag=etag_of(outcome.record),
                document=DocumentOut.of(outcome.record),
            )
        assert outcome is not None
        problem = problem_at(self._instance, outcome)
        return UploadedFile(doc_id=doc_id, status=problem.status, result="failed", problem=problem)

    def out(self) -> JobOut:
        """Return the job as it is shown."""
        ended = self.state in ("stored", "done")
        return JobOut(
            job_id=self.job_id,
            state=self.state,
            created=self._created,
            progress=JobProgress(
                documents=sum(outcome is not None for outcome in self.outcomes),
                n_documents=len(self.tasks),
                characters=self._characters_before + self._progress.size_done,
                n_characters=self.n_characters,
                chunks=self._chunks_before + self._progress.chunks_done,
            ),
            result=self.result() if ended else None,
            problem=problem_at(self._instance, self.error) if self.error else None,
        )
