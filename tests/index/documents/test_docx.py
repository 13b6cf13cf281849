"""Word documents: values worked by hand."""

from io import BytesIO
from zipfile import ZipFile

import pytest
from docx import Document

from index.documents.loader import Content, LoadOptions
from index.documents.loaders.docx import DocxLoader
from index.errors import UnreadableDocument
from office_files import docx_of, p, style, zip_of


def load(content: bytes) -> Content:
    return DocxLoader().load(content, LoadOptions())


def text_of(body: str, **parts: str) -> str:
    return load(docx_of(body, **parts)).text


STYLES = (
    style("berschrift1", "heading 1")
    + style("Kapitel", "Kapitel", based_on="berschrift1")
    + style("Klausel", "Klausel", properties='<w:outlineLvl w:val="2"/>')
    + style("Titel", "Title")
    + style("TOC1", "toc 1")
    + style("Aufzhlung2", "List Bullet 2", properties='<w:numPr><w:numId w:val="3"/></w:numPr>')
    + '<w:style w:type="character" w:styleId="Geheim"><w:name w:val="Geheim"/>'
    "<w:rPr><w:vanish/></w:rPr></w:style>"
)


def of_style(style_id: str, text: str) -> str:
    return p(text, f'<w:pStyle w:val="{style_id}"/>')


def test_headings_are_known_by_name_base_and_outline_level() -> None:
    content = load(
        docx_of(
            of_style("Titel", "Manual")
            + of_style("TOC1", "Use\t2")
            + of_style("berschrift1", "Use")
            + of_style("Kapitel", "Care")
            + of_style("Klausel", "Cleaning")
            + p("Oil", '<w:outlineLvl w:val="3"/>')
            + p("Text.", '<w:pStyle w:val="Klausel"/><w:outlineLvl w:val="9"/>'),
            styles=STYLES,
        )
    )
    assert content.text == "# Manual\n\n# Use\n\n# Care\n\n### Cleaning\n\n#### Oil\n\nText."
    assert content.title == "Manual"


def numbered(text: str, level: int, num_id: int = 1) -> str:
    return p(text, f'<w:numPr><w:ilvl w:val="{level}"/><w:numId w:val="{num_id}"/></w:numPr>')


def level(i: int, format: str, text: str, more: str = "") -> str:
    return (
        f'<w:lvl w:ilvl="{i}"><w:start w:val="1"/><w:numFmt w:val="{format}"/>{more}'
        f'<w:lvlText w:val="{text}"/></w:lvl>'
    )


NUMBERING = (
    '<w:abstractNum w:abstractNumId="0">'
    + level(0, "decimal", "%1.")
    + level(1, "decimal", "%1.%2.")
    + level(2, "lowerLetter", "(%3)")
    + level(3, "upperRoman", "%4)")
    + "</w:abstractNum>"
    + '<w:abstractNum w:abstractNumId="1">'
    + level(0, "bullet", "·")
    + level(1, "bullet", " ")
    + "</w:abstractNum>"
    + '<w:num w:numId="1"><w:abstractNumId w:val="0"/></w:num>'
    '<w:num w:numId="2"><w:abstractNumId w:val="0"/>'
    '<w:lvlOverride w:ilvl="0"><w:startOverride w:val="7"/></w:lvlOverride></w:num>'
    '<w:num w:numId="3"><w:abstractNumId w:val="1"/></w:num>'
)


def test_items_have_the_numbers_that_word_shows() -> None:
    body = (
        numbered("one", 0)
        + numbered("one one", 1)
        + numbered("one two", 1)
        + numbered("letter", 2)
        + p("Between.")
        + numbered("two", 0)
        + numbered("two one", 1)
        + numbered("seven", 0, 2)
        + numbered("eight", 0, 2)
    )
    assert text_of(body, numbering=NUMBERING) == (
        "1. one\n   - 1.1. one one\n   - 1.2. one two\n     - (a) letter\n\n"
        "Between.\n\n"
        "2. two\n   - 2.1. two one\n7. seven\n8. eight"
    )


def test_bullets_are_items_and_a_blank_bullet_continues_one() -> None:
    body = (
        numbered("apples", 0, 3)
        + numbered("still apples", 1, 3)
        + of_style("Aufzhlung2", "pears")
        + numbered("no list", 0, 0)
    )
    assert text_of(body, numbering=NUMBERING, styles=STYLES) == (
        "- apples\n\n  still apples\n\n  - pears\n\nno list"
    )


def test_a_numbered_heading_has_its_number() -> None:
    numbering = (
        '<w:abstractNum w:abstractNumId="0">'
        + level(0, "upperRoman", "Part %1", '<w:pStyle w:val="berschrift1"/>')
        + level(1, "decimal", "%1.%2", "<w:isLgl/>")
        + '</w:abstractNum><w:num w:numId="1"><w:abstractNumId w:val="0"/></w:num>'
    )
    body = (
        p("Use", '<w:pStyle w:val="berschrift1"/><w:numPr><w:numId w:val="1"/></w:numPr>')
        + p("Care", '<w:outlineLvl w:val="1"/>'
            '<w:numPr><w:ilvl w:val="1"/><w:numId w:val="1"/></w:numPr>')
    )  # fmt: skip
    assert text_of(body, numbering=numbering, styles=STYLES) == "# Part I Use\n\n## 1.1 Care"


def run(content: str, properties: str = "") -> str:
    return f"<w:r><w:rPr>{properties}</w:rPr>{content}</w:r>"


def test_deleted_and_hidden_text_and_instructions_are_left_out() -> None:
    inner = (
        run("<w:t>The fee </w:t>")
        + f"<w:del>{run('<w:delText>was </w:delText>')}</w:del>"
        + f"<w:ins>{run('<w:t>is </w:t>')}</w:ins>"
        + run("<w:t>SECRET </w:t>", "<w:vanish/>")
        + run("<w:t>SECRET </w:t>", '<w:rStyle w:val="Geheim"/>')
        + run("<w:t>shown </w:t>", '<w:vanish w:val="0"/>')
        + run('<w:fldChar w:fldCharType="begin"/>')
        + run("<w:instrText>REF fee</w:instrText>")
        + run('<w:fldChar w:fldCharType="separate"/>')
        + run("<w:t>5 €</w:t>")
        + run('<w:fldChar w:fldCharType="end"/>')
        + f'<w:hyperlink r:id="r9">{run("<w:t> a</w:t><w:tab/><w:t>month</w:t>")}</w:hyperlink>'
        + run("<w:br/><w:t>non</w:t><w:noBreakHyphen/><w:t>re\u00adfund</w:t><w:softHyphen/>"
              "<w:t>able.</w:t>")
        + '<w:commentReference w:id="0"/>'
    )  # fmt: skip
    assert text_of(f"<w:p>{inner}</w:p>", styles=STYLES) == (
        "The fee is shown 5 € a month\nnon\u2011refundable."
    )


def cell(text: str, properties: str = "") -> str:
    return f"<w:tc><w:tcPr>{properties}</w:tcPr>{p(text)}</w:tc>"


def table(*rows: str) -> str:
    return f"<w:tbl>{''.join(f'<w:tr>{row}</w:tr>' for row in rows)}</w:tbl>"


def test_tables_stand_in_order_and_merged_cells_are_repeated() -> None:
    restart, goes_on = '<w:vMerge w:val="restart"/>', "<w:vMerge/>"
    body = (
        p("Before.")
        + table(
            cell("Prices", '<w:gridSpan w:val="3"/>'),
            cell("Plan") + cell("Cost", '<w:gridSpan w:val="2"/>'),
            cell("Basic", restart) + cell("5") + cell("year"),
            cell("", goes_on) + cell("1") + cell("month"),
            "<w:trPr><w:del/></w:trPr>" + cell("Old") + cell("9") + cell("year"),
        )
        + p("After.")
    )
    assert text_of(body) == (
        "Before.\n\nPrices\n\n| Plan | Cost | Cost |\n| --- | --- | --- |\n"
        "| Basic | 5 | year |\n| Basic | 1 | month |\n\nAfter."
    )


def test_a_nested_table_follows_its_table_and_a_frame_is_no_table() -> None:
    inner = table(cell("x") + cell("y"), cell("1") + cell("2"))
    nested = table(cell("A") + cell("B"), f"{cell('a')}<w:tc>{p('b')}{inner}{p('')}</w:tc>")
    frame = f"<w:tbl><w:tr><w:tc>{p('Note.')}{numbered('one', 0)}</w:tc></w:tr></w:tbl>"
    assert text_of(nested + frame, numbering=NUMBERING) == (
        "| A | B |\n| --- | --- |\n| a | b |\n\n| x | y |\n| --- | --- |\n| 1 | 2 |\n\n"
        "Note.\n\n1. one"
    )


def test_notes_follow_the_paragraph_of_their_mark() -> None:
    def mark(kind: str, i: int) -> str:
        return run(f'<w:{kind}Reference w:id="{i}"/>')

    claim, rest = run("<w:t>Claim</w:t>"), run("<w:t>, made.</w:t>")
    body = f"<w:p>{claim}{mark('footnote', 2)}{rest}{mark('endnote', 2)}</w:p>"
    footnotes = f'<w:footnote w:type="separator" w:id="0">{p("---")}</w:footnote>'
    footnotes += f'<w:footnote w:id="2">{p("Smith 2020.")}</w:footnote>'
    endnotes = f'<w:endnote w:id="2">{p("See also B.")}</w:endnote>'
    text = text_of(body + p("Next."), footnotes=footnotes, endnotes=endnotes)
    assert text == "Claim, made.\n\nSmith 2020.\n\nSee also B.\n\nNext."


def test_pictures_have_their_alternative_text_and_text_boxes_are_read_once() -> None:
    box = f"<w:txbxContent>{p('Boxed.')}</w:txbxContent>"
    drawing = (
        '<mc:AlternateContent><mc:Choice Requires="wps"><w:drawing><wp:anchor>'
        '<wp:docPr id="1" name="Box 1" descr="A blue box"/><a:graphic><a:graphicData>'
        f"<wps:wsp><wps:txbx>{box}</wps:txbx></wps:wsp></a:graphicData></a:graphic></wp:anchor>"
        "</w:drawing></mc:Choice><mc:Fallback><w:pict><v:shape><v:textbox>"
        f"{box}</v:textbox></v:shape></w:pict></mc:Fallback></mc:AlternateContent>"
    )
    assert text_of(f"<w:p>{run('<w:t>See.</w:t>')}{run(drawing)}</w:p>") == (
        "See.\n\nA blue box\n\nBoxed."
    )


def test_content_controls_and_equations_are_read() -> None:
    control = f"<w:sdt><w:sdtPr/><w:sdtContent>{p('Inside.')}</w:sdtContent></w:sdt>"
    equation = "<w:p><m:oMath><m:r><m:t>x=1</m:t></m:r></m:oMath></w:p>"
    assert text_of(control + equation) == "Inside.\n\nx=1"


def written(document: object) -> bytes:
    stream = BytesIO()
    document.save(stream)  # type: ignore[attr-defined]
    return stream.getvalue()


def test_core_properties_are_metadata() -> None:
    document = Document()
    document.add_paragraph("Text.")
    properties = document.core_properties
    properties.title, properties.author = "The Title", "A. Author"
    properties.keywords, properties.language = "fees; prices", "en-GB"
    content = load(written(document))
    assert content.title == "The Title"
    assert content.metadata["author"] == "A. Author"
    assert content.metadata["tags"] == "fees, prices"
    assert content.metadata["language"] == "en-GB"
    assert content.metadata["date"].startswith("2013-12-23T23:15:00")  # of python-docx's template


def test_files_that_word_opens_and_python_docx_refuses_are_read() -> None:
    plain = docx_of(p("Text."))
    archive = ZipFile(BytesIO(plain))
    parts = {name: archive.read(name) for name in archive.namelist()}
    macro = dict(parts)
    macro["[Content_Types].xml"] = parts["[Content_Types].xml"].replace(
        b"application/vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml",
        b"application/vnd.ms-word.document.macroEnabled.main+xml",
    )
    dangling = dict(parts)
    dangling["word/_rels/document.xml.rels"] = parts["word/_rels/document.xml.rels"].replace(
        b"</Relationships>", b'<Relationship Id="x" Type="image" Target="NULL"/></Relationships>'
    )
    strict = {
        name: part.replace(
            b"http://schemas.openxmlformats.org/wordprocessingml/2006/",
            b"http://purl.oclc.org/ooxml/wordprocessingml/",
        ).replace(
            b"http://schemas.openxmlformats.org/officeDocument/2006/",
            b"http://purl.oclc.org/ooxml/officeDocument/",
        )
        for name, part in parts.items()
    }
    assert strict != parts
    for each in (macro, dangling, strict):
        assert load(zip_of(each)).text == "Text."


@pytest.mark.parametrize(
    ("content", "kind", "reason"),
    [
        (zip_of({"a.txt": "a"}), "damaged", "a zip archive of other files, not a text document"),
        (zip_of({"[Content_Types].xml": "<Types/>", "xl/workbook.xml": "<a/>"}), "damaged",
         r"a spreadsheet \(\.xlsx\), not a text document \(\.docx\)"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 600, "damaged", "of the older kind"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + "EncryptedPackage".encode("utf-16-le"), "password",
         "protected by a password"),
        (b"{\\rtf1 Text.}", "damaged", "not a zip archive"),
        (docx_of(""), "empty", "empty"),
    ],
)  # fmt: skip
def test_a_file_that_is_no_word_document_is_named(content: bytes, kind: str, reason: str) -> None:
    with pytest.raises(UnreadableDocument, match=reason) as raised:
        load(content)
    assert raised.value.kind == kind


def test_entities_are_refused() -> None:
    bomb = '<!DOCTYPE a [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;&a;">]><a>&b;</a>'
    with pytest.raises(UnreadableDocument, match="declares XML entities"):
        load(zip_of({"[Content_Types].xml": "<Types/>", "word/document.xml": bomb}))
