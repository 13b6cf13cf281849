"""EPUB books: chapters in order, their places, and damaged or protected books."""

import zipfile
from io import BytesIO

import pytest

from index.documents.loader import Content, LoadOptions
from index.documents.loaders.epub import EpubLoader
from index.errors import UnreadableDocument
from index.places import PlaceRange
from index.types import Document, Span

CONTAINER = """<?xml version="1.0"?>
<container xmlns="urn:oasis:names:tc:opendocument:xmlns:container">
<rootfiles><rootfile full-path="OEBPS/book.opf"/></rootfiles></container>"""

PACKAGE = """<?xml version="1.0"?><package xmlns="http://www.idpf.org/2007/opf" version="3.0">
<metadata xmlns:dc="http://purl.org/dc/elements/1.1/"><dc:title>Club Rules</dc:title>
<dc:creator>Ada Byron</dc:creator><dc:creator>C. Babbage</dc:creator><dc:language>en</dc:language>
<dc:date>2026-02-03T00:00:00Z</dc:date><dc:subject>clubs</dc:subject></metadata>
<manifest><item id="n" href="nav.xhtml" media-type="application/xhtml+xml" properties="nav"/>
<item id="b" href="text/b%20two.xhtml" media-type="application/xhtml+xml"/>
<item id="a" href="text/a.xhtml" media-type="application/xhtml+xml"/>
<item id="c" href="cover.png" media-type="image/png"/></manifest>
<spine><itemref idref="c"/><itemref idref="n"/><itemref idref="a"/><itemref idref="b"/>
<itemref idref="a"/></spine></package>"""

CHAPTER_A = """<?xml version="1.0" encoding="utf-8"?><html xmlns="http://www.w3.org/1999/xhtml">
<head><title>A</title></head>
<body><h1 id="fees">Fees</h1><p>Members pay 5 pounds.</p></body></html>"""

CHAPTER_B = """<html xmlns="http://www.w3.org/1999/xhtml"><body><p>No fines.</p>
<p id="end">The end.</p></body></html>"""

BOOK = {
    "mimetype": "application/epub+zip",
    "META-INF/container.xml": CONTAINER,
    "OEBPS/book.opf": PACKAGE,
    "OEBPS/nav.xhtml": "<nav><ol><li><a href='text/a.xhtml'>Fees</a></li></ol></nav>",
    "OEBPS/text/b two.xhtml": CHAPTER_B,
    "OEBPS/text/a.xhtml": CHAPTER_A,
}


def book(**changes: str | None) -> bytes:
    """The book with other files at these paths; None leaves one out."""
    stream = BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        for path, text in {**BOOK, **changes}.items():
            if text is not None:
                archive.writestr(path, text)
    return stream.getvalue()


def load(content: bytes) -> Content:
    return EpubLoader().load(content, LoadOptions())


def places_of(content: Content, quote: str) -> tuple[PlaceRange, ...]:
    document = Document("a", "a", "A", content.text, places=content.places)
    start = content.text.index(quote)
    return document.places_of(Span(start, start + len(quote)))


def test_chapters_are_in_reading_order_without_the_contents() -> None:
    content = load(book())
    assert content.text == "# Fees\n\nMembers pay 5 pounds.\n\nNo fines.\n\nThe end."
    assert content.title == "Club Rules"
    assert content.metadata == {
        "author": "Ada Byron, C. Babbage",
        "date": "2026-02-03T00:00:00+00:00",
        "language": "en",
        "tags": "clubs",
    }


def test_a_citation_has_the_chapter_and_its_own_anchors() -> None:
    content = load(book())
    part_a, part_b = "OEBPS/text/a.xhtml", "OEBPS/text/b two.xhtml"
    assert set(places_of(content, "Members")) == {
        PlaceRange("part", part_a, part_a),
        PlaceRange("anchor", "#fees", "#fees"),
    }
    assert places_of(content, "No fines") == (PlaceRange("part", part_b, part_b),)
    assert PlaceRange("anchor", "#end", "#end") in places_of(content, "The end")


def test_a_missing_chapter_is_warned_of() -> None:
    content = load(book(**{"OEBPS/text/a.xhtml": None}))
    assert content.text == "No fines.\n\nThe end."
    assert content.warning == "1 of 2 chapters are missing, first OEBPS/text/a.xhtml"


ENCRYPTED = """<encryption xmlns="urn:oasis:names:tc:opendocument:xmlns:container">
<EncryptedData xmlns="http://www.w3.org/2001/04/xmlenc#"><CipherData>
<CipherReference URI="{}"/></CipherData></EncryptedData></encryption>"""


def test_encrypted_chapters_are_refused_and_encrypted_fonts_are_not() -> None:
    fonts = ENCRYPTED.format("OEBPS/font.otf")
    assert load(book(**{"META-INF/encryption.xml": fonts})).title == "Club Rules"
    chapters = ENCRYPTED.format("OEBPS/text/a.xhtml")
    with pytest.raises(UnreadableDocument, match="encrypted") as raised:
        load(book(**{"META-INF/encryption.xml": chapters}))
    assert raised.value.kind == "password"


BOMB = '<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;">]><x>&b;</x>'


@pytest.mark.parametrize(
    ("path", "text", "reason"),
    [
        ("META-INF/container.xml", None, "no META-INF/container.xml"),
        ("META-INF/container.xml", "<container/>", "names no package"),
        ("META-INF/container.xml", "<container>", "not well-formed"),
        ("META-INF/container.xml", BOMB, "declares XML entities"),
        ("OEBPS/book.opf", None, "book.opf is missing"),
        ("OEBPS/book.opf", "<package/>", "lists no chapters"),
    ],
)
def test_a_damaged_book_is_named(path: str, text: str | None, reason: str) -> None:
    with pytest.raises(UnreadableDocument, match=reason) as raised:
        load(book(**{path: text}))
    assert raised.value.kind == "damaged"


def test_a_book_that_expands_too_much_is_refused() -> None:
    with pytest.raises(UnreadableDocument, match="expands") as raised:
        load(book(**{"OEBPS/text/a.xhtml": "<p>a</p>" * (2 * 2**20)}))
    assert raised.value.kind == "too-large"
