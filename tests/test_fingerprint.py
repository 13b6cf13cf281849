"""What makes two indexes' vectors one kind, and what does not."""

from dataclasses import replace

import pytest

from fakes import HashEmbedder
from index.fingerprint import Fingerprint

MODEL = HashEmbedder().fingerprint
MINE = Fingerprint(MODEL, "1:limit=254")


def test_a_fingerprint_comes_back_from_its_json() -> None:
    assert Fingerprint.from_json(MINE.to_json()) == MINE


def test_the_same_weights_under_another_name_are_the_same_model() -> None:
    moved = Fingerprint(replace(MODEL, name="/elsewhere/model"), MINE.chunker)
    assert MINE.difference(moved) == ""


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("weights", "0" * 64),
        ("dimension", 7),
        ("window", 128),
        ("precision", "int8"),
        ("query_prefix", "query: "),
        ("document_prefix", "passage: "),
        ("sentences", "late"),
    ],
)
def test_whatever_changes_a_vector_is_a_difference(field: str, value: object) -> None:
    other = Fingerprint(replace(MODEL, **{field: value}), MINE.chunker)  # type: ignore[arg-type]
    mine = getattr(MODEL, field)
    assert MINE.difference(other) == f"{field}: {mine!r}, not {value!r}"


def test_another_chunker_is_a_difference_and_other_weights_tell_the_names() -> None:
    other = Fingerprint(replace(MODEL, name="other", weights="0" * 64), "2")
    difference = MINE.difference(other)
    assert difference.startswith("name: 'hash', not 'other'; weights: ")
    assert difference.endswith("chunker: '1:limit=254', not '2'")
