"""Conditions on documents as people write them."""

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from documents import examples
from index.conditions import AllOf, AnyOf, Comparison, Condition, Exists, NotThat
from index.errors import BadQuery
from rag.search.where import parse_where

DATE, TAG = Comparison("date", ">=", "2025"), Comparison("tags", "=", "aid")


@pytest.mark.parametrize(
    ("text", "condition"),
    [
        ("date >= 2025", DATE),
        ("date>=2025", DATE),
        ("tag = aid", TAG),
        ("tags in (aid)", AnyOf((TAG,))),
        ("TAGS = aid", Comparison("TAGS", "=", "aid")),
        (
            'tag IN (aid, "Kabul, city")',
            AnyOf((TAG, Comparison("tags", "=", "Kabul, city"))),
        ),
        ("author != 'O\\'Neil'", NotThat(Comparison("author", "=", "O'Neil"))),
        ("title starts with 'How to'", Comparison("title", "starts with", "How to")),
        ("author exists and not date >= 2025", AllOf((Exists("author"), NotThat(DATE)))),
        ("date >= 2025 or tag = aid and tag = aid", AnyOf((DATE, AllOf((TAG, TAG))))),
        ("(date >= 2025 or tag = aid) and tag = aid", AllOf((AnyOf((DATE, TAG)), TAG))),
        ("not not tag = aid", NotThat(NotThat(TAG))),
        ("doc_id = docs/a.md", Comparison("doc_id", "=", "docs/a.md")),
        ("author = and", Comparison("author", "=", "and")),
    ],
)
def test_a_condition_is_read(text: str, condition: Condition) -> None:
    assert parse_where(text) == condition


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "'the end' at character 1, where the name of a field"),
        ("date", "'the end' at character 5, where `=`"),
        ("date >=", "'the end' at character 8, where a value"),
        ("date >= 2025 tag = a", "'tag' at character 14, where `and`, `or` or the end"),
        ("(date >= 2025", "'the end' at character 14, where `)`"),
        ("date => 2025", "'>' at character 7, where a value"),
        ("tags in aid", "'aid' at character 9, where `(`"),
        ("title starts a", "'a' at character 14, where `with`"),
        ("'a' = b", "'a' at character 1, where the name of a field"),
        ("a = 'b", "a quotation mark that is not closed"),
        ("a = b\0", "NUL"),
        ("a = \ud800", "valid Unicode"),
        ("(" * 500, "at most 200 parts"),
        ("x" * 3000, "at most 2,000 characters"),
    ],
)
def test_a_condition_that_is_wrong_says_where(text: str, reason: str) -> None:
    with pytest.raises(BadQuery) as raised:
        parse_where(text)
    assert reason in str(raised.value)


@given(text=st.text(st.sampled_from(list("ab '\"()=<>!,\\")) | st.characters(), max_size=40))
@examples(400)
def test_any_text_is_read_or_refused(text: str) -> None:
    with contextlib.suppress(BadQuery):
        assert isinstance(parse_where(text), Condition)
