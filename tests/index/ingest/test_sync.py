"""An ingest processes changes and nothing else."""

import os
from dataclasses import replace
from pathlib import Path

import pytest

from fakes import HashEmbedder
from index.documents.load import document_of
from index.errors import BadInput, IndexMismatch
from index.ingest.ingest import ingest, ingest_documents, rebuild
from index.ingest.progress import EncodingWarning, Progress, SkippedFile
from index.store.store import Store
from index.types import Document
from ingesting import indexed, run, texts_in, write


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working directory with docs/a.txt, docs/b.md and docs/sub/c.txt."""
    folder = tmp_path / "here"
    for name, text in (
        ("a.txt", "Aid came."),
        ("b.md", "# Grain\n\nIt rotted."),
        ("sub/c.txt", "The river rose."),
    ):
        write(folder / "docs" / name, text)
    monkeypatch.chdir(folder)
    return folder


def test_a_second_run_encodes_nothing_and_makes_no_generation(here: Path) -> None:
    first, n_encoded = run()
    assert first.added == ["docs/a.txt", "docs/b.md", "docs/sub/c.txt"]
    assert (n_encoded, first.n_chunks, first.generation) == (3, 3, 1)
    os.utime(here / "docs" / "a.txt", (0, 0))  # only a file's content counts, not its date
    second, n_encoded = run()
    assert second.unchanged == first.added
    assert (n_encoded, second.added, second.updated, second.generation) == (0, [], [], 1)


@pytest.mark.usefixtures("here")
def test_the_model_is_not_loaded_if_nothing_must_be_encoded() -> None:
    run()

    def never() -> HashEmbedder:
        raise AssertionError("the model was loaded")

    assert len(ingest(Path(".rag"), [Path("docs")], never).unchanged) == 3


def test_only_a_changed_file_is_encoded_and_replaces_its_earlier_version(here: Path) -> None:
    run()
    write(here / "docs/a.txt", "Aid went.")
    report, n_encoded = run()
    assert (report.updated, n_encoded) == (["docs/a.txt"], 1)
    assert texts_in()["docs/a.txt"] == "Aid went."
    assert len(texts_in()) == 3
    run(index="fresh")
    assert indexed(Path(".rag")) == indexed(Path("fresh"))


def test_the_same_text_with_another_type_is_another_document(here: Path) -> None:
    write(here / "docs/a.txt", "# Aid\n\nIt came.")
    run()
    (here / "docs/a.txt").rename(here / "docs/a.md")
    report, _ = run(prune=True)
    assert (report.added, report.removed) == (["docs/a.md"], ["docs/a.txt"])


def test_prune_removes_only_documents_of_missing_files_under_the_paths(here: Path) -> None:
    write(here / "other/d.txt", "Elsewhere.")
    run("docs", "other")
    for name in ("docs/a.txt", "docs/sub/c.txt", "other/d.txt"):
        (here / name).unlink()
    assert run()[0].removed == []
    assert run("docs/sub", prune=True, confirmed=True)[0].removed == ["docs/sub/c.txt"]
    assert run("docs", prune=True)[0].removed == ["docs/a.txt"]
    assert list(texts_in()) == ["docs/b.md", "other/d.txt"]


def test_prune_accepts_a_path_that_no_longer_exists_but_not_one_that_never_did(here: Path) -> None:
    run()
    (here / "docs/sub/c.txt").unlink()
    (here / "docs/sub").rmdir()
    with pytest.raises(BadInput, match="no file or folder at docs/sub"):
        run("docs/sub")
    with pytest.raises(BadInput, match="no file or folder at docs/typo"):
        run("docs/typo", prune=True)
    assert run("docs/sub", prune=True, confirmed=True)[0].removed == ["docs/sub/c.txt"]


@pytest.mark.usefixtures("here")
def test_documents_without_a_file_are_never_pruned() -> None:
    run()
    note = document_of("A note.", "note", media_type="text/plain", name="note")
    assert ingest_documents(Path(".rag"), [note], HashEmbedder()).added == ["note"]
    assert run(prune=True)[0].removed == []
    assert texts_in()["note"] == "A note."


def test_a_moved_folder_is_recognized(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run()
    moved = here.rename(here.with_name(f"{here.name}-moved"))
    monkeypatch.chdir(moved)
    report, n_encoded = run(prune=True)
    assert (len(report.unchanged), report.removed, n_encoded) == (3, [], 0)
    assert [path for _, _, path in indexed(Path(".rag"))[0]] == [
        str(moved / name) for name in report.unchanged
    ]


def test_files_with_one_name_in_two_working_directories_are_two_documents(
    here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    there = here.with_name("there")
    write(there / "docs/a.txt", "Another text altogether.")
    run()
    monkeypatch.chdir(there)
    for _ in range(2):
        run(index=str(here / ".rag"))
        monkeypatch.chdir(here)
        run()
        monkeypatch.chdir(there)
    monkeypatch.chdir(here)
    assert texts_in() == {
        "docs/a.txt": "Aid came.",
        "docs/b.md": "# Grain\n\nIt rotted.",
        "docs/sub/c.txt": "The river rose.",
        (there / "docs/a.txt").as_posix(): "Another text altogether.",
    }


def test_a_file_that_became_unreadable_keeps_its_earlier_version(here: Path) -> None:
    run()
    (here / "docs/a.txt").write_bytes(b"\0\1")
    report, n_encoded = run(prune=True)
    reason = "binary, not text; its previous version stays in the index"
    assert report.skipped == [SkippedFile("docs/a.txt", "binary", reason)]
    assert (n_encoded, texts_in()["docs/a.txt"]) == (0, "Aid came.")


def test_a_file_whose_name_is_not_unicode_is_skipped_and_the_others_are_read(here: Path) -> None:
    (here / "docs" / os.fsdecode(b"\xff.txt")).write_text("words")
    report, _ = run()
    reason = "its name is not valid Unicode; rename it"
    assert report.skipped == [SkippedFile("docs/?.txt", "name", reason)]
    assert len(report.added) == 3


def test_paths_without_files_are_refused(here: Path) -> None:
    (here / "empty").mkdir()
    with pytest.raises(BadInput, match=r"no \.txt, \.md, .* files under empty"):
        run("empty")
    assert not (here / ".rag").exists()


def test_another_model_is_refused_with_the_command_that_rebuilds_the_index(here: Path) -> None:
    run()
    write(here / "docs/a.txt", "Changed.")
    with pytest.raises(
        IndexMismatch, match=r"model: 'hash', not 'other'.*--rebuild --model other`"
    ):
        run(embedder=HashEmbedder("other"))
    with pytest.raises(IndexMismatch, match=r"`rag ingest --rebuild`$"):
        run(embedder=HashEmbedder(window=32))
    assert texts_in()["docs/a.txt"] == "Aid came."


def test_a_rebuild_with_another_model_needs_no_files(here: Path) -> None:
    run()
    run(index="fresh", embedder=HashEmbedder("other", window=32))
    fresh = indexed(Path("fresh"))
    for path in (here / "docs").rglob("*.*"):
        path.unlink()
    other = HashEmbedder("other", window=32)
    report = rebuild(Path(".rag"), other)
    assert (report.updated, other.n_encoded) == (["docs/a.txt", "docs/b.md", "docs/sub/c.txt"], 3)
    assert indexed(Path(".rag")) == fresh
    store = Store.open(Path(".rag"))
    assert store.fingerprint.model == other.fingerprint
    store.close()


def test_a_link_in_place_of_a_file_is_missing_with_its_target(here: Path) -> None:
    run()
    (here / "docs/a.txt").unlink()
    (here / "docs/a.txt").symlink_to("nowhere")
    assert run(prune=True)[0].removed == ["docs/a.txt"]


def test_a_file_replaced_by_a_folder_of_its_name_is_missing(here: Path) -> None:
    run()
    (here / "docs/a.txt").unlink()
    write(here / "docs/a.txt/inner.txt", "Within.")
    report, _ = run(prune=True)
    assert (report.removed, report.added) == (["docs/a.txt"], ["docs/a.txt/inner.txt"])


def test_a_folder_replaced_by_a_file_of_its_name_loses_its_documents(here: Path) -> None:
    run()
    (here / "docs/sub/c.txt").unlink()
    (here / "docs/sub").rmdir()
    write(here / "docs/sub", "A file now.")
    assert run(prune=True)[0].removed == ["docs/sub/c.txt"]


def test_a_file_replaced_by_a_loop_or_a_pipe_is_not_missing(here: Path) -> None:
    run()
    for name in ("a.txt", "b.md"):
        (here / "docs" / name).unlink()
    (here / "docs/a.txt").symlink_to("a.txt")
    os.mkfifo(here / "docs/b.md")
    report, _ = run(prune=True)
    assert report.removed == []
    assert [each.path for each in report.skipped] == ["docs/a.txt", "docs/b.md"]


def test_missing_files_are_reported_without_prune(here: Path) -> None:
    run()
    (here / "docs/a.txt").rename(here / "docs/new.txt")
    write(here / "docs/new.txt", "Aid came, and more.")
    (here / "docs/b.md").unlink()
    report, _ = run()
    assert (report.added, report.gone) == (["docs/new.txt"], ["docs/a.txt", "docs/b.md"])
    assert run("docs/sub")[0].gone == []
    report, _ = run(prune=True)
    assert (report.removed, report.gone) == (["docs/a.txt", "docs/b.md"], [])


@pytest.mark.parametrize("state", ["no longer exists", "is empty"])
def test_a_folder_that_is_missing_completely_is_pruned_only_alone_and_confirmed(
    here: Path, state: str
) -> None:
    write(here / "other/d.txt", "Elsewhere.")
    run("docs", "other")
    (here / "docs").rename(here / "unmounted")
    if state == "is empty":
        (here / "docs").mkdir()
    for paths, confirmed in ((["docs"], False), (["docs", "other"], True)):
        with pytest.raises(BadInput, match=rf"docs {state}, but the index has 3 doc.*--yes"):
            run(*paths, prune=True, confirmed=confirmed)
    assert len(texts_in()) == 4
    report, _ = run("docs", prune=True, confirmed=True)
    assert report.removed == ["docs/a.txt", "docs/b.md", "docs/sub/c.txt"]
    assert list(texts_in()) == ["other/d.txt"]


def test_paths_without_any_remaining_file_are_refused_without_prune(here: Path) -> None:
    run()
    (here / "docs/sub/c.txt").unlink()
    assert run("docs/sub")[0].gone == ["docs/sub/c.txt"]
    (here / "docs/sub").rmdir()
    with pytest.raises(
        BadInput, match="no file or folder at docs/sub, but the index has 1 document from it"
    ):
        run("docs/sub")


@pytest.mark.usefixtures("here")
def test_plain_ascii_is_the_same_document_in_any_encoding() -> None:
    run()
    report, _ = run(encoding="cp1252")
    assert (len(report.unchanged), report.updated) == (3, [])


def test_a_single_missing_file_needs_no_confirmation(here: Path) -> None:
    run()
    (here / "docs/a.txt").unlink()
    assert run("docs/a.txt", prune=True)[0].removed == ["docs/a.txt"]


def test_a_first_ingest_without_readable_files_creates_no_index(here: Path) -> None:
    write(here / "bad/a.txt", "")
    (here / "bad/b.txt").write_bytes(b"\0\1")
    with pytest.raises(BadInput, match=r"no file under bad could be read, so no index was created"):
        run("bad")
    assert not (here / ".rag").exists()
    run()
    assert [each.kind for each in run("bad")[0].skipped] == ["empty", "binary"]


def test_only_files_of_other_types_are_reported_by_their_extensions(here: Path) -> None:
    for name in ("a.exe", "b.exe", "c"):
        write(here / "other" / name, "x")
    with pytest.raises(BadInput, match=r"under other \(3 of other types: 2 .exe, 1 no extension\)"):
        run("other")


GREEK = "Το φράγμα επισκευάστηκε τον Μάιο.\n"


def test_the_encoding_is_stored_and_doubt_is_reported_in_every_run(here: Path) -> None:
    (here / "docs/a.txt").write_bytes("Un café.\n".encode("cp1252"))
    for _ in range(2):
        report, _ = run()
        assert report.doubts == [
            EncodingWarning(
                "docs/a.txt",
                "cp1252",
                "read as cp1252, but this is uncertain; if it is wrong, set --encoding",
            )
        ]
    assert report.unchanged == ["docs/a.txt", "docs/b.md", "docs/sub/c.txt"]
    assert metadata() == {"docs/a.txt": {"encoding": "cp1252"}, "docs/b.md": {},
                          "docs/sub/c.txt": {}}  # fmt: skip


def test_a_given_encoding_is_remembered_until_it_is_removed(here: Path) -> None:
    (here / "docs/a.txt").write_bytes(GREEK.encode("mac-greek"))
    report, _ = run("docs/a.txt", encoding="mac-greek")
    assert (report.doubts, texts_in()["docs/a.txt"]) == ([], GREEK)
    changed = GREEK + "Όλα."
    (here / "docs/a.txt").write_bytes(changed.encode("mac-greek"))
    assert (run()[0].doubts, texts_in()["docs/a.txt"]) == ([], changed)
    assert metadata()["docs/a.txt"] == {"encoding": "mac-greek", "encoding_given": "mac-greek"}
    write(here / "docs/a.txt", GREEK)  # now UTF-8, and recognized as such
    run()
    assert texts_in()["docs/a.txt"] == GREEK
    run(encoding="auto")
    assert metadata()["docs/a.txt"] == {}


def test_an_unknown_encoding_is_refused_before_anything_is_read(here: Path) -> None:
    with pytest.raises(BadInput, match="unknown text encoding 'greek-ish'"):
        run(encoding="greek-ish")
    assert not (here / ".rag").exists()


def test_progress_is_reported_file_by_file(here: Path) -> None:
    seen = []

    def watch(progress: Progress) -> None:
        seen.append((progress.files_checked, progress.n_files, progress.n_documents))

    ingest(Path(".rag"), [here / "docs"], HashEmbedder, watch=watch)
    assert seen[:3] == [(0, 3, 0), (0, 3, 0), (0, 3, 0)]  # their sizes are read
    assert seen[3] == (1, 3, 3)
    assert seen[-1] == (3, 3, 3)
    seen.clear()
    ingest(Path(".rag"), [here / "docs"], HashEmbedder, watch=watch)
    assert [checked for checked, _, _ in seen] == [0, 0, 0, 1, 2, 3]  # they are read a second time
    assert seen[-1] == (3, 3, 0)


def metadata() -> dict[str, dict[str, str]]:
    store = Store.open(Path(".rag"))
    try:
        return {row.doc_id: dict(row.metadata) for row in store.records()}
    finally:
        store.close()


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"doc_id": ""}, "has an empty id"),
        ({"doc_id": "a\ud800"}, r"the document a\? is not valid Unicode"),
        ({"title": "a\udfff"}, "the document a is not valid Unicode"),
        ({"text": "River \ud800"}, "the document a is not valid Unicode"),
    ],
)
def test_an_unstorable_document_is_refused_before_any_is_stored(
    tmp_path: Path, fields: dict[str, str], message: str
) -> None:
    document = replace(Document("a", "a", "Title", "Text."), **fields)  # type: ignore[arg-type]
    with pytest.raises(BadInput, match=message):
        ingest_documents(
            tmp_path / "index", [Document("b", "b", "B", "B."), document], HashEmbedder()
        )
    assert not (tmp_path / "index").exists()
