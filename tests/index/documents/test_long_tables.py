"""Rows that are left out before a text is parsed change none of its blocks."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from documents import examples
from index.documents import markdown
from index.documents.long_tables import Shortened, shortened
from index.documents.markdown import markdown_blocks

CELLS = st.sampled_from(["a", "", "1.5", "a\\|b", "x > y", "-->", "```", "`|`", "- a", "# b", "é"])


@st.composite
def tables(draw: st.DrawFn) -> str:
    """A table of up to 30 rows, some of another width, in front of it what may enclose it."""
    n_columns = draw(st.integers(1, 3))
    before = draw(st.sampled_from(["", "```\n\n", "<!-- a\n\n", "<pre>\n\n", "- a\n\n", "> b\n\n"]))
    widths = st.sampled_from([n_columns] * 8 + [n_columns + 1, 1])
    rows = draw(st.lists(widths.flatmap(lambda n: st.lists(CELLS, min_size=n, max_size=n))))
    header = draw(st.lists(CELLS, min_size=n_columns, max_size=n_columns + draw(st.integers(0, 1))))
    lines = [header, ["---"] * n_columns, *(rows * 3)[:30]]
    return before + "".join(f"| {' | '.join(line)} |\n" for line in lines)


TEXTS = st.lists(
    st.one_of(tables(), st.sampled_from(["# A\n", "text\n", "```\n", "[a]: b\n", "| b |\n"])),
    max_size=5,
).map("\n".join)


@given(text=TEXTS, longest=st.sampled_from([300, 1 << 18]))
@examples(300)
def test_the_blocks_are_those_of_the_whole_text(text: str, longest: int) -> None:
    fast = list(markdown_blocks(text, min(longest, 1 << 16), longest))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(markdown, "shortened", Shortened)
        assert fast == list(markdown_blocks(text, min(longest, 1 << 16), longest))


@given(text=TEXTS)
@examples(100)
def test_offsets_lead_back_to_the_whole_text(text: str) -> None:
    short = shortened(text)
    at = [short.original(offset) for offset in range(len(short.text))]
    assert "".join(text[i] for i in at) == short.text
    assert short.original(len(short.text)) == len(text)


def test_a_long_table_is_shortened_to_four_lines() -> None:
    text = "| a |\n| --- |\n" + "| 1 |\n" * 10_000
    assert shortened(text).text == "| a |\n| --- |\n| 1 |\n| 1 |\n"
    (block,) = markdown_blocks(text, longest=1 << 20)
    assert (block.span.start, block.span.end, block.kind) == (0, len(text) - 1, "lines")
