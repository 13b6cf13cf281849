"""Files in any encoding become canonical text; other files are refused with the reason."""

import os
from hashlib import sha256
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from documents import documents, examples
from index.documents.formats import MARKDOWN
from index.documents.load import MAX_FILE_BYTES, document_of, read
from index.documents.text_loader import decode
from index.errors import BadInput, UnreadableDocument
from index.ingest.files import find
from index.types import Document, Span

FRENCH = "L’été où Zoë naquit, on mangea des œufs à la crème brûlée, dit-elle — « déjà ! »\n"
RUSSIAN = (
    "Министерство сообщило, что урожай в двух провинциях погиб, а границы остаются закрытыми. "
    "Губернатор отрицал это и уехал в столицу, где его никто не ждал.\n"
)
SPANISH = (
    "El ministro anunció que la cosecha había fracasado en dos provincias; mañana habrá más "
    "información.\n"
)
POLISH = (
    "Minister ogłosił, że zbiory w dwóch województwach przepadły, a granice są zamknięte. "
    "Wojewoda zaprzeczył temu i wyjechał do stolicy, gdzie nikt na niego nie czekał.\n"
)
JAPANESE = "農林水産省は月曜日、二つの県で収穫が失敗したと発表した。知事はそれを否定した。\n"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-32"])
@given(text=st.text(st.characters(exclude_categories=["Cs", "Cc"], exclude_characters="\ufeff")))
@examples(50)
def test_text_with_a_byte_order_mark_or_in_utf_8_is_read_unchanged(
    encoding: str, text: str
) -> None:
    assert decode(text.encode(encoding)) == text


@pytest.mark.parametrize(
    ("encoding", "mark"),
    [("utf-16-le", b"\xff\xfe"), ("utf-16-be", b"\xfe\xff"), ("utf-32-be", b"\0\0\xfe\xff")],
)
def test_both_byte_orders_are_read(encoding: str, mark: bytes) -> None:
    assert decode(mark + FRENCH.encode(encoding)) == FRENCH


@pytest.mark.parametrize(
    ("text", "encoding"),
    [
        (FRENCH, "cp1252"),
        (FRENCH * 20, "cp1252"),
        (SPANISH, "cp1252"),
        (POLISH, "cp1250"),
        (RUSSIAN * 5, "cp1251"),
        (JAPANESE * 5, "shift_jis"),
    ],
)
def test_an_older_encoding_is_recognized_from_the_bytes(text: str, encoding: str) -> None:
    assert decode(text.encode(encoding)) == text


@pytest.mark.parametrize("before", ["", "x", "plain words\n" * 25_000])
def test_the_encoding_of_a_large_file_is_recognized_from_its_later_part(before: str) -> None:
    text = before + FRENCH + "plain words\n" * 25_000 + FRENCH
    assert decode(text.encode("cp1252")) == text
    text = before + JAPANESE * 3000  # its characters cross any fixed byte boundary
    assert decode(text.encode("shift_jis")) == text


def test_latin_1_is_recognized_from_a_few_words() -> None:
    text = "Le café de la gare était fermé après la fête de Noël."
    assert decode(text.encode("latin-1")) == text


def test_every_line_end_becomes_a_newline_and_nothing_else_changes() -> None:
    assert decode(b"a\r\nb\rc\n\r\n\n d \t") == "a\nb\nc\n\n\n d \t"
    odd = "e\u0301 \u00a0 \u2028 \x85 \u200b \x0c ﬁ " + "words " * 20
    assert decode(odd.encode()) == odd


PNG = bytes.fromhex("89504e470d0a1a0a0000000d49484452000000010000000108060000001f15c4890000")


@pytest.mark.parametrize(
    "content",
    [PNG, b"text\0text", b"\xff\xfea", b"\xff\xfea\0\0\0", b"\x01\x02\x03 text", bytes(range(256))],
)
def test_binary_is_not_text(content: bytes) -> None:
    with pytest.raises(UnreadableDocument, match="binary"):
        decode(content)


@pytest.mark.parametrize("content", [b"", b" \n\t\r\n ", b"\xef\xbb\xbf", "\u2003\u00a0".encode()])
def test_a_file_without_a_visible_character_is_empty(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "a.txt").write_bytes(content)
    with pytest.raises(UnreadableDocument, match="empty"):
        read(tmp_path / "a.txt", "a.txt")


def test_a_file_over_the_limit_is_not_read(tmp_path: Path) -> None:
    with (tmp_path / "a.txt").open("wb") as stream:
        stream.truncate(MAX_FILE_BYTES + 1)  # sparse: it uses no disk space
    with pytest.raises(UnreadableDocument, match="too large: 32 MiB; the limit is 32 MiB"):
        read(tmp_path / "a.txt", "a.txt")


def test_a_special_file_or_an_unknown_type_is_refused(tmp_path: Path) -> None:
    (tmp_path / "folder.txt").mkdir()
    os.mkfifo(tmp_path / "pipe.txt")
    for name in ("folder.txt", "pipe.txt"):
        with pytest.raises(UnreadableDocument, match="not a regular file"):
            read(tmp_path / name, name)
    with pytest.raises(UnreadableDocument, match="cannot be read: No such file"):
        read(tmp_path / "missing.md", "missing.md")
    (tmp_path / "a.bin").write_text("text")
    with pytest.raises(UnreadableDocument, match=r"not a supported type \(\.txt, \.md, "):
        read(tmp_path / "a.bin", "a.bin")


def test_an_unreadable_file_is_refused(tmp_path: Path) -> None:
    # Linux refuses to read this one, even to root.
    (tmp_path / "a.txt").symlink_to("/proc/self/mem")
    with pytest.raises(UnreadableDocument, match="cannot be read: Input/output error"):
        read(tmp_path / "a.txt", "a.txt")


def test_a_document_has_its_type_title_and_source(tmp_path: Path) -> None:
    (tmp_path / "a.MD").write_bytes(b"\xef\xbb\xbfIntro.\r\n\r\n# The *Title*\r\n")
    (tmp_path / "b.text").write_text("no heading here, just words.\n")
    marked, plain = read(tmp_path / "a.MD", "x/a.MD"), read(tmp_path / "b.text", "b")
    assert (marked.doc_id, marked.source, marked.media_type) == (
        "x/a.MD",
        "x/a.MD",
        "text/markdown",
    )
    assert (marked.title, marked.text) == ("The Title", "Intro.\n\n# The *Title*\n")
    assert (plain.title, plain.media_type) == ("b", "text/plain")
    assert plain.sha256 == sha256((tmp_path / "b.text").read_bytes()).hexdigest()


def shown(folder: Path, found: list[Path]) -> list[str]:
    return [path.relative_to(folder.resolve()).as_posix() for path in found]


def test_find_returns_each_readable_file_once_and_omits_hidden_files(tmp_path: Path) -> None:
    for name in ("b.txt", "a.md", "sub/c.TXT", "sub/d.bin", ".e.txt", ".git/f.txt",
                 "index/g.txt", "sub/h.markdown", "i"):  # fmt: skip
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("words")
    (tmp_path / "link.txt").symlink_to(tmp_path / "b.txt")
    paths = [tmp_path, tmp_path / "sub", tmp_path / "sub" / ".." / "b.txt"]
    found = find(paths, avoid=tmp_path / "index")
    assert shown(tmp_path, found.paths) == [
        "a.md",
        "b.txt",
        "sub/c.TXT",
        "sub/h.markdown",
    ]
    left_out = [(Path(each.path).name, each.kind) for each in found.left_out]
    assert sorted(left_out) == [("d.bin", "other-type"), ("i", "other-type")]
    assert found.skipped == []


def test_a_given_file_is_found_even_if_it_is_hidden_or_of_another_type(tmp_path: Path) -> None:
    for name in (".a.txt", "b.pdf"):
        (tmp_path / name).write_text("words")
    found = find([tmp_path / ".a.txt", tmp_path / "b.pdf"], avoid=tmp_path / "index")
    assert shown(tmp_path, found.paths) == [".a.txt", "b.pdf"]
    assert (found.skipped, found.left_out) == ([], [])


def test_a_missing_path_is_reported_as_given(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match=r"no file or folder at no/such; check"):
        find([tmp_path, Path("no/such")], avoid=tmp_path / "index")


def lines_by_splitting(text: str, span: Span) -> tuple[int, int]:
    """First and last line of a span that is not empty, computed slowly."""
    before, inside = text[: span.start], text[span.start : span.end]
    first = len(before.split("\n"))
    return first, first + len(inside[:-1].split("\n")) - 1


@given(document=documents(), data=st.data())
@examples(100)
def test_lines_equal_those_counted_by_splitting(document: Document, data: st.DataObject) -> None:
    start = data.draw(st.integers(0, len(document.text) - 1))
    end = data.draw(st.integers(start + 1, len(document.text)))
    line_ends = [i for i, character in enumerate(document.text) if character == "\n"]
    for span in [Span(start, end), *(Span(i, i + 1) for i in line_ends)]:
        assert document.lines_of(span) == lines_by_splitting(document.text, span)


def test_lines_pages_and_headings_equal_values_worked_by_hand() -> None:
    text = "# A\none\n## B\ntwo\n# C\nthree\n"
    document = document_of(text, "d", media_type="text/markdown", name="d")
    assert document.lines_of(Span(0, 1)) == (1, 1)
    assert document.lines_of(Span(0, 4)) == (1, 1)  # the newline belongs to the line before it
    assert document.lines_of(Span(0, 5)) == (1, 2)
    assert document.lines_of(Span(3, 5)) == (1, 2)
    assert document.lines_of(Span(4, 4)) == (2, 2)
    assert document.lines_of(Span(4, len(text))) == (2, 6)
    two = text.index("two")
    assert document.headings_of(Span(two, two + 3)) == ("A", "B")
    assert document.headings_of(Span(0, 1)) == ("A",)
    assert document.headings_of(Span(two, len(text))) == ("C",)
    assert document.pages_of(Span(0, 5)) == (None, None)
    paged = Document("d", "d", "d", text, pages=(0, 8, 8, 17))  # the second page is empty
    assert paged.pages_of(Span(0, 8)) == (1, 1)
    assert paged.pages_of(Span(7, 9)) == (1, 3)
    assert paged.pages_of(Span(17, 18)) == (4, 4)


def test_text_before_the_first_heading_has_no_heading() -> None:
    document = document_of("words\n\n# A\n", "d", media_type="text/markdown", name="d")
    assert document.headings_of(Span(0, 5)) == ()


def test_a_heading_in_a_quotation_starts_no_section() -> None:
    text = "# A\n\n> # quoted\n>\n> words\n\nmore\n"
    document = document_of(text, "d", media_type="text/markdown", name="d")
    assert document.headings_of(Span(0, len(text))) == ("A",)


def test_a_markdown_heading_is_its_rendered_text() -> None:
    text = "## A *b* `c` [d](e) &amp; #\n\ntext\n\nTwo\nlines\n===\n\n"
    document = document_of(text, "d", media_type="text/markdown", name="d")
    found = [(h.level, h.text, h.span.of(text)) for h in document.headings]
    assert found == [
        (2, "A b c d &", "## A *b* `c` [d](e) &amp; #"),
        (1, "Two lines", "Two\nlines\n==="),
    ]
    assert document.title == "Two lines"


def test_a_file_with_very_many_headings_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("index.documents.text_loader.MAX_HEADINGS", 3)
    text = "# a\n\nAid came.\n\n"
    assert len(document_of(3 * text, "a", media_type=MARKDOWN, name="a").headings) == 3
    with pytest.raises(UnreadableDocument, match="more than 3 headings; split the file"):
        document_of(4 * text, "a", media_type=MARKDOWN, name="a")
