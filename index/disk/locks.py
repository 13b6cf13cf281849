"""Locks between processes. Each wait ends, and its message names who holds the lock.

The lock itself is the system's, which lets go of it when a process dies. Who holds it stands in a
file beside it, for people alone: it may be missing or out of date.
"""

import json
import logging
import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import datetime
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from index.disk.os_errors import os_errors_translated
from index.disk.private import write_private
from index.errors import IndexBusy

_log = logging.getLogger(__name__)


@contextmanager
def held(path: Path, what: str, timeout_s: float) -> Iterator[None]:
    """Hold the lock in a file, which is made if there is none.

    what: what is waited for, as in "another process is writing to docs/.rag".
    A wait begins with a warning that names the holder. Raises IndexBusy if the lock is held by
    another for timeout_s, IndexProblem if it cannot be made.
    """
    lock = FileLock(path, mode=0o600)
    with os_errors_translated(path):
        if timeout_s > 0 and not _acquired(lock, 0):
            _log.warning("%s (%s); waiting for it, at most %g s", what, holder_of(path), timeout_s)
        if not lock.is_locked and not _acquired(lock, timeout_s):
            holder = holder_of(path)
            raise IndexBusy(f"{what} ({holder}); wait until it is done, or stop it")
    try:
        with suppress(OSError):
            _write_holder(_holder_file(path))
        yield
    finally:
        with suppress(OSError):
            _holder_file(path).unlink(missing_ok=True)
        lock.release()


def is_held(path: Path) -> bool:
    """Whether a process holds the lock in a file, as far as it is known; the lock is not touched,
    so that nobody finds it held for an instant."""
    try:
        holder = _holder(path)
        if holder["host"] == socket.gethostname():
            os.kill(int(holder["pid"]), 0)
    except PermissionError:  # it is another user's process
        return True
    except (KeyError, OSError, TypeError, ValueError):
        return False
    return True


def _acquired(lock: FileLock, timeout_s: float) -> bool:
    try:
        lock.acquire(timeout=timeout_s)
    except Timeout:  # an OSError, but not one of the disk's
        return False
    return True


def holder_of(path: Path) -> str:
    """Who holds the lock in a file, as far as it is known, for people."""
    try:
        holder = _holder(path)
        return f"process {int(holder['pid'])} on {holder['host']}, since {holder['since']}"
    except (KeyError, OSError, TypeError, ValueError):
        return "process unknown"


def _holder(path: Path) -> dict[str, Any]:
    """Raises OSError, or TypeError or ValueError if the file is damaged."""
    return dict(json.loads(_holder_file(path).read_bytes()))


def _holder_file(path: Path) -> Path:
    return path.with_suffix(".holder.json")


def _write_holder(path: Path) -> None:
    since = datetime.now().astimezone().isoformat(sep=" ", timespec="seconds")
    holder = {"pid": os.getpid(), "host": socket.gethostname(), "since": since}
    write_private(path, json.dumps(holder))
