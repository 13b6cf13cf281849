"""What makes the vectors of two indexes comparable, and what does not."""

from dataclasses import replace
from pathlib import Path

import pytest

from fakes import HashEmbedder
from index.errors import IndexMismatch
from index.fingerprint import Fingerprint

MODEL = HashEmbedder().fingerprint
MINE = Fingerprint(MODEL, "1:limit=254")


def test_a_fingerprint_survives_a_round_trip_through_json() -> None:
    assert Fingerprint.from_json(MINE.to_json()) == MINE


def test_the_same_weights_with_another_name_are_the_same_model() -> None:
    moved = Fingerprint(replace(MODEL, name="/elsewhere/model"), MINE.chunker)
    assert MINE.difference(moved) == ""


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("dimension", 7),
        ("window", 128),
        ("precision", "int8"),
        ("query_prefix", "query: "),
        ("document_prefix", "passage: "),
        ("sentences", "late"),
    ],
)
def test_every_change_that_affects_a_vector_is_a_difference(field: str, value: object) -> None:
    other = Fingerprint(replace(MODEL, **{field: value}), MINE.chunker)  # type: ignore[arg-type]
    mine = getattr(MODEL, field)
    assert MINE.difference(other) == f"{field}: {mine!r}, not {value!r}"


def test_other_weights_with_the_same_name_are_reported_by_shortened_digests() -> None:
    other = Fingerprint(replace(MODEL, weights="0" * 64), MINE.chunker)
    assert MINE.difference(other) == f"weights: {MODEL.weights[:12]}…, not 000000000000…"


def test_names_and_precision_come_first_and_digests_are_omitted_if_the_names_differ() -> None:
    other = Fingerprint(
        replace(MODEL, name="other", weights="0" * 64, precision="int8", dimension=7), "2"
    )
    assert MINE.difference(other) == (
        "model: 'hash', not 'other'; precision: 'fp32', not 'int8'; "
        f"dimension: {MODEL.dimension}, not 7; chunker: '1:limit=254', not '2'"
    )


def test_the_message_begins_with_names_and_ends_with_the_command_to_run() -> None:
    other = Fingerprint(replace(MODEL, name="my model", weights="0" * 64), MINE.chunker)
    with pytest.raises(IndexMismatch) as raised:
        MINE.check(other, Path(".rag"))
    assert str(raised.value) == (
        "the index in .rag was built with another model or settings (model: 'hash', not "
        "'my model'); rebuild it with `rag ingest --rebuild --model 'my model'`"
    )
