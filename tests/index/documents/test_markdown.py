"""Markdown is parsed in slices, with the same blocks as the whole text."""

from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from command import ROOT
from documents import examples
from index.documents.blocks import Block
from index.documents.formats import MARKDOWN
from index.documents.load import document_of
from index.documents.markdown import LONGEST_HEADING_TEXT, heading_text, markdown_blocks
from index.types import Document, Heading, Span

FILES = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/*.md"), *ROOT.glob("eval/*.md")])
PARSER = MarkdownIt("commonmark").enable("table")
LINES = r"""# H
## Two *x* #
text
- item
  cont
    code
> quote
>> q
```
~~~
---
===
[a]: x
"title
title"
[b]: <y> "t"
<!--
-->
<div>
</div>
<script>
</script>
1. one
2) two
* * *
[a]:
+ x
  - nested
      - deep
<pre>
<?x
?>
't
   # ind
-
> - x
> ```
>
(t)
| a | b |
|-|-|
a | b
- | -
| 1 |""".split("\n")
BLANK = ["", "", "   ", "\t", "\x0c"]
MARKDOWN_TEXTS = st.lists(st.sampled_from([*LINES, *BLANK]), max_size=40).map("\n".join)


def leaf_blocks(text: str) -> list[tuple[int, int, str]]:
    """The leaf blocks of a parse of the whole text, by their lines."""
    kinds = {"heading_open": "heading", "paragraph_open": "paragraph", "html_block": "paragraph"}
    kinds |= {"fence": "lines", "code_block": "lines", "table_open": "lines"}
    leaves = [(t.map, kinds[t.type]) for t in PARSER.parse(text) if t.map and t.type in kinds]
    return [(lines[0], lines[1], kind) for lines, kind in leaves]


@examples(300)
@given(text=MARKDOWN_TEXTS, slice_size=st.sampled_from([1, 8, 30]))
@example(text='[a]: x\n"title\n\n[b]: y\n"title\nx"', slice_size=1)
def test_the_blocks_of_slices_are_those_of_the_whole_text(text: str, slice_size: int) -> None:
    whole = list(markdown_blocks(text, len(text) + 1))
    assert list(markdown_blocks(text, slice_size)) == whole
    starts = [0, *(i + 1 for i, c in enumerate(text) if c == "\n"), len(text)]
    if text.startswith("---"):  # can be front matter
        return
    for first, last, kind in leaf_blocks(text):
        piece = text[starts[first] : starts[min(last, len(starts) - 1)]]
        start = starts[first] + len(piece) - len(piece.lstrip())
        spans = [b.span for b in whole if b.kind == kind]
        assert not piece.strip() or Span(start, start + len(piece.strip())) in spans


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(ROOT)))
def test_the_blocks_of_slices_of_a_file_are_those_of_the_whole_file(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    whole = list(markdown_blocks(text, len(text) + 1))
    assert len({block.kind for block in whole}) > 1
    for slice_size in (100, 1000):
        assert list(markdown_blocks(text, slice_size)) == whole


@examples(100)
@given(text=MARKDOWN_TEXTS, longest=st.sampled_from([5, 40]))
def test_blocks_of_any_length_are_in_order_and_contain_everything_visible(
    text: str, longest: int
) -> None:
    blocks, end = markdown_blocks(text, 1, longest), 0
    for block in blocks:
        assert not text[end : block.span.start].strip()
        piece = block.span.of(text)
        assert piece == piece.strip() != ""
        assert len(piece) <= longest
        end = block.span.end
    assert not text[end:].strip()


@pytest.mark.parametrize(
    ("first", "row", "last"),
    [
        ("```\n", "# x\n", "```\n"),
        ("|a|b|\n|-|-|\n", "|1|2|\n", "\n"),
        ("<!--\n", "# x\n", "-->\n"),
    ],
    ids=["fence", "table", "comment"],
)
def test_a_block_that_is_too_long_continues_as_the_same_kind(
    first: str, row: str, last: str
) -> None:
    text = first + row * 100 + last + "\n# After\n\nText.\n"
    blocks = list(markdown_blocks(text, 16, 64))
    assert [b.span.of(text) for b in blocks[-2:]] == ["# After", "Text."]
    assert len(blocks) > 8
    assert len({b.kind for b in blocks[:-2]}) == 1
    assert [b.kind for b in blocks].count("heading") == 1


@pytest.mark.parametrize(("first", "last"), [("```\n", "```\n"), ("<!--\n", "-->\n")])
def test_a_block_that_ends_at_a_slice_boundary_is_complete(first: str, last: str) -> None:
    text = (first + "x\n" * 40)[: 64 - len(last)].rstrip("x")
    text = text.rstrip("\n").ljust(63 - len(last), "x") + "\n" + last + "[a]: b\n" * 20 + "# After"
    assert len(first) < 64 == text.index(last, 4) + len(last)
    assert list(markdown_blocks(text, 16, 64))[-1].kind == "heading"


@pytest.mark.parametrize(
    ("raw", "text"),
    [
        ("# Plain words, 2.5 of them", "Plain words, 2.5 of them"),
        ("##   Closed  ##", "Closed"),
        ("# *One* `two` [three](x) &amp; \\#", "One two three & #"),
        ("#\tTab #1", "Tab #1"),
        ("Two\nlines\n===", "Two lines"),
        ("> # In a quote", "In a quote"),
        ("#", "#"),
    ],
)
def test_a_heading_is_its_text_without_marks(raw: str, text: str) -> None:
    assert heading_text(raw) == text


@examples(200)
@given(words=st.text(st.characters(exclude_categories=["Cs", "Cc", "Zl", "Zp"]), max_size=30))
def test_the_text_of_a_heading_is_that_of_the_parser(words: str) -> None:
    raw = f"## {words}".strip()
    inline = next((t for t in PARSER.parse(raw) if t.type == "inline"), None)
    parts = (inline.children if inline else None) or []
    assert heading_text(raw) == ("".join(part.content for part in parts).strip() or raw)


@pytest.mark.parametrize("mark", ["[", ">", "*_`", "- ", "![", "<"])
@pytest.mark.parametrize("before", ["", "# ", "| "])
def test_deep_nesting_is_read(mark: str, before: str) -> None:
    text = before + mark * 100_000 + "\n\n# After\n\nText.\n"
    doc = document_of(text, "doc", media_type=MARKDOWN, name="name")
    assert doc.headings[-1].text == "After"
    assert all(len(heading.text) <= LONGEST_HEADING_TEXT for heading in doc.headings)
    assert markdown_blocks(text)[-1].span.of(text) == "Text."


def test_blocks_are_a_sequence() -> None:
    blocks = markdown_blocks("# A\n\nb\n\n---\n")
    whole = [Block(Span(0, 3), "heading", 1), Block(Span(5, 6), "paragraph")]
    assert blocks[:2] == whole
    assert list(blocks) == [*whole, Block(Span(8, 11), "lines")]
    assert blocks[-1] == Block(Span(8, 11), "lines")


@examples(200)
@given(levels=st.lists(st.integers(1, 6), max_size=20), end=st.integers(0, 45))
def test_headings_above_a_span_are_those_of_a_walk_through_all_headings(
    levels: list[int], end: int
) -> None:
    headings = tuple(
        Heading(Span(2 * i, 2 * i + 1), level, f"{i}") for i, level in enumerate(levels)
    )
    above: list[Heading] = []
    for heading in headings:
        if heading.span.start < end:
            above = [h for h in above if h.level < heading.level] + [heading]
    document = Document("d", "d", "t", "", headings=headings)
    assert document.headings_of(Span(0, end)) == tuple(h.text for h in above)
