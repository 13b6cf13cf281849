"""Office files for tests: minimal packages of given XML, and files that libraries write."""

from collections.abc import Callable, Mapping
from datetime import datetime
from functools import cache
from html import escape
from io import BytesIO
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

import regex
import xlsxwriter
from docx import Document
from hypothesis import strategies as st
from pptx import Presentation

from documents import texts

W = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
OFFICE = "urn:oasis:names:tc:opendocument:xmlns:"
_RELS = "http://schemas.openxmlformats.org/package/2006/relationships"
_REL = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_TYPES = "http://schemas.openxmlformats.org/package/2006/content-types"
_WORD = "application/vnd.openxmlformats-officedocument.wordprocessingml"

WORD_NAMESPACES = (
    f'xmlns:w="{W}" xmlns:r="{_REL}" '
    'xmlns:mc="http://schemas.openxmlformats.org/markup-compatibility/2006" '
    'xmlns:wp="http://schemas.openxmlformats.org/drawingml/2006/wordprocessingDrawing" '
    'xmlns:a="http://schemas.openxmlformats.org/drawingml/2006/main" '
    'xmlns:m="http://schemas.openxmlformats.org/officeDocument/2006/math" '
    'xmlns:wps="http://schemas.microsoft.com/office/word/2010/wordprocessingShape" '
    'xmlns:v="urn:schemas-microsoft-com:vml"'
)
OPEN_NAMESPACES = (
    " ".join(
        f'xmlns:{prefix}="{OFFICE}{name}:1.0"'
        for prefix, name in {
            "office": "office",
            "text": "text",
            "table": "table",
            "style": "style",
            "draw": "drawing",
            "presentation": "presentation",
            "svg": "svg-compatible",
            "manifest": "manifest",
            "meta": "meta",
        }.items()
    )
    + ' xmlns:dc="http://purl.org/dc/elements/1.1/"'
)


def zip_of(parts: Mapping[str, str | bytes]) -> bytes:
    """Return a zip archive of these entries."""
    stream = BytesIO()
    with ZipFile(stream, "w", ZIP_DEFLATED) as archive:
        for name, part in parts.items():
            archive.writestr(ZipInfo(name), part, ZIP_DEFLATED)
    return stream.getvalue()


def docx_of(body: str, **parts: str) -> bytes:
    """Return a Word document. parts: the content of styles, numbering, footnotes, endnotes."""
    names = ["document", *parts]
    overrides = "".join(
        f'<Override PartName="/word/{name}.xml" ContentType="{_WORD}.{_type_of(name)}+xml"/>'
        for name in names
    )
    files = {
        "[Content_Types].xml": f'<Types xmlns="{_TYPES}"><Default Extension="rels" '
        'ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
        f"{overrides}</Types>",
        "_rels/.rels": _relationships({"officeDocument": "word/document.xml"}),
        "word/document.xml": f"<w:document {WORD_NAMESPACES}><w:body>{body}</w:body></w:document>",
        "word/_rels/document.xml.rels": _relationships({name: f"{name}.xml" for name in parts}),
    }
    for name, content in parts.items():
        files[f"word/{name}.xml"] = f"<w:{name} {WORD_NAMESPACES}>{content}</w:{name}>"
    return zip_of(files)


def _type_of(name: str) -> str:
    return "document.main" if name == "document" else name


def _relationships(targets: Mapping[str, str]) -> str:
    each = "".join(
        f'<Relationship Id="r{i}" Type="{_REL}/{name}" Target="{target}"/>'
        for i, (name, target) in enumerate(targets.items())
    )
    return f'<Relationships xmlns="{_RELS}">{each}</Relationships>'


def p(text: str, properties: str = "") -> str:
    """Return a Word paragraph of one run."""
    return (
        f'<w:p><w:pPr>{properties}</w:pPr><w:r><w:t xml:space="preserve">{text}</w:t></w:r></w:p>'
    )


def style(style_id: str, name: str, based_on: str = "", properties: str = "") -> str:
    """Return a paragraph style of Word. properties: of its paragraphs"""
    base = f'<w:basedOn w:val="{based_on}"/>' if based_on else ""
    return (
        f'<w:style w:type="paragraph" w:styleId="{style_id}"><w:name w:val="{name}"/>{base}'
        f"<w:pPr>{properties}</w:pPr></w:style>"
    )


def open_document(kind: str, body: str, *, styles: str = "", meta: str = "") -> bytes:
    """Return an OpenDocument file. kind: `text`, `presentation` or `spreadsheet`."""
    content = (
        f"<office:document-content {OPEN_NAMESPACES}>"
        f"<office:automatic-styles>{styles}</office:automatic-styles>"
        f"<office:body><office:{kind}>{body}</office:{kind}></office:body>"
        "</office:document-content>"
    )
    properties = f"<office:document-meta {OPEN_NAMESPACES}>{meta}</office:document-meta>"
    media_type = f"application/vnd.oasis.opendocument.{kind}"
    return zip_of({"mimetype": media_type, "content.xml": content, "meta.xml": properties})


_NOT_XML = regex.compile(r"[^\t\n\r\x20-\uD7FF\uE000-\uFFFD\U00010000-\U0010FFFF]")
_LINES = st.lists(texts().map(lambda text: _NOT_XML.sub("", text)), max_size=4)


def _docx(lines: list[str]) -> bytes:
    """Return a Word document as python-docx writes it."""
    document = Document()
    for i, line in enumerate(lines):
        kind = i % 3
        if kind == 0:
            document.add_heading(line, level=1 + i % 4)
        elif kind == 1:
            document.add_paragraph(line, style="List Number")
        else:
            document.add_table(1, 2).cell(0, 0).text = line
    stream = BytesIO()
    document.save(stream)
    return stream.getvalue()


def _pptx(lines: list[str]) -> bytes:
    """Return a presentation as python-pptx writes it."""
    deck = Presentation()
    for line in lines:
        slide = deck.slides.add_slide(deck.slide_layouts[1])
        slide.shapes.title.text = line[:20]
        slide.placeholders[1].text = line
    stream = BytesIO()
    deck.save(stream)
    return stream.getvalue()


def _xlsx(lines: list[str]) -> bytes:
    """Return a workbook as XlsxWriter writes it."""
    stream = BytesIO()
    workbook = xlsxwriter.Workbook(stream, {"in_memory": True})
    workbook.set_properties({"created": datetime(2024, 5, 6)})
    sheet = workbook.add_worksheet()
    for i, line in enumerate(lines):
        sheet.write_string(i, 0, line[:30_000])
        sheet.write_number(i, 1, len(line) / 7)
    workbook.close()
    return stream.getvalue()


def _open(kind: str, lines: list[str]) -> bytes:
    paragraphs = [f"<text:p>{escape(line)}</text:p>" for line in lines]
    if kind == "text":
        return open_document(kind, "".join(paragraphs))
    if kind == "presentation":
        box = "<draw:page><draw:frame><draw:text-box>{}</draw:text-box></draw:frame></draw:page>"
        return open_document(kind, "".join(box.format(each) for each in paragraphs))
    cell = "<table:table-row><table:table-cell>{}</table:table-cell></table:table-row>"
    rows = "".join(cell.format(each) for each in paragraphs)
    return open_document(kind, f'<table:table table:name="S">{rows}</table:table>')


def _minimal_docx(lines: list[str]) -> bytes:
    return docx_of("".join(p(escape(line)) for line in lines))


_SAMPLES = (
    ["Plan", "First. Second.\nThird.", "1. # | *x*", "Über uns"],
    ["", "\t", "漢字かな", "שלום مرحبا"],
    ["Only one."],
)


def _samples(write: Callable[[list[str]], bytes]) -> st.SearchStrategy[bytes]:
    """Files that a library writes: few, because it takes 50 ms to write one."""
    written = cache(lambda i: write(list(_SAMPLES[i])))
    return st.sampled_from(range(len(_SAMPLES))).map(written)


_OPEN_XML = "application/vnd.openxmlformats-officedocument"

OFFICE_FILES: dict[str, st.SearchStrategy[bytes]] = {
    f"{_OPEN_XML}.wordprocessingml.document": st.one_of(_LINES.map(_minimal_docx), _samples(_docx)),
    f"{_OPEN_XML}.presentationml.presentation": _samples(_pptx),
    f"{_OPEN_XML}.spreadsheetml.sheet": _LINES.map(_xlsx),
    "application/vnd.oasis.opendocument.text": _LINES.map(lambda each: _open("text", each)),
    "application/vnd.oasis.opendocument.presentation": _LINES.map(
        lambda each: _open("presentation", each)
    ),
    "application/vnd.oasis.opendocument.spreadsheet": _LINES.map(
        lambda each: _open("spreadsheet", each)
    ),
}
"""Files of each Office format, by media type."""
