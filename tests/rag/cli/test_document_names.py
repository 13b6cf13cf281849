"""A name selects the documents that a user means by it, and no others."""

from pathlib import Path

import pytest

from fakes import HashEmbedder
from index.errors import BadInput
from index.ingest.ingest import ingest_documents
from index.types import Document
from ingesting import run, write
from rag.cli.document_names import documents_in, filter_of, find_all_named, find_named
from rag.pipeline import Pipeline
from rag.results import MAX_PATTERN_CHARACTERS

NAMES = ("a.txt", "a1.txt", "a[1].txt", "notes/a.txt", "notes/deep/b.md", "what?.txt")


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working directory whose docs/ has files with these NAMES, all ingested."""
    for name in NAMES:
        write(tmp_path / "docs" / name, f"The river and {name}.")
    monkeypatch.chdir(tmp_path)
    run()
    return tmp_path


def named(name: str) -> list[str]:
    return [row.doc_id for row in find_named(documents_in(Path(".rag")), name).rows]


@pytest.mark.parametrize(
    ("name", "doc_ids"),
    [
        ("docs/a.txt", ["docs/a.txt"]),
        ("docs/a[1].txt", ["docs/a[1].txt"]),  # the id; as a pattern it is docs/a1.txt
        ("docs/what?.txt", ["docs/what?.txt"]),
        ("docs/a?.txt", ["docs/a1.txt"]),
        ("docs/notes/*", ["docs/notes/a.txt", "docs/notes/deep/b.md"]),
        ("./docs/a.txt", ["docs/a.txt"]),
        ("docs/../docs/notes/a.txt", ["docs/notes/a.txt"]),
        ("./docs/a[1].txt", ["docs/a[1].txt"]),
        ("b.md", ["docs/notes/deep/b.md"]),
        ("a[1].txt", ["docs/a[1].txt"]),
    ],
)
def test_a_name_is_an_id_or_else_a_pattern_a_path_or_a_base_name(
    name: str, doc_ids: list[str]
) -> None:
    assert named(name) == doc_ids


def test_a_path_is_recognized_in_any_form_and_from_any_directory(
    here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (here / "elsewhere").mkdir()
    (here / "link.txt").symlink_to("docs/a1.txt")
    monkeypatch.chdir(here / "elsewhere")
    rows = documents_in(here / ".rag")
    for name in (str(here / "docs/a1.txt"), "../docs/a1.txt", "../link.txt"):
        assert [row.doc_id for row in find_named(rows, name).rows] == ["docs/a1.txt"]


def test_a_path_is_recognized_after_its_folder_was_moved_with_the_index(
    here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    moved = here.rename(here.with_name(f"{here.name}-moved"))
    monkeypatch.chdir(moved)
    assert named("./docs/a1.txt") == ["docs/a1.txt"]


def test_a_document_without_a_file_has_the_base_name_of_its_id() -> None:
    ingest_documents(Path(".rag"), [Document("set/q7", "s", "T", "Seven.")], HashEmbedder())
    assert named("q7") == ["set/q7"]


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("b.txt", "no document 'b.txt'; `rag list` lists"),
        ("docs", "'docs' is a folder"),
        ("*.pdf", r"no document '\*.pdf'"),
        ("", "no document ''"),
        ("a\0", r"no document 'a\\x00'"),
        (
            "a.txt",
            "'a.txt' matches several documents: docs/a.txt, docs/notes/a.txt; choose one by its id",
        ),
    ],
)
def test_a_name_of_no_document_or_of_several_is_refused(name: str, message: str) -> None:
    rows = documents_in(Path(".rag"))
    with pytest.raises(BadInput, match=message):
        find_named(rows, name)
    with pytest.raises(BadInput, match=message):
        find_all_named(rows, ["docs/a.txt", name])
    with pytest.raises(BadInput, match=message):
        filter_of(Path(".rag"), [name])


def test_several_names_give_each_document_once_in_order_of_ids() -> None:
    rows = find_all_named(documents_in(Path(".rag")), ["b.md", "docs/notes/*", "./docs/a.txt"])
    assert [row.doc_id for row in rows] == [
        "docs/a.txt",
        "docs/notes/a.txt",
        "docs/notes/deep/b.md",
    ]


@pytest.mark.parametrize("name", ["docs/a[1].txt", "./docs/a[1].txt", "docs/notes/*", "b.md"])
def test_a_filter_returns_only_the_named_documents(name: str) -> None:
    pipeline = Pipeline.over(Path(".rag"), HashEmbedder())
    found = pipeline.search("river", 100, filter_of(Path(".rag"), [name])).passages
    assert sorted(passage.citation.doc_id for passage in found) == named(name)
    pipeline.close()


def test_more_names_than_a_filter_allows_are_refused() -> None:
    with pytest.raises(BadInput, match="at most 1000 items"):
        filter_of(Path(".rag"), ["docs/a.txt"] * 1001)


def test_base_names_whose_ids_are_too_long_for_a_filter_are_refused() -> None:
    name = f"a[1]{'b' * 40}.txt"
    write(Path("docs") / Path(*["folder" * 8] * 4) / name, "The river.")
    run()
    n = MAX_PATTERN_CHARACTERS // 100
    assert len(name) * n < MAX_PATTERN_CHARACTERS
    with pytest.raises(BadInput, match="patterns should have at most"):
        filter_of(Path(".rag"), [name] * n)


@pytest.mark.parametrize("name", ["docs/notes", "docs/notes/"])
def test_a_folder_is_refused_with_the_pattern_of_its_documents(name: str) -> None:
    with pytest.raises(
        BadInput, match="is a folder; choose its documents with a pattern"
    ) as caught:
        named(name)
    pattern = str(caught.value).split("'")[-2]
    assert named(pattern) == ["docs/notes/a.txt", "docs/notes/deep/b.md"]
