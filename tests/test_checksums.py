"""Every value in the database, changed behind its back: answers stay right, or are refused."""

import shutil
import sqlite3
from contextlib import closing
from pathlib import Path
from random import Random

import pytest

from faults.answers import REFUSED, Answers, answers_of
from faults.corpus import write_corpus
from faults.operations import perform
from index.errors import IndexDamaged, RagError
from index.schema import TABLES
from index.store import DATABASE


def columns() -> list[tuple[str, str]]:
    """Every table's every column."""
    with closing(sqlite3.connect(":memory:")) as connection:
        connection.executescript(TABLES)
        tables = connection.execute("SELECT name FROM sqlite_schema WHERE type = 'table'")
        return [
            (table, column[1])
            for (table,) in tables.fetchall()
            if table != "sqlite_sequence"
            for column in connection.execute(f"PRAGMA table_info({table})")
        ]


@pytest.fixture(scope="module")
def index(tmp_path_factory: pytest.TempPathFactory) -> Path:
    here = tmp_path_factory.mktemp("checksums")
    write_corpus(here / "docs", Random(0), n_documents=3, n_paragraphs=3)
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(here)
        perform("first", Path("index"))
        (here / "docs/d02.txt").write_text("The mill stands by the river.")
        perform("incremental", Path("index"))
    return here / "index"


@pytest.fixture(scope="module")
def right(index: Path) -> Answers:
    return answers_of(index)


CHANGES = {
    int: "{0} + 1000",
    str: "{0} || 'x'",
    bytes: "CAST(substr({0}, 1, length({0}) - 1) || X'07' AS BLOB)",
    type(None): "'/other'",
}


def change(index: Path, table: str, column: str) -> bool:
    """Change this column of the table's last row; False if the table has no row."""
    with closing(sqlite3.connect(index / DATABASE)) as connection:
        key = "key" if table == "meta" else "rowid"
        found = connection.execute(
            f"SELECT {key}, {column} FROM {table} ORDER BY {key} DESC LIMIT 1"
        ).fetchone()
        if found is None:
            return False
        sql = f"UPDATE {table} SET {column} = {CHANGES[type(found[1])]} WHERE {key} = ?"
        connection.execute(sql.format(column), [found[0]])
        connection.commit()
        return True


@pytest.mark.parametrize(("table", "column"), columns())
def test_a_changed_value_is_refused_or_makes_no_difference(
    table: str, column: str, index: Path, right: Answers, tmp_path: Path
) -> None:
    struck = tmp_path / "index"
    shutil.copytree(index, struck)
    if not change(struck, table, column):
        assert table == "tombstones"
        return
    try:
        given = answers_of(struck)
    except RagError:
        return
    for question, answer in given.items():
        assert answer == right.get(question) or answer.startswith(REFUSED), question


@pytest.mark.parametrize("n_bytes", [1, 100, 4095, 4096, 4097, 40_000])
def test_a_database_that_was_cut_is_refused(n_bytes: int, index: Path, tmp_path: Path) -> None:
    shutil.copytree(index, tmp_path / "index")
    path = tmp_path / "index" / DATABASE
    with path.open("r+b") as stream:
        stream.truncate(path.stat().st_size - n_bytes)
    with pytest.raises(IndexDamaged, match=r"rag\.db cannot be read"):
        answers_of(tmp_path / "index")
