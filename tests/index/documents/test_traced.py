"""Texts that remember where their characters come from."""

from hypothesis import given
from hypothesis import strategies as st

from documents import examples
from index.documents.pdf_lines import _shown, _shown_slowly
from index.documents.traced import ADDED, Traced, joined

ODD = st.text(st.sampled_from("ab-\ufb01\ufb03\xad\xa0\u2010 \t\x01\x02\u2028"), max_size=12)


def pairs(text: Traced) -> list[tuple[str, int]]:
    return list(zip(text.text, text.origins, strict=True))


def test_parts_keep_their_origins_and_what_is_added_has_none() -> None:
    text = joined(" ", [Traced.of("ab", 3), Traced.of("c", 9)])
    assert pairs(text) == [("a", 3), ("b", 4), (" ", ADDED), ("c", 9)]
    assert pairs(text.without({1, 2})) == [("a", 3), ("c", 9)]
    assert pairs(text.with_added("\\", [0, 3])) == [
        ("\\", ADDED), ("a", 3), ("b", 4), (" ", ADDED), ("\\", ADDED), ("c", 9),
    ]  # fmt: skip


@given(characters=ODD)
@examples(300)
def test_shown_characters_come_from_their_places(characters: str) -> None:
    shown = _shown(list(characters), 5)
    assert shown == _shown_slowly(characters, 5)
    assert shown.text == " ".join(shown.text.split())
    for character, origin in pairs(shown):
        source = characters[origin - 5]
        assert character == " " if source.isspace() else character in source_letters(source)
    visible = [i for i, c in enumerate(characters, 5) if not c.isspace() and c != "\x01"]
    assert [i for i in dict.fromkeys(shown.origins) if shown.text[:1] and i in visible] == visible


def source_letters(character: str) -> str:
    """The letters of a ligature; a hyphen for each kind of it."""
    ligatures = {"\ufb01": "fi", "\ufb03": "ffi", "\xad": "-", "\u2010": "-"}
    return ligatures.get(character, character)
