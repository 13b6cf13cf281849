"""Documents are removed from an index completely, and their files can be ingested again."""

import threading
from pathlib import Path

import pytest

from index.errors import IndexBusy, IndexMissing
from index.ingest.ingest import ingest
from index.ingest.remove import remove
from index.publish.snapshot import EmbeddedSnapshot
from ingesting import Interrupted, indexed, run, texts_in, write


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working directory with docs/a.txt, docs/b.txt and docs/c.txt."""
    for name in "abc":
        write(tmp_path / f"docs/{name}.txt", f"Report {name} speaks of the river.")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_after_a_removal_the_index_equals_one_without_these_documents() -> None:
    run()
    report = remove(Path(".rag"), ["docs/c.txt", "docs/a.txt", "docs/a.txt", "unknown"])
    assert (report.removed, report.generation) == (["docs/a.txt", "docs/c.txt"], 2)
    run("docs/b.txt", index="fresh")
    assert indexed(Path(".rag")) == indexed(Path("fresh"))


def test_the_next_ingest_of_its_folder_adds_a_removed_document_again() -> None:
    run()
    before = indexed(Path(".rag"))
    remove(Path(".rag"), ["docs/b.txt"])
    report, _ = run()
    assert (report.added, report.unchanged) == (["docs/b.txt"], ["docs/a.txt", "docs/c.txt"])
    assert indexed(Path(".rag")) == before


def test_a_removal_of_unknown_documents_makes_no_generation() -> None:
    run()
    report = remove(Path(".rag"), ["unknown"])
    assert (report.removed, report.generation) == ([], 1)


def test_an_open_snapshot_keeps_documents_that_are_removed_meanwhile() -> None:
    run()
    snapshot = EmbeddedSnapshot.open(Path(".rag"))
    remove(Path(".rag"), ["docs/a.txt", "docs/b.txt", "docs/c.txt"])
    assert len(snapshot.records()) == len(snapshot.lexical) == len(snapshot.dense) == 3
    snapshot.close()
    assert texts_in() == {}


def test_without_an_index_none_is_created(here: Path) -> None:
    with pytest.raises(IndexMissing):
        remove(here / "none", ["docs/a.txt"])
    assert not (here / "none").exists()


def test_a_removal_during_an_ingest_is_refused_with_the_writing_process() -> None:
    run()
    write(Path("docs/d.txt"), "Report d.")
    errors: list[IndexBusy] = []

    def another() -> None:
        with pytest.raises(IndexBusy) as raised:
            remove(Path(".rag"), ["docs/a.txt"])
        errors.append(raised.value)

    def meanwhile() -> None:
        thread = threading.Thread(target=another)
        thread.start()
        thread.join()

    ingest(Path(".rag"), [Path("docs")], lambda: Interrupted(1, meanwhile))
    assert str(errors[0]).startswith("another process is writing to .rag (process ")
    assert "docs/a.txt" in texts_in()
    assert remove(Path(".rag"), ["docs/a.txt"]).removed == ["docs/a.txt"]
