"""What every loader must do, for each registered loader and a fake one with pages."""

import csv
import json
import subprocess
import sys
from collections.abc import Sequence
from io import BytesIO, StringIO
from pathlib import Path
from zipfile import ZIP_DEFLATED, ZIP_STORED, ZipFile, ZipInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from code_files import CODE_FILES
from command import ROOT
from documents import examples, texts
from index.documents import formats
from index.documents.blocks import Block
from index.documents.formats import FORMATS, MAIL, MAILBOX, MARKDOWN, PLAIN_TEXT, Format
from index.documents.load import FileBytes, blocks_of, document_of, load
from index.documents.loader import Content, LoadOptions, loader_of
from index.errors import BadInput, UnreadableDocument
from index.types import Document
from mail_files import mail_of, mailbox_of
from office_files import OFFICE_FILES
from paged_format import PAGED
from pdf_files import PdfPage, lines_of, pdf_of

ALL = (*FORMATS, PAGED)


def values_of(rows: list[list[str]], delimiter: str) -> str:
    """Rows as the standard library writes them."""
    stream = StringIO(newline="")
    csv.writer(stream, delimiter=delimiter).writerows(rows)
    return stream.getvalue()


def cues_of(captions: list[str], point: str) -> str:
    return "".join(
        f"{n}\n00:00:{9 * n % 50:02}{point}000 --> 00:00:{9 * n % 50 + 2:02}{point}500\n"
        f"{caption}\n\n"
        for n, caption in enumerate(captions, 1)
    )


def notebook_of(cells: list[tuple[str, str]]) -> dict[str, object]:
    return {
        "nbformat": 4,
        "metadata": {"language_info": {"name": "python"}},
        "cells": [
            {"cell_type": kind, "source": source, "outputs": [{"text": [source[:9]]}]}
            for kind, source in cells
        ],
    }


def page_of(markdown: str) -> bytes:
    body = MarkdownIt("commonmark").enable("table").render(markdown)
    return f"<!doctype html>\n<title>Page</title>\n<main>\n{body}</main>\n".encode()


def book_of(chapters: list[bytes]) -> bytes:
    paths = [f"c{n}.xhtml" for n in range(len(chapters))]
    items = "".join(
        f'<item id="{path}" href="{path}" media-type="application/xhtml+xml"/>' for path in paths
    )
    spine = "".join(f'<itemref idref="{path}"/>' for path in paths)
    stream = BytesIO()
    with ZipFile(stream, "w", ZIP_DEFLATED) as archive:
        archive.writestr(ZipInfo("mimetype"), "application/epub+zip", ZIP_STORED)
        archive.writestr(
            ZipInfo("META-INF/container.xml"),
            '<container><rootfile full-path="a.opf"/></container>',
        )
        archive.writestr(
            ZipInfo("a.opf"),
            f"<package><manifest>{items}</manifest><spine>{spine}</spine></package>",
        )
        for path, chapter in zip(paths, chapters, strict=True):
            archive.writestr(ZipInfo(path), chapter, ZIP_DEFLATED)
    return stream.getvalue()


LIGHT_MARKUP = st.lists(
    st.one_of(
        texts(),
        st.sampled_from(
            [
                "Title\n=====",
                "Run::\n\n  code",
                ".. note:: Text",
                "= A",
                "== B",
                "----\ncode",
                "[source]",
                "* Headline :tag:",
                "#+begin_src\ncode",
                ":PROPERTIES:",
                "\\section{A \\& {B}}",
                "\\begin{document}",
                "\\begin{verbatim}\ncode",
                "\\item % comment",
                "|===",
            ]
        ),
    ),
    max_size=8,
).map(lambda parts: "\n".join(parts).encode())

FILES: dict[str, st.SearchStrategy[bytes]] = {
    PLAIN_TEXT: texts(PLAIN_TEXT).map(str.encode),
    MARKDOWN: texts(MARKDOWN).map(str.encode),
    "text/csv": st.lists(st.lists(texts(), max_size=3), max_size=6).map(
        lambda rows: values_of(rows, ",").encode()
    ),
    "text/tab-separated-values": st.lists(st.lists(texts(), max_size=3), max_size=6).map(
        lambda rows: values_of(rows, "\t").encode()
    ),
    "application/jsonl": st.lists(
        st.dictionaries(st.sampled_from(["title", "text", "n"]), st.one_of(texts(), st.integers())),
        max_size=4,
    ).map(lambda records: "\n".join(json.dumps(each) for each in records).encode()),
    "application/x-subrip": st.lists(texts(), max_size=4).map(
        lambda captions: cues_of(captions, ",").encode()
    ),
    "text/vtt": st.lists(texts(), max_size=4).map(
        lambda captions: f"WEBVTT\n\n{cues_of(captions, '.')}".encode()
    ),
    "application/x-ipynb+json": st.lists(
        st.tuples(st.sampled_from(["markdown", "code", "raw"]), texts()), max_size=4
    ).map(lambda cells: json.dumps(notebook_of(cells)).encode()),
    "application/pdf": st.lists(st.lists(texts(), max_size=3), max_size=3).map(
        lambda pages: pdf_of([PdfPage(lines_of(*texts)) for texts in pages])
    ),
    "text/html": texts(MARKDOWN).map(page_of),
    "application/epub+zip": st.lists(texts(MARKDOWN), min_size=1, max_size=3).map(
        lambda chapters: book_of([page_of(each) for each in chapters])
    ),
    **OFFICE_FILES,
    MAIL: st.builds(mail_of, texts(), texts(), st.one_of(st.none(), texts(MARKDOWN))),
    MAILBOX: st.lists(st.builds(mail_of, texts(), texts(), st.none()), max_size=3).map(mailbox_of),
    "text/x-rst": LIGHT_MARKUP,
    "text/asciidoc": LIGHT_MARKUP,
    "text/org": LIGHT_MARKUP,
    "application/x-latex": LIGHT_MARKUP,
    **CODE_FILES,
    PAGED.media_type: st.lists(texts(), max_size=4).map(
        lambda pages: b"PAGED\n" + "\f".join(f"= Page\n\n{page}" for page in pages).encode()
    ),
}
"""Files of each format, as typical programs write them."""

BINARY = {each.media_type: b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR" for each in ALL}
ENCODINGS = st.sampled_from([None, None, None, "cp1252", "utf-16", "shift_jis"])

every_format = pytest.mark.parametrize("format", ALL, ids=lambda each: each.name)

FUZZED = [each for each in ALL if each.notation != "code" or each.name in ("Python", "C", "SQL")]
"""All loaders of source code are one class with another grammar; fuzzing some is enough."""

fuzzed_format = pytest.mark.parametrize("format", FUZZED, ids=lambda each: each.name)


@pytest.fixture(autouse=True)
def _registered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(formats, "FORMATS", ALL)


@st.composite
def broken(draw: st.DrawFn, files: st.SearchStrategy[bytes]) -> bytes:
    """A truncated file, or one with inserted bytes."""
    content = draw(files)
    start = draw(st.integers(0, len(content)))
    end = draw(st.integers(start, len(content)))
    return content[:start] + draw(st.binary(max_size=8)) + content[end:]


def any_bytes(format: Format) -> st.SearchStrategy[bytes]:
    files = FILES[format.media_type]
    return st.one_of(files, broken(files), st.binary(max_size=200))


def loaded(format: Format, content: bytes, options: LoadOptions) -> Content | None:
    """The content that a loader returns for these bytes; None if it refuses them, as it may."""
    try:
        return loader_of(format).load(content, options)
    except UnreadableDocument as refusal:
        kind = refusal.kind
    kinds = {"empty", "binary", "encoding", "damaged", "no-text", "password", "too-large"}
    assert kind in kinds | {"generated"}
    return None


@fuzzed_format
@given(data=st.data())
@examples(60)
def test_the_text_is_canonical(format: Format, data: st.DataObject) -> None:
    content = loaded(format, data.draw(any_bytes(format)), LoadOptions(data.draw(ENCODINGS)))
    if content is None:
        return
    text = content.text
    assert text.strip()
    assert "\r" not in text
    assert not text.startswith("\ufeff")
    assert text.encode().decode() == text  # no surrogates
    assert content.title is None or content.title.strip()


@fuzzed_format
@given(data=st.data())
@examples(60)
def test_blocks_headings_and_pages_are_in_the_text_in_order(
    format: Format, data: st.DataObject
) -> None:
    content = loaded(format, data.draw(any_bytes(format)), LoadOptions())
    if content is None:
        return
    text, left, end = content.text, list(content.text), 0
    for block in content.blocks:
        assert end <= block.span.start < block.span.end <= len(text)
        end = block.span.end
        assert block.span.of(text) == block.span.of(text).strip()
        assert (block.level > 0) == (block.kind == "heading")
        left[block.span.start : end] = " " * (end - block.span.start)
    assert not "".join(left).strip()  # every visible character is in a block
    of_blocks = [(each.span, each.level) for each in content.blocks if each.kind == "heading"]
    own = [heading for heading in content.headings if heading.section_start is None]
    assert [(heading.span, heading.level) for heading in own] == of_blocks
    assert all(heading.text.strip() for heading in content.headings)
    check_signatures(content)
    assert list(content.pages) == sorted(content.pages)
    assert content.pages == () or (content.pages[0] == 0 and content.pages[-1] <= len(text))
    starts = [place.start for place in content.places]
    assert starts == sorted(starts)
    assert all(0 <= start <= len(text) for start in starts)


def check_signatures(content: Content) -> None:
    """A heading that is part of its section is within it, and a block begins with the section."""
    starts = {block.span.start for block in content.blocks}
    end = 0
    for heading in content.headings:
        assert end <= heading.begins <= heading.span.start < heading.span.end
        assert heading.span.of(content.text) == heading.span.of(content.text).strip()
        assert heading.section_start is None or heading.section_start in starts
        end = heading.span.end
    assert end <= len(content.text)


@fuzzed_format
@given(data=st.data())
@examples(25)
def test_equal_bytes_give_equal_contents(format: Format, data: st.DataObject) -> None:
    content, options = data.draw(any_bytes(format)), LoadOptions(data.draw(ENCODINGS))
    once, again = (loaded(format, content, options) for _ in range(2))
    assert values(once) == values(again)


@fuzzed_format
@given(data=st.data())
@examples(25)
def test_the_blocks_of_a_stored_document_are_those_of_the_loaded_one(
    format: Format, data: st.DataObject
) -> None:
    content = data.draw(any_bytes(format))
    if loaded(format, content, LoadOptions()) is None:
        return
    file = FileBytes(Path(f"a{format.extensions[0]}"), format, content, None, "")
    found = load(file, "a", LoadOptions())
    assert found.document.media_type == format.media_type
    assert list(blocks_of(found.document)) == list(found.blocks)


def values(content: Content | None) -> tuple[object, ...]:
    if content is None:
        return ()
    blocks: Sequence[Block] = list(content.blocks)
    rest = (content.text, content.headings, content.title, content.pages, content.places)
    return (*rest, content.metadata, content.warning, blocks)


@every_format
@pytest.mark.parametrize("content", [b"", b" \n\t\r\n "])
def test_a_file_without_a_visible_character_is_empty(format: Format, content: bytes) -> None:
    with pytest.raises(UnreadableDocument) as raised:
        loader_of(format).load(content, LoadOptions())
    assert raised.value.kind == "empty"


@every_format
def test_a_file_of_another_kind_is_refused(format: Format) -> None:
    with pytest.raises(UnreadableDocument) as raised:
        loader_of(format).load(BINARY[format.media_type], LoadOptions())
    assert raised.value.kind in {"binary", "encoding", "damaged"}


def test_no_two_formats_share_a_name_a_media_type_or_an_extension() -> None:
    names = [each.name for each in ALL]
    extensions = [extension for each in ALL for extension in each.extensions]
    for values in (names, extensions, [each.media_type for each in ALL]):
        assert len(set(values)) == len(values)
    assert all(extension == extension.lower() for extension in extensions)
    assert all(extension.startswith(".") for extension in extensions)


def test_the_documentation_lists_every_format() -> None:
    page = (ROOT / "docs/ingest.md").read_text("utf-8")
    for each in FORMATS:
        extensions = ", ".join(f"`{extension}`" for extension in each.extensions)
        assert f"| {each.name} | {extensions} | `{each.media_type}` |" in page


def test_messages_list_formats_by_their_first_extension() -> None:
    assert formats.main_extensions().startswith(".txt, .md, ")
    assert formats.main_extensions("or").endswith(" or .paged")
    assert formats.media_types().endswith("` or `text/x-paged`")


def test_an_unknown_media_type_is_refused_with_the_known_ones() -> None:
    with pytest.raises(BadInput, match=r"unknown media type 'a/b'; choose `text/pl"):
        blocks_of(Document("a", "a", "A", "Text.", media_type="a/b"))
    with pytest.raises(BadInput, match="text/x-paged is not a text format"):
        document_of("Text.", "a", media_type=PAGED.media_type, name="a")


PROGRAM = """
import sys
from pathlib import Path
from index.documents.load import read
assert read(Path(sys.argv[1]), "a").text == "Aid came."
parsers = {"markdown_it", "index.documents.loaders.markdown"} & set(sys.modules)
assert parsers == set(), parsers
"""


def test_a_loader_and_its_library_are_imported_at_the_first_file_of_the_format(
    tmp_path: Path,
) -> None:
    (tmp_path / "a.txt").write_text("Aid came.")
    subprocess.run([sys.executable, "-c", PROGRAM, tmp_path / "a.txt"], cwd=ROOT, check=True)
