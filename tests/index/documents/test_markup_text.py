"""Canonical texts written in Markdown's block notation."""

import pytest
import regex
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from documents import ANY_TEXT, SENTENCES, examples
from index.documents.markup_text import MAX_DEPTH, MarkupText
from index.errors import UnreadableDocument
from index.places import Place

LINE_BEGINNINGS = [
    "# a", "> a", "- a", "* a", "+ a", "1. a", "23) a", "```", "~~~", "===", "---", "* * *",
    "[a]: b",
    "<!-- a", "<script>", "<?a", "#a", "-a", "1.5 a", "a", "|a|b|",
]  # fmt: skip


@given(lines=st.lists(st.one_of(st.sampled_from(LINE_BEGINNINGS), SENTENCES, ANY_TEXT), max_size=5))
@examples(300)
def test_a_paragraph_is_a_paragraph_whatever_its_lines_begin_with(lines: list[str]) -> None:
    text = MarkupText()
    text.paragraph("\n".join(lines))
    tokens = MarkdownIt("commonmark").parse(text.text)
    kinds = {token.type for token in tokens if token.nesting == 1 or token.map}
    assert kinds <= {"paragraph_open", "inline", "html_block"}


@given(line=st.one_of(st.sampled_from(LINE_BEGINNINGS), SENTENCES))
@examples(200)
def test_a_paragraph_differs_from_the_file_by_a_backslash_at_most(line: str) -> None:
    text = MarkupText()
    text.paragraph(line)
    words = regex.sub(r"[\p{Cc}\ufeff\u2028\u2029]", " ", line).split()
    assert text.text.replace("\\", "").split() == [word.replace("\\", "") for word in words] or (
        not words
    )


def test_headings_are_literal_and_have_their_level() -> None:
    text = MarkupText()
    text.heading(1, "The *real* C#\nmanual")
    text.heading(9, "# 2")
    content = text.content()
    assert content.text == "# The *real* C# manual\n\n###### # 2"
    assert [(each.level, each.text) for each in content.headings] == [
        (1, "The *real* C# manual"),
        (6, "# 2"),
    ]
    assert content.title == "The *real* C# manual"


def test_items_of_a_list_are_adjacent_lines_with_their_depth_and_number() -> None:
    text = MarkupText()
    text.paragraph("Bring:")
    text.item("a passport")
    text.item("photos,\nof two kinds", depth=1)
    text.item("money", number=2)
    assert text.text == "Bring:\n\n- a passport\n  - photos,\n    of two kinds\n2. money"


def test_rows_have_the_numbers_of_the_sheet_where_rows_are_left_out() -> None:
    text = MarkupText()
    text.heading(1, "Prices")
    text.table(
        [["Plan", "Price"], ["Basic", "5"], ["", ""], ["Pro", "a|b"], ["Max", "9"]],
        row_numbers=[1, 2, 3, 4, 5],
    )
    content = text.content()
    table = "| Plan | Price |\n| --- | --- |\n| Basic | 5 |\n| Pro | a\\|b |\n| Max | 9 |"
    assert content.text == f"# Prices\n\n{table}"
    at = {row: content.text.index(row) for row in ("| Plan", "| Basic", "| Pro")}
    assert content.places == (
        Place(at["| Plan"], "row", "1"),
        Place(at["| Basic"], "row", "2", counts_lines=True),
        Place(at["| Pro"], "row", "4", counts_lines=True),
    )


def test_code_that_has_fences_is_one_block() -> None:
    text = MarkupText()
    text.code("```\nx = 1\n```\n", "text")
    (block,) = text.content().blocks
    assert block.span.of(text.text) == "````text\n```\nx = 1\n```\n````"


def test_pages_begin_at_their_first_block_and_empty_pages_are_counted() -> None:
    text = MarkupText()
    for body in ("One.", "", "Three.", ""):
        text.page()
        text.paragraph(body)
    content = text.content()
    three = content.text.index("Three.")
    assert content.pages == (0, three, three, len(content.text))


def test_a_file_without_a_block_is_empty() -> None:
    with pytest.raises(UnreadableDocument) as raised:
        MarkupText().content()
    assert raised.value.kind == "empty"


def test_blocks_in_a_numbered_item_are_as_far_in_as_its_text() -> None:
    text = MarkupText()
    text.item("one", number=10)
    text.item("a", depth=1)
    text.code("x = 1\n\ny", "python", depth=2)
    text.table([["a"], ["b"]], depth=1)
    text.paragraph("more", depth=1)
    text.item("two", number=11)
    assert text.text == (
        "10. one\n    - a\n\n      ```python\n      x = 1\n\n      y\n      ```\n\n"
        "    | a |\n    | --- |\n    | b |\n\n    more\n\n11. two"
    )
    tokens = MarkdownIt("commonmark").enable("table").parse(text.text)
    assert [token.type for token in tokens if token.level == 0 and token.nesting == 1] == [
        "ordered_list_open"
    ]
    assert "code_block" not in {token.type for token in tokens}


def test_a_paragraph_in_items_that_a_heading_ended_is_no_code() -> None:
    text = MarkupText()
    text.item("one")
    text.item("two", depth=1)
    text.heading(2, "Three")
    text.paragraph("four", depth=2)
    assert text.text.endswith("## Three\n\nfour")


def test_items_and_quotations_are_nested_to_a_limit() -> None:
    text = MarkupText()
    for depth in range(2 * MAX_DEPTH):
        text.item("a", depth=depth)
    text.paragraph("b", depth=1, quoted=999)
    *items, last = text.text.split("\n\n")
    assert max(map(len, items[0].split("\n"))) == 2 * MAX_DEPTH + len("- a")
    assert last == "  " + "> " * MAX_DEPTH + "b"


def test_one_wide_row_does_not_make_a_long_table_wide() -> None:
    text = MarkupText()
    text.table([["x"], *[["y"]] * 200, ["z"] * 200])
    assert len(text.text) < 4 * 6 * 400
    (table,) = text.content().blocks
    assert table.kind == "lines"
