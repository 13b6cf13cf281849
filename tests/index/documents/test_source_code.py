"""Source code is read as functions and classes, each with the comment that is about it."""

import ast
from pathlib import Path

import pytest

from code_files import FOLDER, SAMPLES
from command import ROOT
from fakes import HashEmbedder
from index.documents.chunk import chunk
from index.documents.content_codec import content_of, message_of
from index.documents.formats import FORMATS
from index.documents.load import blocks_of, read
from index.documents.loader import Content, LoadOptions, loader_of_media_type
from index.errors import UnreadableDocument
from index.fingerprint import ChunkSettings
from index.ingest.ingest import ingest
from index.protocols import Embedder
from index.types import Document, Heading

HEADINGS = {
    "downloads.py": "retry_download Cache Cache/find Cache/limit",
    "downloads.js": "retryDownload Cache Cache/find drop module.exports",
    "downloads.ts": "Store retryDownload Cache Cache/find Url drop",
    "panel.tsx": "Panel Page",
    "Downloads.java": "Downloads Downloads/retryDownload Downloads/Store Downloads/Store/find",
    "downloads.c": "cache retry_download drop LARGER",
    "downloads.cpp": "net net/Cache net/Cache/find net/retry_download net::Cache<int>::find",
    "Downloads.cs": "Example Example/Downloads Example/Downloads/RetryDownload",
    "downloads.go": "Cache Cache.Find RetryDownload",
    "downloads.rs": "Cache impl_Cache impl_Cache/find retry_download",
    "downloads.rb": "Downloads Downloads/Cache Downloads/Cache/find Downloads/retry_download",
    "downloads.php": "Cache Cache/find retry_download",
    "downloads.sh": "retry_download",
    "downloads.sql": "downloads failed",
    "Downloads.kt": "Cache Cache/find retryDownload",
    "Downloads.swift": "Cache Cache/init Cache/find retryDownload",
}
"""The names in each sample, below those that they are in; of code after them, only names."""

PYTHON = sorted((ROOT / "index" / "documents").glob("*.py"))


def paths_in(document: Document) -> list[str]:
    named = (document.headings_of(heading.span) for heading in document.headings)
    return ["/".join(path).replace(" ", "_") for path in named]


def loaded(source: str, media_type: str = "text/x-python") -> Content:
    return loader_of_media_type(media_type).load(source.encode(), LoadOptions())


def section_of(document: Document, name: str) -> str:
    (heading,) = (each for each in document.headings if each.text == name)
    return document.section_at(heading.begins + 1).of(document.text)


def test_every_language_has_a_sample() -> None:
    assert SAMPLES.keys() == {each.media_type for each in FORMATS if each.notation == "code"}
    assert {path.name for path in SAMPLES.values()} == HEADINGS.keys()


@pytest.mark.parametrize("name", HEADINGS)
def test_the_headings_are_the_names_of_the_definitions(name: str) -> None:
    found = paths_in(read(FOLDER / name, name))
    wanted = HEADINGS[name].split()
    statements = [path for path in found if path not in wanted]
    assert [path for path in found if path in wanted] == wanted
    assert all(not path.replace("_", "a").isalnum() for path in statements)


@pytest.mark.parametrize("path", PYTHON, ids=lambda path: path.name)
def test_the_definitions_are_those_that_python_finds(path: Path) -> None:
    document = read(path, path.name)
    wanted = set(_definitions(ast.parse(document.text), ()))
    lines = {(heading.text, document.lines_of(heading.span)[0]) for heading in document.headings}
    assert wanted <= lines
    others = {text for text, line in lines - wanted}
    assert all("=" in document.text and not text.startswith(("def ", "class ")) for text in others)


def _definitions(tree: ast.AST, above: tuple[str, ...]) -> list[tuple[str, int]]:
    found = []
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            found.append((node.name, node.lineno))
            if isinstance(node, ast.ClassDef):
                found += _definitions(node, (*above, node.name))
    return found


def test_the_comment_above_a_definition_belongs_to_it() -> None:
    for name, comment in (
        ("downloads.go", "// RetryDownload returns the content of a URL."),
        ("downloads.rs", "/// Returns the content of a URL."),
        ("downloads.c", "/* Return the content of a URL, or NULL. */"),
        ("downloads.py", "# Only the server's own errors are worth another try."),
    ):
        document = read(FOLDER / name, name)
        heading = next(h for h in document.headings if h.text.lower().startswith("retry"))
        assert section_of(document, heading.text).startswith(comment)


def test_code_after_a_class_is_not_in_its_last_method() -> None:
    document = read(FOLDER / "downloads.py", "downloads.py")
    assert "limit" not in section_of(document, "find")
    end = document.text.index("print(")
    assert [heading.text for heading in document.heading_path(end)] == [
        'if __name__ == "__main__":'
    ]


def test_a_file_with_a_syntax_error_keeps_its_text_and_the_functions_around_it() -> None:
    source = (
        "def one():\n    return 1\n\n\ndef two(:\n    return )\n\n\ndef three():\n    return 3\n"
    )
    content = loaded(source)
    assert content.text == source
    assert {"one", "three"} <= {heading.text for heading in content.headings}


def test_text_without_a_definition_is_read_as_lines() -> None:
    content = loaded("alpha beta\ngamma = = 1\n\n}}}\n")
    assert content.headings == ()
    assert [block.span.of(content.text) for block in content.blocks] == [
        "alpha beta\ngamma = = 1",
        "}}}",
    ]


@pytest.mark.parametrize("path", PYTHON[:8], ids=lambda path: path.name)
def test_no_chunk_ends_within_a_function_that_fits(path: Path, embedder: Embedder) -> None:
    document = read(path, path.name)
    tokenizer, settings = embedder.tokenizer, ChunkSettings.of(embedder.fingerprint)
    chunks = chunk(document, blocks_of(document), tokenizer, settings)
    for heading in document.headings:
        span = document.section_at(heading.begins + 1)
        text = span.of(document.text).rstrip()
        n_tokens = len(tokenizer.offsets(text))
        if n_tokens < settings.limit * 0.95 and len(text) < settings.limit * 7:
            inside = [each for each in chunks if each.span.overlaps(span)]
            assert len(inside) == 1, text


@pytest.mark.parametrize(
    ("source", "reason"),
    [
        ("var a=1;" * 3000, "minified: a line has 24,000 characters"),
        ("// Code generated by stringer; DO NOT EDIT.\nint a;\n", "Code generated by stringer"),
        ("/* @generated by a tool */\nint a;\n", "@generated by a tool"),
        ("// <auto-generated/>\nint a;\n", "auto-generated"),
    ],
)
def test_code_that_nobody_wrote_is_left_out_with_the_reason(source: str, reason: str) -> None:
    with pytest.raises(UnreadableDocument, match=reason) as raised:
        loaded(source, "text/javascript")
    assert raised.value.kind == "generated"


def test_code_about_generated_files_is_read() -> None:
    source = '"""Write files.\n\nThey begin with `Code generated`; do not edit them.\n"""\n'
    assert loaded(source).text == source


def test_headings_are_the_same_after_they_passed_between_processes() -> None:
    content = read_content("downloads.py")
    header, payload = message_of(content)
    assert content_of(header, b"".join(payload)).headings == content.headings
    assert all(Heading.from_row(each.as_row()) == each for each in content.headings)


def read_content(name: str) -> Content:
    return loaded((FOLDER / name).read_text("utf-8"))


def test_the_words_of_a_name_in_camel_case_are_searched() -> None:
    document = read(FOLDER / "Downloads.java", "Downloads.java")
    span = next(each.span for each in document.headings if each.text == "retryDownload")
    assert document.context_of(span) == (
        "Downloads",
        "Downloads",
        "retryDownload",
        "retry Download",
    )


def test_an_ingest_leaves_out_generated_code_without_a_fault(tmp_path: Path) -> None:
    files = tmp_path / "files"
    files.mkdir()
    (files / "a.py").write_text("def one():\n    return 1\n")
    (files / "a.min.js").write_text("var a=1;" * 3000)
    report = ingest(tmp_path / "index", [files], HashEmbedder)
    assert [Path(doc_id).name for doc_id in report.added] == ["a.py"]
    assert (report.skipped, [each.kind for each in report.left_out]) == ([], ["generated"])
