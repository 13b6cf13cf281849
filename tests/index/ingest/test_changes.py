"""A file is opened only if it may have changed, read once, and loaded only if its bytes differ."""

import os
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from damaging import spoil
from fakes import HashEmbedder
from index.documents import formats
from index.documents.formats import FORMATS
from index.ingest.ingest import ingest, rebuild
from index.ingest.progress import Progress, Report
from index.publish.snapshot import EmbeddedSnapshot
from index.store.store import Store
from index.types import Span
from ingesting import Interrupted, run, texts_in, write
from paged_format import PAGED, PagedLoader

_opened: list[str] | None = None


def _note_open(event: str, arguments: Sequence[object]) -> None:
    if event == "open" and _opened is not None:
        _opened.append(str(arguments[0]))


sys.addaudithook(_note_open)


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working directory with docs/a.txt, docs/b.paged and docs/c.md."""
    write(tmp_path / "docs/a.txt", "Aid came.")
    write(tmp_path / "docs/b.paged", "PAGED\n= Grain\n\nIt rotted.\fThe river rose.")
    write(tmp_path / "docs/c.md", "# Mill\n\nIt stands.")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(formats, "FORMATS", (*FORMATS, PAGED))
    return tmp_path


@pytest.fixture
def settled(monkeypatch: pytest.MonkeyPatch) -> None:
    """Times of change are trusted, however recent."""
    monkeypatch.setattr("index.documents.load._SETTLED_NS", -(10**18))


@pytest.fixture
def counted(here: Path) -> Path:
    PagedLoader.n_loaded = PagedLoader.n_asked_for_blocks = 0
    return here


def opened_by(
    *paths: str, encoding: str | None = None, embedder: HashEmbedder | None = None
) -> tuple[list[str], Report]:
    """The documents that an ingest opens, once for each opening."""
    global _opened
    _opened = []
    try:
        report, _ = run(*paths, encoding=encoding, embedder=embedder)
        docs = str(Path(paths[0] if paths else "docs").resolve())
        return sorted(name[len(docs) + 1 :] for name in _opened if name.startswith(docs)), report
    finally:
        _opened = None


def test_a_new_or_changed_file_is_read_once_and_parsed_once(counted: Path) -> None:
    names, report = opened_by()
    assert names == ["a.txt", "b.paged", "c.md"]
    assert len(report.added) == 3
    assert (PagedLoader.n_loaded, PagedLoader.n_asked_for_blocks) == (1, 0)
    write(counted / "docs/b.paged", "PAGED\nThe river fell.")
    names, report = opened_by()
    assert names.count("b.paged") == 1
    assert report.updated == ["docs/b.paged"]
    assert (PagedLoader.n_loaded, PagedLoader.n_asked_for_blocks) == (2, 0)


@pytest.mark.usefixtures("here", "settled")
def test_an_unchanged_file_is_not_opened() -> None:
    run()
    names, report = opened_by()
    assert names == []
    assert report.unchanged == ["docs/a.txt", "docs/b.paged", "docs/c.md"]


@pytest.mark.usefixtures("counted")
def test_a_file_that_changed_just_before_it_was_read_is_read_again_and_not_loaded() -> None:
    run()
    names, report = opened_by()
    assert names == ["a.txt", "b.paged", "c.md"]
    assert len(report.unchanged) == 3
    assert PagedLoader.n_loaded == 1


@pytest.mark.usefixtures("settled")
def test_a_modification_time_set_to_the_past_hides_no_change(here: Path) -> None:
    run()
    path = here / "docs/a.txt"
    before = path.stat()
    path.write_text("Aid went.")
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert run()[0].updated == ["docs/a.txt"]


@pytest.mark.usefixtures("settled")
def test_a_touched_file_is_read_once_and_makes_no_generation(counted: Path) -> None:
    generation = run()[0].generation
    os.utime(counted / "docs/b.paged", (0, 0))
    names, report = opened_by()
    assert (names, report.generation) == (["b.paged"], generation)
    assert report.unchanged == ["docs/a.txt", "docs/b.paged", "docs/c.md"]
    assert PagedLoader.n_loaded == 1
    assert opened_by()[0] == []


@pytest.mark.usefixtures("settled")
def test_a_moved_folder_is_read_and_not_loaded(
    counted: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run()
    monkeypatch.chdir(counted.rename(counted.with_name(f"{counted.name}-moved")))
    names, report = opened_by()
    assert (len(names), len(report.unchanged), PagedLoader.n_loaded) == (3, 3, 1)
    assert opened_by()[0] == []


@pytest.mark.usefixtures("settled")
def test_a_doubt_about_an_unchanged_file_is_reported_without_opening_it(here: Path) -> None:
    (here / "docs/a.txt").write_bytes("Un café.\n".encode("cp1252"))
    first = run()[0].doubts
    names, report = opened_by()
    assert names == []
    assert report.doubts == first
    assert [each.encoding for each in first] == ["cp1252"]


@pytest.mark.usefixtures("here", "settled")
def test_a_file_whose_stored_text_is_damaged_is_stored_again() -> None:
    run()
    spoil(Path(".rag"), "UPDATE documents SET text = 'Aid left.' WHERE doc_id = 'docs/a.txt'")
    names, report = opened_by()
    assert (names, report.updated) == (["a.txt"], ["docs/a.txt"])
    assert texts_in()["docs/a.txt"] == "Aid came."


@pytest.mark.usefixtures("settled")
def test_another_given_encoding_causes_a_file_to_be_loaded_again(here: Path) -> None:
    (here / "docs/a.txt").write_bytes("Größe".encode("cp1252"))
    run()
    assert opened_by(encoding="cp437")[1].updated == ["docs/a.txt"]
    assert texts_in()["docs/a.txt"] == "Gr÷▀e"
    names, report = opened_by()  # the name is remembered
    assert ("a.txt" in names, report.updated) == (True, [])
    assert opened_by()[0] == []
    assert opened_by(encoding="auto")[1].updated == ["docs/a.txt"]
    assert texts_in()["docs/a.txt"] == "Größe"


@pytest.mark.usefixtures("settled")
def test_another_version_of_a_loader_causes_its_files_to_be_loaded_again(
    counted: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run()
    monkeypatch.setattr(formats, "FORMATS", (*FORMATS, replace(PAGED, version=2)))
    names, report = opened_by()
    assert (names, report.updated) == (["b.paged"], ["docs/b.paged"])
    assert PagedLoader.n_loaded == 2
    assert (opened_by()[0], counted.is_dir()) == ([], True)


@pytest.mark.usefixtures("here", "settled")
def test_a_rebuild_keeps_the_versions_of_files() -> None:
    run()
    rebuild(Path(".rag"), HashEmbedder("other"))
    assert opened_by()[0] == []


@pytest.mark.usefixtures("here")
def test_a_registered_format_is_found_stored_and_cited_by_page() -> None:
    run()
    snapshot = EmbeddedSnapshot.open(Path(".rag"))
    try:
        document = snapshot.document("docs/b.paged")
    finally:
        snapshot.close()
    assert (document.title, document.media_type) == ("Grain", "text/x-paged")
    assert (document.text, document.pages) == ("Grain\n\nIt rotted.\n\nThe river rose.", (0, 19))
    assert document.headings_of(Span(7, 10)) == ("Grain",)
    assert (document.pages_of(Span(7, 17)), document.pages_of(Span(19, 22))) == ((1, 1), (2, 2))


def test_progress_counts_bytes_of_changed_files_and_ends_at_its_total(here: Path) -> None:
    run("docs/a.txt")
    seen: list[Progress] = []
    sizes = [(here / "docs" / name).stat().st_size for name in ("b.paged", "c.md")]
    ingest(
        Path(".rag"), [Path("docs")], HashEmbedder, watch=lambda each: seen.append(replace(each))
    )
    last = seen[-1]
    assert (last.n_documents, last.documents_done) == (2, 2)
    assert last.size == last.size_done == sum(sizes)
    assert all(each.size_done <= each.size for each in seen)
    assert [each.size_done for each in seen] == sorted(each.size_done for each in seen)


def test_a_file_is_opened_only_when_it_is_needed(here: Path) -> None:
    paragraphs = "\n\n".join("river " * 35 for _ in range(60))
    for i in range(40):
        write(here / "many" / f"{i:02}.txt", paragraphs)
    n_opened = []
    first = Interrupted(1, lambda: n_opened.append(len(set(_opened or ()))))
    names, report = opened_by("many", embedder=first)
    assert (len(report.added), len(names)) == (40, 40)
    assert n_opened[0] < 20  # a few batches of 128 chunks are read ahead of the model


def test_an_index_keeps_the_version_of_a_file(here: Path) -> None:
    run()
    store = Store.open(Path(".rag"))
    try:
        row = store.record("docs/a.txt")
    finally:
        store.close()
    assert row is not None
    assert row.file_version is not None
    assert row.file_version.n_bytes == (here / "docs/a.txt").stat().st_size
    assert row.file_version.sha256 == row.sha256  # its bytes are its text
    assert row.file_version.changed_ns is None  # it was written just now
