"""Metadata of a database: settings by name, and one row for each generation."""

from contextlib import suppress
from secrets import token_hex
from typing import NamedTuple

from index.store.checksums import DamagedRow, check_sum, sum_of
from index.store.rows import integer
from index.store.sqlite import Database

_MOST_ROWS = 2**53
"""Document row numbers are smaller; a row with a number from here on is damaged."""


class Generation(NamedTuple):
    """A state of the database. token: random; differs between databases for the same number."""

    number: int
    token: str
    n_documents: int
    n_chunks: int


def get_meta(database: Database, key: str) -> str | None:
    """Return the value of a setting, or None if it is not set. Raises DamagedRow."""
    row = database.row("SELECT value, sum FROM meta WHERE key = ?", [key])
    if row is None:
        return None
    check_sum(row[1], key, row[0])
    return str(row[0])


def set_meta(database: Database, key: str, value: str) -> None:
    database.execute(
        "INSERT OR REPLACE INTO meta VALUES (?, ?, ?)", [key, value, sum_of(key, value)]
    )


def begin(database: Database, number: int, totals: tuple[int, int]) -> None:
    """Add a generation. totals: its number of documents and of chunks."""
    columns = [number, token_hex(16), *totals]
    database.execute("INSERT INTO generations VALUES (?, ?, ?, ?, ?)", [*columns, sum_of(*columns)])


def last_generation(database: Database) -> Generation:
    """Return the generation with the highest number.

    Raises DamagedRow if its row is damaged or there is none.
    """
    rows = database.all_rows("SELECT * FROM generations ORDER BY generation DESC LIMIT 1")
    if not rows:
        raise DamagedRow("no generation")
    return _generation(rows[0])


def newest_generation(database: Database) -> int:
    """Return the highest number of a generation whose row is intact; 0 if there is none."""
    numbers = [0]
    for row in database.all_rows("SELECT * FROM generations"):
        with suppress(DamagedRow):
            numbers.append(_generation(row).number)
    return max(numbers)


def counted(database: Database) -> tuple[int, int]:
    """Count the rows; return the numbers of documents and chunks."""
    row = database.row("SELECT (SELECT count(*) FROM documents), (SELECT count(*) FROM chunks)")
    n_documents, n_chunks = row or (0, 0)
    return int(n_documents), int(n_chunks)


def last_row(database: Database) -> int:
    """Return the highest row number that a document has or had.

    If SQLite's record of it (sqlite_sequence) is damaged, only present documents count.
    """
    [(present,)] = database.all_rows(
        "SELECT coalesce(max(document), 0) FROM documents WHERE document < ?", [_MOST_ROWS]
    )
    noted = noted_row(database)
    return integer(present) if noted is None else max(noted, integer(present))


def noted_row(database: Database) -> int | None:
    """Return SQLite's record of the highest row number; None if it is missing or damaged.

    It has no checksum.
    """
    rows = database.all_rows("SELECT seq FROM sqlite_sequence WHERE name = 'documents'")
    if len(rows) != 1 or not isinstance(rows[0][0], int) or rows[0][0] >= _MOST_ROWS:
        return None
    return rows[0][0]


def note_row(database: Database) -> None:
    """Rewrite SQLite's record of the highest row number."""
    row = last_row(database)
    database.execute("DELETE FROM sqlite_sequence WHERE name = 'documents'")
    database.execute("INSERT INTO sqlite_sequence VALUES ('documents', ?)", [row])


def generation_of(database: Database, number: int) -> Generation | None:
    """Return the generation with a number; None if it never existed or was deleted.

    Raises DamagedRow.
    """
    rows = database.all_rows("SELECT * FROM generations WHERE generation = ?", [number])
    return _generation(rows[0]) if rows else None


def _generation(row: tuple[object, ...]) -> Generation:
    *columns, row_sum = row
    check_sum(row_sum, *columns)
    number, token, n_documents, n_chunks = columns
    return Generation(integer(number), str(token), integer(n_documents), integer(n_chunks))
