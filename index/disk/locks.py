"""Locks between processes. Every wait has a time limit, and its message names the lock's holder.

The operating system releases a lock when its process ends. A file next to the lock names the
holder, for messages only: it may be missing or outdated.
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
    """Hold the lock of a file in the block; create the file if it is missing.

    what: the reason for the wait, for messages: "another process is writing to docs/.rag".
    Logs a warning that names the holder before a wait. Raises IndexBusy if another process holds
    the lock for timeout_s, IndexProblem if the file cannot be created.
    """
    lock = FileLock(path, mode=0o600)
    with os_errors_translated(path):
        if timeout_s > 0 and not _acquired(lock, 0):
            _log.warning("%s (%s); waiting up to %g s", what, holder_of(path), timeout_s)
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
    """Return whether a process holds the lock of a file, according to the holder file.

    It does not try to acquire the lock, because that would block other processes for a moment.
    """
    try:
        holder = _holder(path)
        if holder["host"] == socket.gethostname():
            os.kill(int(holder["pid"]), 0)
    except PermissionError:  # the process belongs to another user
        return True
    except (KeyError, OSError, TypeError, ValueError):
        return False
    return True


def _acquired(lock: FileLock, timeout_s: float) -> bool:
    try:
        lock.acquire(timeout=timeout_s)
    except Timeout:  # an OSError, but not a disk error
        return False
    return True


def holder_of(path: Path) -> str:
    """Return readable text about the holder of a lock, or "unknown process"."""
    try:
        holder = _holder(path)
        return f"process {int(holder['pid'])} on {holder['host']}, since {holder['since']}"
    except (KeyError, OSError, TypeError, ValueError):
        return "unknown process"


def _holder(path: Path) -> dict[str, Any]:
    """Return the content of the holder file.

    Raises OSError if it cannot be read, TypeError or ValueError if it is damaged.
    """
    return dict(json.loads(_holder_file(path).read_bytes()))


def _holder_file(path: Path) -> Path:
    return path.with_suffix(".holder.json")


def _write_holder(path: Path) -> None:
    since = datetime.now().astimezone().isoformat(sep=" ", timespec="seconds")
    holder = {"pid": os.getpid(), "host": socket.gethostname(), "since": since}
    write_private(path, json.dumps(holder))
