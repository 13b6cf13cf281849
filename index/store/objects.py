"""The objects of an index's database: tables and their indexes. Triggers and views are refused."""

import re

from index.store.schema import TABLES
from index.store.sqlite import Database

STATEMENTS = {
    match[1]: statement
    for statement in TABLES.strip().rstrip(";").split(";\n")
    if (match := re.match(r"CREATE (?:UNIQUE )?(?:TABLE|INDEX) (\w+)", statement))
}
"""The CREATE statement of each object, by name; a table comes before its indexes."""


def wrong_objects(database: Database) -> list[str]:
    """Return a readable problem for each missing object and for each trigger or view.

    Additional tables and indexes are harmless and not reported.
    """
    lacking = [f"it has no {name}" for name in _lacking(database)]
    return lacking + [
        f"it contains the {kind} {name!r}" for kind, name in foreign_objects(database)
    ]


def foreign_objects(database: Database) -> list[tuple[str, str]]:
    """Return the kind and name of each trigger and view: they would run foreign SQL."""
    rows = database.all_rows(
        "SELECT type, name FROM sqlite_master WHERE type IN ('trigger', 'view') ORDER BY name"
    )
    return [(str(kind), str(name)) for kind, name in rows]


def mend_objects(database: Database) -> None:
    """Create missing tables and indexes, without rows, and remove triggers and views."""
    for kind, name in foreign_objects(database):
        quoted = name.replace('"', '""')
        database.execute(f'DROP {kind} IF EXISTS "{quoted}"')
    for name in _lacking(database):
        database.execute(STATEMENTS[name])


def _lacking(database: Database) -> list[str]:
    rows = database.all_rows("SELECT name FROM sqlite_master WHERE type IN ('table', 'index')")
    return [name for name in STATEMENTS if (name,) not in rows]
