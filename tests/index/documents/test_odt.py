"""OpenDocument texts: values worked by hand."""

import pytest

from index.documents.loader import Content, LoadOptions
from index.documents.loaders.odt import OdtLoader
from index.errors import UnreadableDocument
from office_files import OPEN_NAMESPACES, open_document, zip_of

STYLES = """
<text:list-style style:name="L1">
  <text:list-level-style-number text:level="1" style:num-format="1" style:num-suffix="."/>
  <text:list-level-style-number text:level="2" style:num-format="1" style:num-suffix="."
    text:display-levels="2"/>
  <text:list-level-style-number text:level="3" style:num-format="a" style:num-prefix="("
    style:num-suffix=")"/>
</text:list-style>
<text:list-style style:name="L2"><text:list-level-style-bullet text:level="1"/></text:list-style>
<style:style style:name="Hidden" style:family="text">
  <style:text-properties text:display="none"/>
</style:style>
<style:style style:name="P1" style:family="paragraph" style:parent-style-name="Title"/>
"""


def load(content: bytes) -> Content:
    return OdtLoader().load(content, LoadOptions())


def text_of(body: str) -> str:
    return load(open_document("text", body, styles=STYLES)).text


def p(text: str) -> str:
    return f"<text:p>{text}</text:p>"


def items(*contents: str, more: str = "") -> str:
    each = "".join(f"<text:list-item>{content}</text:list-item>" for content in contents)
    return f'<text:list text:style-name="L1" {more}>{each}</text:list>'


def inner(*contents: str) -> str:
    return items(*contents).replace(' text:style-name="L1"', "")


def test_headings_have_their_level_and_the_title_is_one() -> None:
    body = (
        '<text:sequence-decls/><text:p text:style-name="P1">Manual</text:p>'
        "<text:table-of-content><text:index-body><text:p>Use 2</text:p></text:index-body>"
        '</text:table-of-content><text:h text:outline-level="2">Use</text:h>' + p("Text.")
    )
    content = load(open_document("text", body, styles=STYLES))
    assert content.text == "# Manual\n\n## Use\n\nText."
    assert content.title == "Manual"


def test_items_have_the_numbers_that_are_shown() -> None:
    body = (
        items(
            p("one") + p("still one") + inner(p("one one"), p("one two") + inner(p("letter"))),
            p("two"),
            more='xml:id="list1"',
        )
        + p("Between.")
        + items(p("three"), more='text:continue-list="list1"')
        + items(p("first"))
        + items(p("second"), more='text:continue-numbering="true"')
        + '<text:list text:style-name="L1"><text:list-item text:start-value="9">'
        + f"{p('nine')}</text:list-item></text:list>"
        + items(p("bullet")).replace("L1", "L2")
    )
    assert text_of(body) == (
        "1. one\n\n   still one\n\n   - 1.1. one one\n   - 1.2. one two\n"
        "     - (a) letter\n2. two\n\n"
        "Between.\n\n3. three\n1. first\n2. second\n9. nine\n- bullet"
    )


def test_a_deeper_item_without_its_parent_is_no_item_of_the_parent() -> None:
    body = items(p("one"), inner(p("one one")), p("two"))
    assert text_of(body) == "1. one\n   - 1.1. one one\n2. two"


def test_comments_deletions_and_hidden_text_are_left_out() -> None:
    deleted = "<text:tracked-changes><text:changed-region><text:deletion><text:p>was</text:p>"
    deleted += "</text:deletion></text:changed-region></text:tracked-changes>"
    paragraph = (
        "The fee<office:annotation><dc:creator>A</dc:creator><text:p>Check!</text:p>"
        '</office:annotation> is <text:change text:change-id="c"/>'
        '<text:span text:style-name="Hidden">SECRET</text:span>'
        'non\u00adrefund<text:span>able</text:span>,<text:s text:c="3"/>5<text:tab/>€'
        "<text:line-break/>a\nmonth."
    )
    assert text_of(deleted + p(paragraph)) == "The fee is nonrefundable, 5 €\na month."


def test_notes_follow_the_paragraph_of_their_mark() -> None:
    note = (
        '<text:note text:note-class="footnote"><text:note-citation>1</text:note-citation>'
        "<text:note-body><text:p>Smith 2020.</text:p></text:note-body></text:note>"
    )
    assert text_of(p(f"Claim{note}, made.") + p("Next.")) == (
        "Claim, made.\n\nSmith 2020.\n\nNext."
    )


def test_pictures_have_their_description_and_text_boxes_their_text() -> None:
    picture = "<draw:frame><draw:image/><svg:title>T</svg:title><svg:desc>A map</svg:desc>"
    box = "<draw:frame><draw:text-box><text:p>Boxed.</text:p></draw:text-box></draw:frame>"
    assert text_of(p(f"See.{picture}</draw:frame>{box}")) == "See.\n\nA map\n\nBoxed."


def test_merged_cells_are_repeated_and_repeated_rows_are_bounded() -> None:
    def row(*cells: str, more: str = "") -> str:
        return f"<table:table-row {more}>{''.join(cells)}</table:table-row>"

    def cell(text: str, more: str = "") -> str:
        return f"<table:table-cell {more}>{p(text)}</table:table-cell>"

    covered = "<table:covered-table-cell/>"
    body = (
        "<table:table><table:table-header-rows>"
        + row(cell("Plan"), cell("Cost", 'table:number-columns-spanned="2"'), covered)
        + "</table:table-header-rows>"
        + row(cell("Basic", 'table:number-rows-spanned="2"'), cell("5"), cell("year"))
        + row(covered, cell("1"), cell("month"))
        + row(cell("", 'table:number-columns-repeated="9"'),
              more='table:number-rows-repeated="1048576"')
        + row(cell("x", 'table:number-columns-repeated="3"'),
              more='table:number-rows-repeated="1048576"')
        + "</table:table>"
    )  # fmt: skip
    lines = text_of(body).split("\n")
    wanted = ["Plan | Cost | Cost", "--- | --- | ---", "Basic | 5 | year", "Basic | 1 | month"]
    assert [line.rstrip(" |") for line in lines[:4]] == [f"| {each}" for each in wanted]
    assert len(lines) == 4 + 100


def test_properties_are_metadata() -> None:
    meta = (
        "<office:meta><meta:initial-creator>A. Author</meta:initial-creator>"
        "<dc:creator>B. Editor</dc:creator><dc:date>2024-05-06T07:08:09.123456789</dc:date>"
        "<meta:keyword>fees</meta:keyword><meta:keyword>prices</meta:keyword>"
        "<dc:title>The Title</dc:title><dc:language>en-GB</dc:language></office:meta>"
    )
    content = load(open_document("text", p("Text."), meta=meta))
    assert content.title == "The Title"
    assert content.metadata == {
        "author": "A. Author",
        "date": "2024-05-06T07:08:09",
        "language": "en-GB",
        "tags": "fees, prices",
    }


@pytest.mark.parametrize(
    ("content", "kind", "reason"),
    [
        (open_document("spreadsheet", ""), "damaged",
         r"a spreadsheet \(\.ods\), not a text document \(\.odt\)"),
        (zip_of({"mimetype": "application/epub+zip"}), "damaged", "an e-book"),
        (zip_of({"mimetype": "application/vnd.oasis.opendocument.text"}), "damaged",
         "content.xml is missing"),
        (zip_of({"META-INF/manifest.xml": f"<manifest:manifest {OPEN_NAMESPACES}>"
                 "<manifest:encryption-data/></manifest:manifest>", "content.xml": b"\x91\x83"}),
         "password", "protected by a password"),
        (zip_of({"content.xml": '<!DOCTYPE a [<!ENTITY b "b">]><a>&b;</a>'}), "damaged",
         "declares XML entities"),
        (zip_of({"content.xml": "<a>"}), "damaged", "content.xml"),
        (open_document("text", ""), "empty", "empty"),
    ],
)  # fmt: skip
def test_a_file_that_is_no_text_document_is_named(content: bytes, kind: str, reason: str) -> None:
    with pytest.raises(UnreadableDocument, match=reason) as raised:
        load(content)
    assert raised.value.kind == kind


def test_deep_nesting_is_refused_or_read() -> None:
    body = "<text:section>" * 5000 + p("Deep.") + "</text:section>" * 5000
    with pytest.raises(UnreadableDocument) as raised:
        text_of(body)
    assert raised.value.kind == "damaged"
