"""SQLite connections and what their errors mean; the one module that imports sqlite3."""

import errno
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from index.errors import IndexBusy, IndexDamaged, IndexProblem, StorageFull

Cursor = sqlite3.Cursor

_CACHE_KIB = 32 * 1024
"""Of pages, in memory. The file is not mapped: to read a mapped file that another process cuts
short kills this one (SIGBUS)."""


_PATIENCE_MS = 30_000
"""How long a statement waits for another connection's."""


class Database:
    """A connection to the database in a file, whose errors are this project's own.

    mode: `rw`, or `rwc` to make it if need be. Not for two threads at once.
    """

    def __init__(self, path: Path, mode: str) -> None:
        self.path = path
        with translated(path):
            self._connection = _connect(path, mode)

    def execute(self, sql: str, parameters: Sequence[object] = ()) -> Cursor:
        with translated(self.path):
            return self._connection.execute(sql, parameters)

    def rows(self, sql: str, parameters: Sequence[object] = ()) -> Iterator[tuple[object, ...]]:
        """The rows as they are asked for: a million of them need not be held at once."""
        with translated(self.path):
            # Not `yield from`: a generator left unfinished would close the cursor when it is
            # forgotten, which fails once the database is closed.
            for row in self._connection.execute(sql, parameters):  # noqa: UP028
                yield row

    def all_rows(self, sql: str, parameters: Sequence[object] = ()) -> list[tuple[object, ...]]:
        """The same together, sooner where they are few."""
        with translated(self.path):
            return self._connection.execute(sql, parameters).fetchall()

    def roll_back(self) -> None:
        """End the transaction that is open without its changes; harmless if none is."""
        with translated(self.path):
            if self._connection.in_transaction:
                self._connection.execute("ROLLBACK")

    def empty_log(self) -> None:
        """Move what the write-ahead log holds into the database and cut the log to nothing, as far
        as no other connection still reads from it. Nothing is waited for. Not in a transaction."""
        with translated(self.path):
            self._connection.execute("PRAGMA busy_timeout = 0")
            self._connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
            self._connection.execute(f"PRAGMA busy_timeout = {_PATIENCE_MS}")

    def check_length(self) -> None:
        """Raise IndexDamaged if the last page has been cut: SQLite sees only that whole pages lack.

        The file itself is not opened: to close it would give up this process's locks on it.
        """
        page_size = int(self.execute("PRAGMA page_size").fetchone()[0])
        with translated(self.path):
            # While the log holds something, another process may be writing pages.
            if self.path.stat().st_size % page_size and not _has_log(self.path):
                raise damaged(self.path, "its last page has been cut")

    def close(self) -> None:
        self._connection.close()


def _connect(path: Path, mode: str) -> sqlite3.Connection:
    uri = f"{path.resolve().as_uri()}?mode={mode}"
    connection = sqlite3.connect(
        uri, uri=True, timeout=_PATIENCE_MS / 1000, isolation_level=None, check_same_thread=False
    )
    connection.execute("PRAGMA journal_mode = WAL")
    # FULL: a commit that was reported survives even a power cut.
    connection.execute("PRAGMA synchronous = FULL")
    connection.execute("PRAGMA foreign_keys = ON")
    connection.execute("PRAGMA mmap_size = 0")
    connection.execute(f"PRAGMA cache_size = -{_CACHE_KIB}")
    return connection


def _has_log(path: Path) -> bool:
    try:
        return path.with_name(f"{path.name}-wal").stat().st_size > 0
    except FileNotFoundError:
        return False


@contextmanager
def translated(path: Path) -> Iterator[None]:
    """SQLite's and the disk's errors as this project's own."""
    try:
        yield
    except sqlite3.Error as error:
        raise _translation(error, path) from error
    except UnicodeDecodeError as error:  # of a name or a text that SQLite gave
        raise damaged(path, str(error)) from error
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise _full(path) from error
        raise IndexProblem(f"cannot use {path}: {error.strerror or error}") from error


def damaged(path: Path, why: str) -> IndexDamaged:
    """The database in a file is damaged."""
    return IndexDamaged(
        f"{path} cannot be read ({why}); run `rag check --repair`, put back a backup, or delete "
        "the index and ingest the documents again"
    )


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
    undecodable = not name and "decode" in str(error)  # the driver's own, for a text
    if undecodable or name.startswith(("SQLITE_CORRUPT", "SQLITE_NOTADB", "SQLITE_ERROR")):
        return damaged(path, str(error))
    return IndexProblem(f"{path}: {error}; check the disk and the permissions")
