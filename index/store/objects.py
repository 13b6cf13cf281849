"""The objects of an index's database: its tables and their indexes, and no trigger or view."""

import re

from index.store.schema import TABLES
from index.store.sqlite import Database

STATEMENTS = {
    match[1]: statement
    for statement in TABLES.strip().rstrip(";").split(";\n")
    if (match := re.match(r"CREATE (?:UNIQUE )?(?:TABLE|INDEX) (\w+)", statement))
}
"""What makes each of them, by its name; a table before its indexes."""


def wrong_objects(database: Database) -> list[str]:
    """What a database lacks, and the triggers and views that it holds, for people. Tables and
    indexes that others have added do no harm."""
    lacking = [f"it has no {name}" for name in _lacking(database)]
    return lacking + [f"it holds the {kind} {name!r}" for kind, name in foreign_objects(database)]


def foreign_objects(database: Database) -> list[tuple[str, str]]:
    """Triggers and views, each with its kind: they would run what others wrote."""
    rows = database.all_rows(
        "SELECT type, name FROM sqlite_master WHERE type IN ('trigger', 'view') ORDER BY name"
    )
    return [(str(kind), str(name)) for kind, name in rows]


def mend_objects(database: Database) -> None:
    """Make what is lacking, empty, and remove triggers and views."""
    for kind, name in foreign_objects(database):
        quoted = name.replace('"', '""')
        database.execute(f'DROP {kind} IF EXISTS "{quoted}"')
    for name in _lacking(database):
        database.execute(STATEMENTS[name])


def _lacking(database: Database) -> list[str]:
    rows = database.all_rows("SELECT name FROM sqlite_master WHERE type IN ('table', 'index')")
    return [name for name in STATEMENTS if (name,) not in rows]
