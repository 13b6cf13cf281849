"""Markdown as a terminal shows it: the text that a reader of the rendered page sees."""

from html.parser import HTMLParser

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from rich.cells import cell_len

from index.types import Span
from rag.output.markdown.view import view_of

WIDTH = 60
INLINE = ["word", "a", "b_c", " ", " ", "*", "**", "_", "__", "~~", "`", "``", "\\", "&amp;", "&"]
LINKS = ["[", "](x)", "](<y z> 't')", "![", "<", ">", "<http://x.y>", "(", ")", ".", "\n", "é"]
PIECES = st.lists(
    st.sampled_from([*INLINE, *LINKS]),
    max_size=25,
).map("".join)
STARTS = ["# ", "## Head ##", "- ", "  * ", "1. ", "> ", "```", "~~~", "    ", "|", "| a | b |"]
MORE = ["|---|:-:|", "---", "===", "<div>", "</div>", "<!--", "-->", "[x]: y", "[^1]", "\t"]
TEXT = ["word", " ", "\n", "\n", "\n\n", "`", "*", "&#10;", "\x1b", "\x00", "漢", "\\|"]
BLOCKS = st.lists(
    st.sampled_from([*STARTS, *MORE, *TEXT]),
    max_size=30,
).map("".join)


def shown(text: str, width: int = WIDTH) -> str:
    return view_of(text, width).text.plain


def styled(text: str, style: str) -> list[str]:
    """The parts of the view that have a style, in order."""
    view = view_of(text, WIDTH).text
    spans = sorted(span for span in view.spans if span.style == style)
    return [view.plain[span.start : span.end] for span in spans]


class _Visible(HTMLParser):
    """The text of a page; of an image its description."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.parts: list[str] = []
        self.feed(html)
        self.close()

    def handle_data(self, data: str) -> None:
        self.parts.append(data)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "img":
            self.parts.append(dict(attrs)["alt"] or "")


@given(PIECES.filter(lambda text: "[]" not in text and "][" not in text))
def test_a_paragraph_is_the_text_of_its_rendered_page(text: str) -> None:
    page = MarkdownIt("commonmark", {"html": False}).enable("strikethrough").disable("reference")
    oracle = "".join(_Visible(page.render(f"x{text}x")).parts)
    assert shown(f"x{text}x").split() == oracle.split()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('See [the manual](m.md "Title") now.', "See the manual now."),
        ("[**bold** link](<a b>)", "bold link"),
        ("[](m.md) is empty", "[](m.md) is empty"),
        ("<https://a.b/c> and <me@a.b>", "https://a.b/c and me@a.b"),
        ("![A *map*](map.png) of Oslo", "A map of Oslo"),
        ("[![Build](b.svg)](ci.html) passes", "Build passes"),
        ("![](map.png)", "![](map.png)"),
        ("un*believ*able, snake_case_name", "unbelievable, snake_case_name"),
        ("***all*** of __it__ ~~not~~", "all of it not"),
        ("4 * 5 * 6 and a ** b", "4 * 5 * 6 and a ** b"),
        ("`` a`b `` and `[x](y)` and ` ` .", "a`b and [x](y) and   ."),
        ("one ` backtick, ``two", "one ` backtick, ``two"),
        (r"\*not\* emphasis, C:\dir", r"*not* emphasis, C:\dir"),
        ("a &lt; b &amp;&#32;c &unknown;", "a < b & c &unknown;"),
        ("# A *title* #\ntext", "A title\ntext"),
        ("A title\n===\ntext", "A title\ntext"),
        ("- one\n  - two\n    1. three\n* four", "• one\n  • two\n    1. three\n• four"),
        ("+ - one", "• • one"),
        ("- [ ] open\n- [x] done", "• [ ] open\n• [x] done"),
        ("> quoted\n> > twice", "│ quoted\n│ │ twice"),
        ("```python\na = __init__ * 2 * 3\n```\nend", "a = __init__ * 2 * 3\nend"),
        ("- run\n  ~~~\n  `x`\n  ~~~", "• run\n  `x`"),
        ("text\n\n    __code__", "text\n\n    __code__"),
        ("one\n\n* * *\n\ntwo", "one\n\n─ ─ ─\n\ntwo"),
        ("<b>bold</b> <i class='x'>it</i>", "bold it"),
        ("give <PATH> or <name>", "give <PATH> or <name>"),
        ("a<br/>b<!-- a\nremark --> c", "a b c"),
        ("<details>\n<summary>More</summary>\n</details>\n\nend", "More\n\nend"),
        ("It holds.[^1]\n\n[^1]: See the manual.", "It holds.[1]\n\n[1]: See the manual."),
        ("[the manual][m], [m][], [m]\n\n[m]: m.md 'Title'\n", "the manual, m, m"),
        ("see [the manual][m] of another passage", "see the manual of another passage"),
        ("x[i][j] and [optional]", "x[i][j] and [optional]"),
        ("text\n[m]: not a definition here", "text\n[m]: not a definition here"),
        ("[m]: m.md", "[m]: m.md"),
        ("&#27;[31m &#x202e;x", "\ufffd[31m \ufffdx"),
        ("a\x1b[31m *b*\u202e", "a\ufffd[31m b\ufffd"),
        ("", ""),
    ],
)
def test_markup_is_not_shown_and_all_else_is(text: str, expected: str) -> None:
    assert shown(text) == expected


def test_the_cells_of_a_table_stand_in_columns() -> None:
    table = (
        "| Name | Price | Note |\n"
        "|:-----|------:|:----:|\n"
        "| **Rye** | 4 | a \\| b |\n"
        "| `x|y` | 12 |\n"
        "| 漢字 | 7 | |\n"
    )
    assert shown(table).split("\n") == [
        "Name │ Price │ Note",
        "─────┼───────┼──────",
        "Rye  │     4 │ a | b",
        "`x   │    y` │  12",
        "漢字 │     7 │",
    ]
    lines = shown(table).split("\n")
    bars = [[cell_len(line[:i]) for i, c in enumerate(line) if c in "│┼"] for line in lines]
    assert len(set(map(tuple, bars))) == 1
    assert styled(table, "bold") == ["Name", "Price", "Note", "Rye"]


def test_a_table_wider_than_the_terminal_is_not_padded() -> None:
    table = "a | b\n--|--\nx | " + 70 * "y"
    assert shown(table) == "a │ b\nx │ " + 70 * "y"


def test_markup_becomes_style() -> None:
    text = "**bold** *italic* `code` [link](x) ~~old~~ ![image](y)\n\n# Title\n\n```\nblock\n```"
    assert styled(text, "bold") == ["bold", "Title"]
    assert styled(text, "italic") == ["italic", "image"]
    assert styled(text, "cyan") == ["code", "block"]
    assert styled(text, "underline") == ["link"]
    assert styled(text, "strike") == ["old"]


def test_a_span_that_begins_inside_emphasis_is_found_in_the_view() -> None:
    text = "**Zara Quill. She [baked](b.md)** bread.\n\n- It *sold*."
    view = view_of(text, WIDTH)

    def at(part: str) -> str:
        start = text.index(part)
        found = view.span(Span(start, start + len(part)))
        return view.text.plain[found.start : found.end]

    assert at("She [baked](b.md)** bread.") == "She baked bread."
    assert at("**Zara Quill.") == "Zara Quill."
    assert at("- It *sold*.") == "• It sold."
    assert at("](b.md)") == ""


@given(BLOCKS, st.integers(1, 80))
def test_any_text_has_a_place_for_each_character_and_keeps_its_letters(
    text: str, width: int
) -> None:
    view = view_of(text, width)
    plain, places = view.text.plain, list(view.places)
    assert len(places) == len(text) + 1
    assert places == sorted(places)
    assert len(plain) <= places[-1]
    assert not set("\x1b\x00") & set(plain)
    # The only word that markup can take is the info string of a fence.
    if "```" not in text and "~~~" not in text and "<!--" not in text:
        assert plain.count("word") == text.count("word")
