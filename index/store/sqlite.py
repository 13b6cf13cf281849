"""SQLite connections and the translation of their errors. Only this module imports sqlite3."""

import errno
import os
import shutil
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from functools import partial
from pathlib import Path
from typing import Any

from index.disk.os_errors import os_errors_translated, storage_full
from index.disk.private import make_private_file
from index.errors import IndexBusy, IndexDamaged, IndexProblem, StorageFull

Row = tuple[Any, ...]

# Bytes that are not UTF-8 become surrogates, which no stored text has, so checksums detect them.
_text = partial(str, encoding="utf-8", errors="surrogateescape")

_CACHE_KIB = 32 * 1024
"""Page cache in memory. The file is not memory-mapped: if another process truncates a mapped file,
reading it kills this process (SIGBUS)."""


_PATIENCE_MS = 30_000
"""How long a statement waits for a lock that another connection holds."""

_SHM_BYTES = 32 * 1024
"""The -shm file next to a log grows in steps of this size."""

_PAGES_A_STEP = 4096
"""Pages (16 MB) that a backup copies between two checks for Ctrl-C."""


_DAMAGED = ("SQLITE_CORRUPT", "SQLITE_NOTADB", "SQLITE_ERROR", "SQLITE_CONSTRAINT")
"""SQLite's errors for a damaged database. Our writes to an intact one violate no constraint."""

_UNWRITABLE = ("SQLITE_CANTOPEN", "SQLITE_FULL", "SQLITE_IOERR", "SQLITE_READONLY")
"""SQLite's errors when it cannot create or write the files next to a database."""


class Database:
    """A connection to a database file. SQLite's errors become errors of index.errors.

    mode: `rw`, or `rwc` to create a missing file, or `r` to read. With `r` the file may be
    read-only: then nothing is written anywhere, and `read_only` holds the reason.
    Only one thread at a time may use it.
    """

    def __init__(self, path: Path, mode: str) -> None:
        self.path = path
        self.read_only: IndexProblem | None = None
        self._unlogged: tuple[int, ...] | None = None
        with translated(path):
            if mode == "r":
                self._connection = self._connect_to_read()
            else:
                if mode == "rwc":
                    # SQLite copies the database's access rights to its log.
                    make_private_file(path)
                self._connection = _connect(path, f"mode={mode}")

    def _connect_to_read(self) -> sqlite3.Connection:
        if not os.access(self.path, os.R_OK):
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))
        if os.access(self.path, os.W_OK) and os.access(self.path.parent, os.W_OK):
            try:
                return _connect(self.path, "mode=rw")
            except sqlite3.Error as error:
                if not _name(error).startswith(_UNWRITABLE):
                    raise
                self.read_only = _translation(error, self.path)
        else:
            self.read_only = IndexProblem(
                f"the index in {self.path.parent} is read-only for this user"
            )
        if log_of(self.path).exists() and _beside(self.path, "-shm").exists():
            try:
                return _connect(self.path, "mode=ro")
            except sqlite3.Error as error:
                if not _name(error).startswith(_UNWRITABLE):
                    raise
        if has_log(self.path):
            raise self._unreadable_log(self.read_only)
        # Without a log the database file is complete, and no other file is needed.
        self._unlogged = self._stamp()
        return _connect(self.path, "mode=ro&immutable=1")

    def _unreadable_log(self, why: IndexProblem) -> IndexProblem:
        if isinstance(why, StorageFull):
            return why
        return IndexProblem(
            f"{why}, and its last commits are in {log_of(self.path).name}, which cannot be read "
            f"without writing; run `rag info --index {self.path.parent}` as a user with write "
            "access"
        )

    def _stamp(self) -> tuple[int, ...]:
        status = self.path.stat()
        return status.st_ino, status.st_size, status.st_mtime_ns

    @property
    def outdated(self) -> bool:
        """Whether the file changed during reads without locks. If so, open it again."""
        try:
            return self._unlogged is not None and self._unlogged != self._stamp()
        except OSError:  # the file was deleted
            return True

    def _check(self) -> None:
        """Raise IndexBusy if the file changed. SQLite opened it as immutable and does not check."""
        if self.outdated:
            raise IndexBusy(f"{self.path} was changed by another process; try again")

    def execute(self, sql: str, parameters: Sequence[object] = ()) -> None:
        with translated(self.path):
            self._connection.execute(sql, parameters).close()
        self._check()

    def row(self, sql: str, parameters: Sequence[object] = ()) -> Row | None:
        """Return the first row, or None if there is none."""
        with translated(self.path), closing(self._connection.execute(sql, parameters)) as found:
            row: Row | None = found.fetchone()
        self._check()
        return row

    def rows(self, sql: str, parameters: Sequence[object] = ()) -> Iterator[tuple[object, ...]]:
        """Yield the rows one by one, so that a million rows are never in memory at once."""
        with translated(self.path):
            # Not `yield from`: garbage collection of an unfinished generator would close the
            # cursor, which fails if the database is already closed.
            for row in self._connection.execute(sql, parameters):
                self._check()
                yield row

    def all_rows(self, sql: str, parameters: Sequence[object] = ()) -> list[tuple[object, ...]]:
        """Return all rows as a list. For few rows this is faster than `rows`."""
        with translated(self.path):
            found = self._connection.execute(sql, parameters).fetchall()
        self._check()
        return found

    def roll_back(self) -> None:
        """Roll back the open transaction; do nothing if none is open."""
        with translated(self.path):
            if self._connection.in_transaction:
                self._connection.execute("ROLLBACK")

    def empty_log(self) -> None:
        """Move the write-ahead log into the database and truncate the log to zero bytes.

        Pages that another connection still reads stay in the log. Does not wait for locks. Do not
        call it in a transaction.
        """
        if self.read_only is not None:
            return
        with translated(self.path):
            self._connection.execute("PRAGMA busy_timeout = 0")
            self._connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
            self._connection.execute(f"PRAGMA busy_timeout = {_PATIENCE_MS}")

    def check_length(self) -> None:
        """Raise IndexDamaged if the last page is truncated: SQLite only detects missing pages.

        The file is not opened: closing it would release this process's locks on it.
        """
        with translated(self.path):
            # While the log is not empty, another process may be writing pages.
            if self.path.stat().st_size % self._page_size() and not has_log(self.path):
                raise damaged(self.path, "its last page is incomplete")

    def copy_into(self, other: "Database") -> None:
        """Replace the whole content of another database, in one transaction of that database.

        Its readers continue to see the old content. If this connection has an open read
        transaction, the state of that transaction is copied.

        Raises IndexBusy if another process writes to the other database, IndexDamaged if its page
        size differs or it is not a database, StorageFull if the disk is full.
        """

        def check(status: int, _remaining: int, _total: int) -> None:
            # SQLite's timeout is over at this point; Python would retry forever.
            if status in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
                raise _busy(other.path)
            self._check()

        with translated(other.path):
            if self._page_size() != other._page_size():
                raise damaged(other.path, "its page size differs")
            self._connection.backup(other._connection, pages=_PAGES_A_STEP, progress=check)

    def _page_size(self) -> int:
        return int(self._connection.execute("PRAGMA page_size").fetchone()[0])

    def leave_log(self) -> None:
        """Move the write-ahead log into the database and delete the log.

        Then the database is one file, until it is opened again. Do not call it in a transaction or
        while another connection is open.
        """
        with translated(self.path):
            self._connection.execute("PRAGMA journal_mode = DELETE").fetchall()

    def close(self) -> None:
        self._connection.close()


def log_of(path: Path) -> Path:
    """Return the path of the write-ahead log of a database file."""
    return _beside(path, "-wal")


def _beside(path: Path, suffix: str) -> Path:
    # SQLite creates it next to the file itself, not next to a link to it.
    return path.resolve().with_name(path.resolve().name + suffix)


def has_log(path: Path) -> bool:
    """Return whether the write-ahead log of a database file exists and is not empty."""
    try:
        return log_of(path).stat().st_size > 0
    except OSError:
        return False


def _connect(path: Path, how: str) -> sqlite3.Connection:
    """Open a connection. how: parameters of SQLite's URI."""
    uri = f"{path.resolve().as_uri()}?{how}"
    connection = sqlite3.connect(
        uri, uri=True, timeout=_PATIENCE_MS / 1000, isolation_level=None, check_same_thread=False
    )
    connection.text_factory = _text
    try:
        if "mode=ro" in how:
            # The first read opens the files next to the database; errors occur here.
            connection.execute("SELECT 1 FROM sqlite_master").fetchone()
        else:
            connection.execute("PRAGMA journal_mode = WAL")
            # FULL: a reported commit survives even a power failure.
            connection.execute("PRAGMA synchronous = FULL")
            connection.execute("PRAGMA foreign_keys = ON")
        connection.execute("PRAGMA mmap_size = 0")
        connection.execute(f"PRAGMA cache_size = -{_CACHE_KIB}")
    except BaseException:
        connection.close()
        raise
    return connection


@contextmanager
def translated(path: Path) -> Iterator[None]:
    """Translate errors of SQLite and of the disk into errors of index.errors."""
    try:
        with os_errors_translated(path):
            yield
    except sqlite3.Error as error:
        raise _translation(error, path) from error
    except UnicodeDecodeError as error:  # in a column name from SQLite
        raise damaged(path, str(error)) from error


def damaged(path: Path, why: str) -> IndexDamaged:
    """Return the error for a damaged database file."""
    return IndexDamaged(
        f"{path} cannot be read ({why}); run `rag check --repair`; if that fails, restore a "
        "backup with `rag restore`, or delete the index and ingest the documents again"
    )


def _has_no_room(path: Path) -> bool:
    try:
        return shutil.disk_usage(path.parent).free < _SHM_BYTES
    except OSError:
        return False


def _busy(path: Path) -> IndexBusy:
    return IndexBusy(f"another process is writing to {path}; try again when it is done")


def _translation(error: sqlite3.Error, path: Path) -> IndexProblem:
    name = _name(error)
    # SQLite does not give the reason if the -shm file cannot grow.
    if name.startswith("SQLITE_FULL") or (name == "SQLITE_IOERR_SHMSIZE" and _has_no_room(path)):
        return storage_full(path)
    if name.startswith(("SQLITE_BUSY", "SQLITE_LOCKED")):
        return _busy(path)
    if name.startswith(_DAMAGED):
        return damaged(path, str(error))
    return IndexProblem(f"{path}: {error}; check the disk and the permissions")


def _name(error: sqlite3.Error) -> str:
    return getattr(error, "sqlite_errorname", "") or ""
