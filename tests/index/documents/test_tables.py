"""Comma-separated values and JSON Lines: rows with their header and their number."""

import json

import pytest

from index.documents.loader import Content, LoadOptions, loader_of_media_type
from index.errors import UnreadableDocument
from index.types import Document, Span


def load(text: str, media_type: str = "text/csv") -> Content:
    return loader_of_media_type(media_type).load(text.encode(), LoadOptions())


def row_of(content: Content, quote: str) -> str:
    document = Document("a", "a", "A", content.text, places=content.places)
    start = content.text.index(quote)
    (row,) = document.places_of(Span(start, start + len(quote)))
    return row.first


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_the_delimiter_is_found(delimiter: str) -> None:
    rows = [["plan", "price"], ["Basic", "5"], ["Pro", "9"]]
    content = load("\n".join(delimiter.join(row) for row in rows))
    assert content.text == "| plan | price |\n| --- | --- |\n| Basic | 5 |\n| Pro | 9 |"


def test_rows_are_records_whatever_lines_they_have() -> None:
    content = load('plan,notes\nBasic,"two\nlines"\n\nPro,"a, b"\n')
    assert "| Basic | two lines |\n| Pro | a, b |" in content.text
    assert [row_of(content, quote) for quote in ("plan", "Basic", "Pro")] == ["1", "2", "4"]


def test_a_quotation_mark_that_is_never_closed_is_named() -> None:
    with pytest.raises(UnreadableDocument, match="not a table of values: field larger") as raised:
        load('a,b\n"' + "x" * (2 << 20))
    assert raised.value.kind == "damaged"


def test_short_objects_are_rows_and_their_number_is_the_line() -> None:
    lines = [{"plan": "Basic", "price": 5}, {"plan": "Pro", "price": None}]
    content = load("\n\n".join(map(json.dumps, lines)), "application/jsonl")
    assert content.text == "| plan | price |\n| --- | --- |\n| Basic | 5 |\n| Pro |  |"
    assert row_of(content, "Pro") == "3"


def test_long_objects_are_sections() -> None:
    text = (
        "Aid came from many donors.\n\nIt was 43% of GDP, more than elsewhere in the region then."
    )
    line = {"title": "Aid", "year": 2021, "tags": ["a", "b"], "text": text}
    content = load(json.dumps(line) + "\n" + json.dumps({"x": "1"}), "application/jsonl")
    assert content.text == (
        f"# Aid\n\n- year: 2021\n- tags: a, b\n\n{text}\n\n# Record 2\n\n- x: 1"
    )
    assert row_of(content, "Aid came") == "1"


def test_a_line_that_is_not_json_is_named() -> None:
    with pytest.raises(UnreadableDocument, match="line 2 is not JSON"):
        load('{"a": 1}\n{"a": \n', "application/jsonl")
