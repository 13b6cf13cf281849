"""Conditions as SQL mean what index.conditions.holds says."""

import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing

import pytest
from hypothesis import given
from hypothesis import strategies as st

from documents import examples
from index.conditions import AllOf, AnyOf, Comparison, Condition, Exists, NotThat, holds
from index.store.condition_sql import sql_of
from index.types import DocumentRecord

VALUES = st.one_of(
    st.sampled_from(
        ["", "a", "A", "b, A", "É", "é", "2024", "2024-05-01", "10", "9", "-3.5", "1e3", "9 men",
         'say "x"', "x,y", " a", "a\\", "\n", "1.", "-", "%"]
    ),
    st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=4),
)  # fmt: skip
FIELDS = st.sampled_from(["title", "doc_id", "date", "tags", "author", 'odd "name"', "n"])
CONDITIONS: st.SearchStrategy[Condition] = st.recursive(
    st.one_of(
        st.builds(
            Comparison,
            FIELDS,
            st.sampled_from(["=", "<", "<=", ">", ">=", "starts with"]),
            VALUES,
        ),
        st.builds(Exists, FIELDS),
    ),
    lambda inner: st.one_of(
        st.builds(NotThat, inner),
        st.builds(lambda parts: AllOf(tuple(parts)), st.lists(inner, max_size=3)),
        st.builds(lambda parts: AnyOf(tuple(parts)), st.lists(inner, max_size=3)),
    ),
    max_leaves=5,
)


@pytest.fixture(scope="module")
def database() -> Iterator[sqlite3.Connection]:
    with closing(sqlite3.connect(":memory:")) as connection:
        connection.execute("CREATE TABLE documents (doc_id, source, title, media_type, metadata)")
        yield connection


@given(
    condition=CONDITIONS,
    title=VALUES,
    metadata=st.dictionaries(FIELDS.filter(lambda name: name not in ("title", "doc_id")), VALUES),
)
@examples(1500)
def test_sql_agrees_with_the_definition(
    database: sqlite3.Connection, condition: Condition, title: str, metadata: dict[str, str]
) -> None:
    record = DocumentRecord("d", None, "s", title, "text/plain", "", 1, 1, metadata, None)
    stored = json.dumps(metadata, sort_keys=True, ensure_ascii=False)
    database.execute("DELETE FROM documents")
    database.execute(
        "INSERT INTO documents VALUES (?,?,?,?,?)", ["d", "s", title, "text/plain", stored]
    )
    expression, parameters = sql_of(condition)
    (found,) = database.execute(f"SELECT {expression} FROM documents", parameters).fetchone()
    assert bool(found) == holds(condition, record)
    assert found in (0, 1)


@pytest.mark.parametrize(
    ("field", "operator", "value", "found", "expected"),
    [
        ("date", "<=", "2024", "2024-12-31", True),
        ("date", ">", "2024", "2024-12-31", False),
        ("date", "=", "2024-05", "2024-05-01", True),
        ("n", ">", "9", "10", True),
        ("n", ">", "9", "ten", True),  # as text: "ten" > "9"
        ("tags", "=", "kabul", "Aid, Kabul", True),
        ("tags", "=", "kab", "Aid, Kabul", False),
        ("tags", "starts with", "kab", "Aid, Kabul", True),
        ("author", "=", "ann", "Ann", True),
        ("author", "<", "b", "", False),
    ],
)
def test_values_by_hand(
    field: str, operator: str, value: str, found: str, *, expected: bool
) -> None:
    condition = Comparison(field, operator, value)  # type: ignore[arg-type]
    record = DocumentRecord("d", None, "s", "T", "text/plain", "", 1, 1, {field: found}, None)
    assert holds(condition, record) is expected
