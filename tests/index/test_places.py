"""The places of a span: slides, rows, anchors."""

from hypothesis import given
from hypothesis import strategies as st

from documents import examples
from index.places import Place, PlaceRange, by_kind, ranges_of
from index.types import Document, Span

TEXT = "head\n---\nrow two\nrow three\nrow five\n"
ROWS = (Place(0, "row", "1"), Place(9, "row", "2", True), Place(27, "row", "5", True))
SHEET = Document("a", "a", "A", TEXT, places=ROWS)


def test_a_row_is_numbered_by_its_line() -> None:
    for row, label in [("head", "1"), ("two", "2"), ("three", "3"), ("five", "5")]:
        start = TEXT.index(row)
        assert SHEET.places_of(Span(start, start + 3)) == (PlaceRange("row", label, label),)
    assert SHEET.places_of(Span(0, len(TEXT))) == (PlaceRange("row", "1", "6"),) or (
        SHEET.places_of(Span(0, len(TEXT) - 1)) == (PlaceRange("row", "1", "5"),)
    )


@given(
    places=st.lists(
        st.builds(
            Place,
            st.integers(0, 30),
            st.sampled_from(["slide", "anchor"]),
            st.sampled_from(["", "1", "2", "3"]),
        ),
        max_size=8,
        unique_by=lambda place: (place.start, place.kind),
    ),
    start=st.integers(0, 30),
    length=st.integers(1, 12),
)
@examples(300)
def test_the_places_are_those_of_the_characters(
    places: list[Place], start: int, length: int
) -> None:
    """Oracle: the label of each character, by going through the places one by one."""
    expected = {}
    for kind in ("slide", "anchor"):
        labels = []
        for offset in range(start, start + length):
            before = [each for each in places if each.kind == kind and each.start <= offset]
            label = max(before, key=lambda each: each.start).label if before else ""
            labels.append(label)
        said = [label for label in labels if label]
        if said:
            expected[kind] = (said[0], labels[-1] or said[-1])
    found = ranges_of(by_kind(places), start, start + length, lambda offset: 0)
    assert {each.kind: (each.first, each.last) for each in found} == expected
