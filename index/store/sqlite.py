"""SQLite connections and what their errors mean; the one module that imports sqlite3."""

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

# Bytes that are no UTF-8 become characters that no stored text has, so that checksums see them.
_text = partial(str, encoding="utf-8", errors="surrogateescape")

_CACHE_KIB = 32 * 1024
"""Of pages, in memory. The file is not mapped: to read a mapped file that another process cuts
short kills this one (SIGBUS)."""


_PATIENCE_MS = 30_000
"""How long a statement waits for another connection's."""

_SHM_BYTES = 32 * 1024
"""By which the file beside a log (-shm) grows."""

_PAGES_A_STEP = 4096
"""Copied before Python looks for Ctrl-C: 16 MB."""


_DAMAGED = ("SQLITE_CORRUPT", "SQLITE_NOTADB", "SQLITE_ERROR", "SQLITE_CONSTRAINT")
"""What SQLite says of a damaged database. What is written to a sound one breaks no constraint."""

_UNWRITABLE = ("SQLITE_CANTOPEN", "SQLITE_FULL", "SQLITE_IOERR", "SQLITE_READONLY")
"""What SQLite says where it cannot make or write the files beside a database."""


class Database:
    """A connection to the database in a file, whose errors are this project's own.

    mode: `rw`; `rwc` to make it if need be; `r` to read it, also where it cannot be written: then
    nothing is written anywhere, and `read_only` says why. Not for two threads at once.
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
                    # SQLite gives its log the mode of the database.
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
        # Without a log the database is all there is, and the files beside it are not needed.
        self._unlogged = self._stamp()
        return _connect(self.path, "mode=ro&immutable=1")

    def _unreadable_log(self, why: IndexProblem) -> IndexProblem:
        if isinstance(why, StorageFull):
            return why
        return IndexProblem(
            f"{why}, and its last commits are in {log_of(self.path).name}, which cannot be read "
            f"without writing; run `rag info --index {self.path.parent}` as a user who may write "
            "to it"
        )

    def _stamp(self) -> tuple[int, ...]:
        status = self.path.stat()
        return status.st_ino, status.st_size, status.st_mtime_ns

    @property
    def outdated(self) -> bool:
        """Whether the file was changed while it was read without locks: then it is to be opened
        again."""
        try:
            return self._unlogged is not None and self._unlogged != self._stamp()
        except OSError:  # it is gone
            return True

    def _check(self) -> None:
        """SQLite takes the file for one that never changes, and does not notice it itself."""
        if self.outdated:
            raise IndexBusy(f"{self.path} was changed by another process; try again")

    def execute(self, sql: str, parameters: Sequence[object] = ()) -> None:
        with translated(self.path):
            self._connection.execute(sql, parameters).close()
        self._check()

    def row(self, sql: str, parameters: Sequence[object] = ()) -> Row | None:
        """The first row, if there is one."""
        with translated(self.path), closing(self._connection.execute(sql, parameters)) as found:
            row: Row | None = found.fetchone()
        self._check()
        return row

    def rows(self, sql: str, parameters: Sequence[object] = ()) -> Iterator[tuple[object, ...]]:
        """The rows as they are asked for: a million of them need not be held at once."""
        with translated(self.path):
            # Not `yield from`: a generator left unfinished would close the cursor when it is
            # forgotten, which fails once the database is closed.
            for row in self._connection.execute(sql, parameters):
                self._check()
                yield row

    def all_rows(self, sql: str, parameters: Sequence[object] = ()) -> list[tuple[object, ...]]:
        """The same together, sooner where they are few."""
        with translated(self.path):
            found = self._connection.execute(sql, parameters).fetchall()
        self._check()
        return found

    def roll_back(self) -> None:
        """End the transaction that is open without its changes; harmless if none is."""
        with translated(self.path):
            if self._connection.in_transaction:
                self._connection.execute("ROLLBACK")

    def empty_log(self) -> None:
        """Move what the write-ahead log holds into the database and cut the log to nothing, as far
        as no other connection still reads from it. Nothing is waited for. Not in a transaction."""
        if self.read_only is not None:
            return
        with translated(self.path):
            self._connection.execute("PRAGMA busy_timeout = 0")
            self._connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
            self._connection.execute(f"PRAGMA busy_timeout = {_PATIENCE_MS}")

    def check_length(self) -> None:
        """Raise IndexDamaged if the last page has been cut: SQLite sees only that whole pages lack.

        The file itself is not opened: to close it would give up this process's locks on it.
        """
        with translated(self.path):
            # While the log holds something, another process may be writing pages.
            if self.path.stat().st_size % self._page_size() and not has_log(self.path):
                raise damaged(self.path, "its last page has been cut")

    def copy_into(self, other: "Database") -> None:
        """Replace all that another database holds, in one transaction of it: whoever reads it goes
        on seeing what was there. What is copied is the state that this one is pinned at, if it is.

        Raises IndexBusy if the other is being written; IndexDamaged if it is no database of the
        same page size; StorageFull.
        """

        def check(status: int, _remaining: int, _total: int) -> None:
            # SQLite has waited its time by then; Python would go on for ever.
            if status in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
                raise _busy(other.path)
            self._check()

        with translated(other.path):
            if self._page_size() != other._page_size():
                raise damaged(other.path, "it has pages of another size")
            self._connection.backup(other._connection, pages=_PAGES_A_STEP, progress=check)

    def _page_size(self) -> int:
        return int(self._connection.execute("PRAGMA page_size").fetchone()[0])

    def leave_log(self) -> None:
        """Move the write-ahead log into the database and give it up: all is in one file then, until
        it is opened again. Not in a transaction, nor while another connection is open."""
        with translated(self.path):
            self._connection.execute("PRAGMA journal_mode = DELETE").fetchall()

    def close(self) -> None:
        self._connection.close()


def log_of(path: Path) -> Path:
    """The write-ahead log of the database in a file."""
    return _beside(path, "-wal")


def _beside(path: Path, suffix: str) -> Path:
    # SQLite puts it beside the file itself, not beside a link to it.
    return path.resolve().with_name(path.resolve().name + suffix)


def has_log(path: Path) -> bool:
    """Whether the log of the database in a file holds anything."""
    try:
        return log_of(path).stat().st_size > 0
    except OSError:
        return False


def _connect(path: Path, how: str) -> sqlite3.Connection:
    """how: parameters of SQLite's URI."""
    uri = f"{path.resolve().as_uri()}?{how}"
    connection = sqlite3.connect(
        uri, uri=True, timeout=_PATIENCE_MS / 1000, isolation_level=None, check_same_thread=False
    )
    connection.text_factory = _text
    try:
        if "mode=ro" in how:
            # The first statement that reads opens the files beside the database.
            connection.execute("SELECT 1 FROM sqlite_master").fetchone()
        else:
            connection.execute("PRAGMA journal_mode = WAL")
            # FULL: a commit that was reported survives even a power cut.
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
    """SQLite's and the disk's errors as this project's own."""
    try:
        with os_errors_translated(path):
            yield
    except sqlite3.Error as error:
        raise _translation(error, path) from error
    except UnicodeDecodeError as error:  # of the name of a column that SQLite gave
        raise damaged(path, str(error)) from error


def damaged(path: Path, why: str) -> IndexDamaged:
    """The database in a file is damaged."""
    return IndexDamaged(
        f"{path} cannot be read ({why}); run `rag check --repair`; if that cannot mend it, "
        "put back a backup (`rag restore`), or delete the index and ingest the documents again"
    )


def _has_no_room(path: Path) -> bool:
    try:
        return shutil.disk_usage(path.parent).free < _SHM_BYTES
    except OSError:
        return False


def _busy(path: Path) -> IndexBusy:
    return IndexBusy(f"{path} is being written by another process; try again when it is done")


def _translation(error: sqlite3.Error, path: Path) -> IndexProblem:
    name = _name(error)
    # SQLite does not say why the file beside a log could not grow.
    if name.startswith("SQLITE_FULL") or (name == "SQLITE_IOERR_SHMSIZE" and _has_no_room(path)):
        return storage_full(path)
    if name.startswith(("SQLITE_BUSY", "SQLITE_LOCKED")):
        return _busy(path)
    if name.startswith(_DAMAGED):
        return damaged(path, str(error))
    return IndexProblem(f"{path}: {error}; check the disk and the permissions")


def _name(error: sqlite3.Error) -> str:
    return getattr(error, "sqlite_errorname", "") or ""
