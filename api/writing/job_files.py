"""Jobs in files, so that every process of the service can show the jobs of all.

The files are in the folder `jobs` of the index directory. A job's id begins with the token of the
process that runs it. This process holds a lock while it lives: if the lock is free, its unfinished
jobs are lost.
"""

import re
import threading
from contextlib import suppress
from pathlib import Path
from secrets import token_hex

from filelock import FileLock, Timeout

from api.problems import blank_problem
from api.writing.results import JobOut
from index.disk.owned import JOBS
from index.disk.private import make_private_folder, write_private

MAX_JOBS = 200
_JOB_ID = re.compile(r"[0-9a-f]{32}")
_TOKEN_DIGITS = 16
_LOST = (
    "the service stopped before the change was stored, so the documents are as before; send the "
    "request again"
)


class JobFiles:
    """The job files of an index directory. Several threads and processes may use it at once."""

    def __init__(self, index: Path, max_jobs: int = MAX_JOBS) -> None:
        self._folder = index / JOBS
        self._max_jobs = max_jobs
        self._token = token_hex(_TOKEN_DIGITS // 2)
        self._owner: FileLock | None = None
        self._lock = threading.Lock()

    def new_id(self) -> str:
        """Return the id of a new job of this process."""
        return self._token + token_hex(_TOKEN_DIGITS // 2)

    def write(self, job: JobOut) -> None:
        """Create or replace the file of a job of this process. Raises OSError."""
        with self._lock:
            path = self._folder / f"{job.job_id}.json"
            if self._owner is None:
                self._begin()
            if not path.exists():
                self._make_room()
            draft = path.with_suffix(".draft")
            write_private(draft, job.model_dump_json())
            draft.replace(path)

    def _begin(self) -> None:
        """Take this process's lock, and remove the locks of processes that ended."""
        make_private_folder(self._folder)
        self._owner = FileLock(self._lock_of(self._token), mode=0o600)
        self._owner.acquire()
        for path in self._folder.glob("*.lock"):
            if path.stem != self._token and not _is_held(path):
                path.unlink(missing_ok=True)

    def _make_room(self) -> None:
        """Remove the files that were written first, until one more may be added."""
        written = []
        for path in self._folder.glob("*.json"):
            with suppress(FileNotFoundError):  # another process removed it
                written.append((path.stat().st_mtime_ns, path))
        for _, path in sorted(written)[: len(written) + 1 - self._max_jobs]:
            path.unlink(missing_ok=True)

    def read(self, job_id: str) -> JobOut | None:
        """Return a job of any process; None if there is none with this id."""
        if _JOB_ID.fullmatch(job_id) is None:
            return None
        try:
            job = JobOut.model_validate_json((self._folder / f"{job_id}.json").read_bytes())
        except (OSError, ValueError):
            return None
        if job.state in ("done", "failed") or not self._is_lost(job_id):
            return job
        if job.state == "stored":  # what starts later serves it
            return job.model_copy(update={"state": "done"})
        problem = blank_problem(503, _LOST, f"/v1/jobs/{job_id}")
        return job.model_copy(update={"state": "failed", "problem": problem})

    def _is_lost(self, job_id: str) -> bool:
        token = job_id[:_TOKEN_DIGITS]
        return token != self._token and not _is_held(self._lock_of(token))

    def _lock_of(self, token: str) -> Path:
        return self._folder / f"{token}.lock"

    def close(self) -> None:
        """Release this process's lock."""
        with self._lock:
            if self._owner is not None:
                self._owner.release()
                self._lock_of(self._token).unlink(missing_ok=True)


def _is_held(path: Path) -> bool:
    if not path.exists():
        return False
    lock = FileLock(path, mode=0o600)
    try:
        lock.acquire(timeout=0)
    except (Timeout, OSError):
        return True
    lock.release()
    return False
