"""SQLite connections and what their errors mean; the one module that imports sqlite3."""

import errno
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from index.errors import IndexBusy, IndexDamaged, IndexProblem, StorageFull

Connection = sqlite3.Connection
Cursor = sqlite3.Cursor


def connect(path: Path, mode: str) -> sqlite3.Connection:
    """A connection in WAL mode to a database; mode is `rw`, or `rwc` to make it if need be."""
    uri = f"{path.resolve().as_uri()}?mode={mode}"
    connection = sqlite3.connect(
        uri, uri=True, timeout=30, isolation_level=None, check_same_thread=False
    )
    connection.execute("PRAGMA journal_mode = WAL")
    # FULL: a commit that was reported survives even a power cut.
    connection.execute("PRAGMA synchronous = FULL")
    connection.execute("PRAGMA foreign_keys = ON")
    return connection


@contextmanager
def translated(path: Path) -> Iterator[None]:
    """SQLite's and the disk's errors as this project's own."""
    try:
        yield
    except sqlite3.Error as error:
        raise _translation(error, path) from error
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise _full(path) from error
        raise IndexProblem(f"cannot use {path}: {error.strerror or error}") from error


def _full(path: Path) -> StorageFull:
    return StorageFull(
        f"the disk that holds {path} is full; free some space and run the command again "
        "(what was committed is kept)"
    )


def _translation(error: sqlite3.Error, path: Path) -> IndexProblem:
    name = getattr(error, "sqlite_errorname", "") or ""
    if name.startswith("SQLITE_FULL"):
        return _full(path)
    if name.startswith(("SQLITE_BUSY", "SQLITE_LOCKED")):
        return IndexBusy(f"{path} is being written by another process; try again when it is done")
    if name.startswith(("SQLITE_CORRUPT", "SQLITE_NOTADB", "SQLITE_ERROR")):
        return IndexDamaged(
            f"{path} cannot be read ({error}); delete it and ingest the documents again"
        )
    return IndexProblem(f"{path}: {error}; check the disk and the permissions")
