"""An index, and changes of every value in its database without the program."""

import sqlite3
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path
from random import Random

import pytest

from faults.corpus import write_corpus
from faults.operations import perform
from index.store.schema import TABLES
from index.store.store import DATABASE


def columns() -> list[tuple[str, str]]:
    """Every column of every table."""
    with closing(sqlite3.connect(":memory:")) as connection:
        connection.executescript(TABLES)
        tables = connection.execute("SELECT name FROM sqlite_schema WHERE type = 'table'")
        return [
            (table, column[1])
            for (table,) in tables.fetchall()
            if table != "sqlite_sequence"
            for column in connection.execute(f"PRAGMA table_info({table})")
        ]


def make_index(here: Path) -> Path:
    """Make an index of three documents in two generations, with working directory `here`."""
    write_corpus(here / "docs", Random(0), n_documents=3, n_paragraphs=3)
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(here)
        perform("first", Path("index"))
        (here / "docs/d02.txt").write_text("The mill stands by the river.")
        perform("incremental", Path("index"))
    return here / "index"


CHANGES = {
    int: "{0} + 1000",
    str: "{0} || 'x'",
    bytes: "CAST(substr({0}, 1, length({0}) - 1) || X'07' AS BLOB)",
    type(None): "'/other'",
}


OTHER_TYPES = {
    int: "'text'",
    str: "CAST(X'FF41' AS TEXT) || {0}",
    bytes: "CAST(X'FF41' AS TEXT)",
    type(None): "X'FF41'",
}
"""A value of the wrong type for its column, or a text that is not UTF-8."""


def spoil(index: Path, sql: str) -> None:
    """Change the database of an index without the program."""
    with closing(sqlite3.connect(index / DATABASE)) as connection, connection:
        connection.execute(sql)


def change(index: Path, table: str, column: str, changes: Mapping[type, str] = CHANGES) -> bool:
    """Change this column of the table's last row; return False if the table has no row."""
    with closing(sqlite3.connect(index / DATABASE)) as connection:
        key = "key" if table == "meta" else "rowid"
        found = connection.execute(
            f"SELECT {key}, {column} FROM {table} ORDER BY {key} DESC LIMIT 1"
        ).fetchone()
        if found is None:
            return False
        sql = f"UPDATE {table} SET {column} = {changes[type(found[1])]} WHERE {key} = ?"
        connection.execute(sql.format(column), [found[0]])
        connection.commit()
        return True
