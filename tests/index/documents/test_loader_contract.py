"""What every loader promises, held against each registered one and a fake one with pages."""

import csv
import subprocess
import sys
from collections.abc import Sequence
from io import StringIO
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from command import ROOT
from documents import examples, texts
from index.documents import formats
from index.documents.blocks import Block
from index.documents.formats import FORMATS, MARKDOWN, PLAIN_TEXT, Format
from index.documents.load import FileBytes, blocks_of, document_of, load
from index.documents.loader import Content, LoadOptions, loader_of
from index.errors import BadInput, UnreadableDocument
from index.types import Document
from office_files import OFFICE_FILES
from paged_format import PAGED

ALL = (*FORMATS, PAGED)


def values_of(rows: list[list[str]], delimiter: str) -> str:
    """Rows as the standard library writes them."""
    stream = StringIO(newline="")
    csv.writer(stream, delimiter=delimiter).writerows(rows)
    return stream.getvalue()


FILES: dict[str, st.SearchStrategy[bytes]] = {
    PLAIN_TEXT: texts(PLAIN_TEXT).map(str.encode),
    MARKDOWN: texts(MARKDOWN).map(str.encode),
    "text/csv": st.lists(st.lists(texts(), max_size=3), max_size=6).map(
        lambda rows: values_of(rows, ",").encode()
    ),
    "text/tab-separated-values": st.lists(st.lists(texts(), max_size=3), max_size=6).map(
        lambda rows: values_of(rows, "\t").encode()
    ),
    **OFFICE_FILES,
    PAGED.media_type: st.lists(texts(), max_size=4).map(
        lambda pages: b"PAGED\n" + "\f".join(f"= Page\n\n{page}" for page in pages).encode()
    ),
}
"""Files of each format, as programs write them."""

BINARY = {each.media_type: b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR" for each in ALL}
ENCODINGS = st.sampled_from([None, None, None, "cp1252", "utf-16", "shift_jis"])

every_format = pytest.mark.parametrize("format", ALL, ids=lambda each: each.name)


@pytest.fixture(autouse=True)
def _registered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(formats, "FORMATS", ALL)


@st.composite
def broken(draw: st.DrawFn, files: st.SearchStrategy[bytes]) -> bytes:
    """A file that was cut, or into which bytes were written."""
    content = draw(files)
    start = draw(st.integers(0, len(content)))
    end = draw(st.integers(start, len(content)))
    return content[:start] + draw(st.binary(max_size=8)) + content[end:]


def any_bytes(format: Format) -> st.SearchStrategy[bytes]:
    files = FILES[format.media_type]
    return st.one_of(files, broken(files), st.binary(max_size=200))


def loaded(format: Format, content: bytes, options: LoadOptions) -> Content | None:
    """What a loader makes of these bytes; None if it refuses them, as it may."""
    try:
        return loader_of(format).load(content, options)
    except UnreadableDocument as refusal:
        kind = refusal.kind
    assert kind in {"empty", "binary", "encoding", "damaged", "password", "too-large"}
    return None


@every_format
@given(data=st.data())
@examples(150)
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


@every_format
@given(data=st.data())
@examples(150)
def test_blocks_headings_and_pages_lie_in_the_text_in_order(
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
    assert not "".join(left).strip()  # no visible character is in no block
    of_blocks = [(each.span, each.level) for each in content.blocks if each.kind == "heading"]
    assert [(heading.span, heading.level) for heading in content.headings] == of_blocks
    assert all(heading.text.strip() for heading in content.headings)
    assert list(content.pages) == sorted(content.pages)
    assert content.pages == () or (content.pages[0] == 0 and content.pages[-1] <= len(text))
    starts = [place.start for place in content.places]
    assert starts == sorted(starts)
    assert all(0 <= start <= len(text) for start in starts)


@every_format
@given(data=st.data())
@examples(60)
def test_equal_bytes_give_equal_contents(format: Format, data: st.DataObject) -> None:
    content, options = data.draw(any_bytes(format)), LoadOptions(data.draw(ENCODINGS))
    once, again = (loaded(format, content, options) for _ in range(2))
    assert values(once) == values(again)


@every_format
@given(data=st.data())
@examples(60)
def test_the_blocks_of_what_is_stored_are_those_that_were_loaded(
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


def test_the_documentation_names_every_format() -> None:
    page = (ROOT / "docs/ingest.md").read_text("utf-8")
    for each in FORMATS:
        extensions = ", ".join(f"`{extension}`" for extension in each.extensions)
        assert f"| {each.name} | {extensions} | `{each.media_type}` |" in page


def test_messages_name_formats_by_their_first_extension() -> None:
    assert formats.main_extensions().startswith(".txt, .md, ")
    assert formats.main_extensions("or").endswith(" or .paged")
    assert formats.media_types().endswith("` or `text/x-paged`")


def test_a_media_type_of_no_format_is_refused_with_those_that_are_read() -> None:
    with pytest.raises(BadInput, match=r"no format has the media type 'a/b'; there are `text/pl"):
        blocks_of(Document("a", "a", "A", "Text.", media_type="a/b"))
    with pytest.raises(BadInput, match="text/x-paged is not a format of text"):
        document_of("Text.", "a", media_type=PAGED.media_type, name="a")


PROGRAM = """
import sys
from pathlib import Path
from index.documents.load import read
assert read(Path(sys.argv[1]), "a").text == "Aid came."
parsers = {"markdown_it", "index.documents.loaders.markdown"} & set(sys.modules)
assert parsers == set(), parsers
"""


def test_a_loader_and_its_library_are_imported_when_their_format_is_met(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("Aid came.")
    subprocess.run([sys.executable, "-c", PROGRAM, tmp_path / "a.txt"], cwd=ROOT, check=True)
