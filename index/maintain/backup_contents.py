"""Check the contents of a backup, after it is written and before it is restored."""

from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from index.errors import IndexDamaged, IndexProblem, StorageFull
from index.maintain.check import check_database
from index.maintain.checked import Checked
from index.store.meta import last_generation
from index.store.objects import foreign_objects
from index.store.schema import VERSION
from index.store.sqlite import Database

_MAGIC = b"SQLite format 3\0"
MOST = 2**53
"""Generations are smaller than this: JSON parsers round greater numbers."""


@dataclass(frozen=True, slots=True)
class BackupContents:
    """The numbers of a backup. n_bytes: size of the file."""

    n_documents: int
    n_chunks: int
    generation: int
    n_bytes: int


def is_sqlite(path: Path) -> bool:
    """Return whether a file starts with SQLite's magic bytes. Raises OSError."""
    with path.open("rb") as stream:
        return stream.read(len(_MAGIC)) == _MAGIC


def checked_contents(path: Path, refusal: str) -> BackupContents:
    """Check a copy of an index's database and return its contents. Moves its log into the file.

    refusal: start of the error message. Raises IndexDamaged if the schema is not this program's,
    SQLite reports damage, or a row differs from what was stored; StorageFull.
    """
    try:
        with closing(Database(path, "rw")) as database:
            database.leave_log()
            return _contents(database)
    except StorageFull:
        raise
    except IndexProblem as error:
        reason: object = error.__cause__ or error
    except (KeyError, TypeError, ValueError) as error:
        reason = repr(error)
    raise IndexDamaged(f"{refusal}: {reason}")


def _contents(database: Database) -> BackupContents:
    _check_schema(database)
    checked = Checked()
    check_database(database, checked)
    if checked.flaws:
        more = f", and {len(checked.flaws) - 1} more flaws" if len(checked.flaws) > 1 else ""
        raise IndexDamaged(f"{checked.flaws[0].message}{more}")
    last = last_generation(database)
    if not 0 <= last.number < MOST:
        raise IndexDamaged(f"its generation {last.number} is out of range")
    n_bytes = database.path.stat().st_size
    return BackupContents(last.n_documents, last.n_chunks, last.number, n_bytes)


def _check_schema(database: Database) -> None:
    for kind, name in foreign_objects(database):
        raise IndexDamaged(f"it contains the {kind} {name!r}, which is not part of an index")
    row = database.row("SELECT value FROM meta WHERE key = 'schema'")
    version = None if row is None else row[0]
    if version != str(VERSION):
        raise IndexDamaged(f"it has schema {version}, but this program reads {VERSION}")
