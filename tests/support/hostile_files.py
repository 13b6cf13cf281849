"""Files that attack their parsers: bombs, loops, deep nesting, false endings, damaged copies."""

import os
import random
import socket
from collections.abc import Iterator, Mapping
from io import BytesIO
from pathlib import Path
from zipfile import ZIP_DEFLATED, ZipFile

from code_files import SAMPLES
from mail_files import mail_of, mailbox_of
from office_files import docx_of, open_document, p, zip_of
from pdf_files import PdfPage, lines_of, pdf_of

REFUSED = {
    "bomb.docx": "too-large",
    "nested-bomb.epub": "damaged",
    "laughs.docx": "damaged",
    "laughs.odt": "damaged",
    "external.docx": "damaged",
    "password.docx": "password",
    "password.pdf": "password",
    "empty.pdf": "empty",
    "empty.txt": "empty",
    "minified.js": "generated",
}
"""Files that must not be ingested, with the kind of the reason."""

_OFFICE = Path(__file__).parents[1] / "files" / "office"
_LAUGHS = (
    '<!DOCTYPE x [<!ENTITY a "ha">'
    + "".join(
        f'<!ENTITY {n} "{f"&{b};" * 10}">' for b, n in zip("abcdefgh", "bcdefghi", strict=True)
    )
    + "]>"
)


def good_files() -> Mapping[str, bytes]:
    """One small, valid file for several formats."""
    return {
        "good.txt": b"Aid came by sea.",
        "good.md": b"# Aid\n\nIt came by sea.\n",
        "good.docx": docx_of(p("Aid came by sea.")),
        "good.pdf": pdf_of([PdfPage(lines_of("Aid came by sea."))]),
        "good.html": b"<main><p>Aid came by sea and by land.</p></main>",
        "good.csv": b"name,price\nTea,4\n",
        "good.eml": mail_of("Aid", "It came by sea.", None),
        "good.py": SAMPLES["text/x-python"].read_bytes(),
    }


def hostile_files(scale: int = 1) -> Iterator[tuple[str, bytes]]:
    """Yield the name and the content of each hostile file. scale: multiplies their sizes."""
    yield from _archives(scale)
    yield from _pdfs(scale)
    yield from _nested(scale)
    yield from _quadratic(scale)
    yield from _empty_and_false()


def _archives(scale: int) -> Iterator[tuple[str, bytes]]:
    zeros = b"0" * (16 << 20)
    yield "bomb.docx", zip_of({"word/document.xml": zeros, "[Content_Types].xml": b"<x/>"})
    inner = zip_of({f"{n}.bin": zeros for n in range(3 * scale)})
    yield "nested-bomb.epub", zip_of({f"{n}.zip": inner for n in range(3)})
    yield "many-entries.docx", zip_of({f"{n}": b"x" for n in range(20_000)})
    laughing = f'{_LAUGHS}<w:document xmlns:w="x"><w:body>&i;</w:body></w:document>'
    yield "laughs.docx", _replaced(docx_of(p("x")), "word/document.xml", laughing.encode())
    yield "laughs.odt", _replaced(open_document("text", ""), "content.xml", _LAUGHS.encode())
    external = b'<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]><x>&e;</x>'
    yield "external.docx", _replaced(docx_of(p("x")), "word/document.xml", external)
    encrypted = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(500)
    encrypted += "EncryptedPackage".encode("utf-16-le")
    yield "password.docx", encrypted
    yield "password.xlsx", encrypted


def _replaced(archive: bytes, name: str, content: bytes) -> bytes:
    stream = BytesIO()
    with ZipFile(BytesIO(archive)) as old, ZipFile(stream, "w", ZIP_DEFLATED) as new:
        for each in old.namelist():
            new.writestr(each, content if each == name else old.read(each))
    return stream.getvalue()


def _pdfs(scale: int) -> Iterator[tuple[str, bytes]]:
    yield "loop.pdf", _pdf(["<< /Type /Pages /Kids [2 0 R 2 0 R] /Parent 2 0 R /Count 99999 >>"])
    depth = 2000 * scale
    nodes = [f"<< /Type /Pages /Kids [{n + 3} 0 R] /Count 1 >>" for n in range(depth)]
    yield "deep-pages.pdf", _pdf([*nodes, "<< /Type /Page >>"])
    many = ["<< /Type /Pages /Kids [] /Count 0 >>", *["null"] * (100_000 * scale)]
    yield "many-objects.pdf", _pdf(many)
    yield "deep-array.pdf", _pdf(["[" * 100_000 + "]" * 100_000])
    locked = pdf_of([PdfPage(lines_of("Aid"))])
    key = b"/Encrypt << /Filter /Standard /V 1 /R 2 /O (%s) /U (%s) /P -4 >> /ID [(a)(a)] " % (
        b"o" * 32,
        b"u" * 32,
    )
    yield "password.pdf", locked.replace(b"/Root", key + b"/Root")


def _pdf(bodies: list[str]) -> bytes:
    """A PDF with a catalog, and these objects from number 2 on."""
    content, offsets = bytearray(b"%PDF-1.7\n"), []
    for number, body in enumerate(["<< /Type /Catalog /Pages 2 0 R >>", *bodies], 1):
        offsets.append(len(content))
        content += f"{number} 0 obj\n{body}\nendobj\n".encode()
    start, n = len(content), len(offsets) + 1
    content += f"xref\n0 {n}\n0000000000 65535 f \n".encode()
    content += b"".join(b"%010d 00000 n \n" % offset for offset in offsets)
    content += f"trailer << /Size {n} /Root 1 0 R >>\nstartxref\n{start}\n%%EOF\n".encode()
    return bytes(content)


def _nested(scale: int) -> Iterator[tuple[str, bytes]]:
    n = 20_000 * scale
    yield "deep.html", b"<div>" * n + b"deep" + b"</div>" * n
    yield "deep.xhtml", b"<ul><li>" * n + b"deep"
    yield "deep.jsonl", b'{"a":' + b"[" * n + b"]" * n + b"}"
    yield "deep.ipynb", b'{"nbformat": 4, "cells": ' + b"[" * n + b"]" * n + b"}"
    body = "<text:list><text:list-item>" * n + "deep" + "</text:list-item></text:list>" * n
    yield "deep.odt", open_document("text", body)
    yield "deep.docx", docx_of("<w:tbl><w:tr><w:tc>" * n + "</w:tc></w:tr></w:tbl>" * n)
    yield "deep.md", b"> " * n + b"deep"
    yield "deep-lists.md", b"".join(b" " * i + b"- a\n" for i in range(min(n, 1500)))
    parts = b"".join(
        b'Content-Type: multipart/mixed; boundary="%d"\n\n--%d\n' % (i, i) for i in range(n // 10)
    )
    yield "deep.eml", b"Subject: deep\nFrom: a@example.org\n" + parts + b"\ndeep\n"
    yield "deep.py", b"x = " + b"(" * n + b")" * n + b"\n"
    yield "deep.js", b"function f() {\n" * n
    yield "deep.cpp", b"namespace a {\n" * n


def _quadratic(scale: int) -> Iterator[tuple[str, bytes]]:
    n = 20_000 * scale
    yield "open-tags.html", b"<a href=x><b>" * n
    yield "attributes.html", b"<p " + b"".join(b"a%d=1 " % i for i in range(n)) + b">text"
    yield "comments.html", b"<!--" * n + b"text"
    yield "brackets.md", b"[" * n
    yield "links.md", b"[a](" * n
    yield "emphasis.md", b"*a _b " * n
    yield "ticks.md", b"".join(b"`" * (i % 500) + b" " for i in range(n // 20))
    yield "table.md", b"|" * n + b"\n" + b"|-" * n + b"\n" + b"|" * n
    yield "definitions.md", b"".join(b"[a%d]: b\n" % i for i in range(n // 4))
    yield "quotes.csv", b'"' * n
    yield "garbage.c", bytes(random.Random(1).choices(b"(){};<>#\"'/*=ab \n", k=5 * n))
    yield "minified.js", b"var a=1;" * n
    yield "from.mbox", b"From a 10:00\n" * n
    yield "headers.eml", b"Subject: =?utf-8?q?" + b"=41" * n + b"?=\n" + b"To: a@b,\n" * n


def _empty_and_false() -> Iterator[tuple[str, bytes]]:
    yield "empty.pdf", b""
    yield "empty.txt", b" \n"
    yield "two\nlines.txt", b"A name with a line end."
    good = good_files()
    for ending in (".pdf", ".docx", ".xlsx", ".odt", ".epub", ".html", ".eml", ".mbox", ".ipynb"):
        for other in ("good.docx", "good.pdf", "good.txt"):
            if not other.endswith(ending):
                yield f"false-{other[5:]}{ending}", good[other]


def damaged(contents: Mapping[str, bytes], step: int) -> Iterator[tuple[str, bytes]]:
    """Yield each file cut at every `step` percent, and with bytes changed there."""
    for name, content in contents.items():
        for percent in range(step, 100, step):
            at = len(content) * percent // 100
            yield f"cut-{percent}-{name}", content[:at]
            changed = bytearray(content)
            for i in range(at, min(at + 3, len(changed))):
                changed[i] ^= 0x55
            yield f"flip-{percent}-{name}", bytes(changed)


def make_special(folder: Path) -> set[str]:
    """Make a pipe, a socket, a loop of links, a sparse file of 500 MB and a link to a device.

    Return their names.
    """
    os.mkfifo(folder / "pipe.txt")
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(folder / "socket.txt"))
    (folder / "loop.txt").symlink_to("loop.txt")
    (folder / "device.txt").symlink_to("/dev/zero")
    for name in ("large.txt", "large.pdf"):
        with (folder / name).open("wb") as stream:
            stream.truncate(500 << 20)
    return {"pipe.txt", "socket.txt", "loop.txt", "device.txt", "large.txt", "large.pdf"}


def other_files() -> Mapping[str, bytes]:
    """Valid files of further formats, to be damaged."""
    found = {path.name: path.read_bytes() for path in sorted(_OFFICE.glob("*-libreoffice.*"))}
    found["good.mbox"] = mailbox_of([mail_of("Aid", "It came by sea.", None)])
    found["good.epub"] = zip_of(
        {
            "mimetype": b"application/epub+zip",
            "META-INF/container.xml": b'<container><rootfile full-path="a.opf"/></container>',
            "a.opf": b'<package><manifest><item id="a" href="a.xhtml" media-type='
            b'"application/xhtml+xml"/></manifest><spine><itemref idref="a"/></spine></package>',
            "a.xhtml": b"<p>Aid came by sea and by land.</p>",
        }
    )
    found |= {path.name: path.read_bytes() for path in SAMPLES.values()}
    return found
