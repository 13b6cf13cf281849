"""A plan is the report of the ingest that follows, and changes nothing."""

import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given
from hypothesis import strategies as st

from command import rag
from fakes import HashEmbedder
from index.errors import BadInput
from index.ingest.ingest import ingest, plan_ingest
from index.ingest.progress import Move, Report
from index.ingest.selection import Selection
from ingesting import run, write

TREES = st.dictionaries(
    st.sampled_from(["a.txt", "b.md", "sub/c.txt", "sub/a.txt", "d.txt"]),
    st.sampled_from(["Aid came.", "# Grain\n\nIt rotted.", "The river rose.", ""]),
    min_size=1,
)


def contents(folder: Path) -> dict[str, bytes]:
    """The bytes of every file below a folder, by relative path."""
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file()
    }


def plant(folder: Path, tree: Mapping[str, str]) -> None:
    for path in [path for path in folder.rglob("*") if path.is_file()]:
        path.unlink()
    for name, text in tree.items():
        write(folder / name, text)


def without_encoding(report: Report) -> Report:
    """What a plan reports, with the lists sorted that an ingest has in order of storage."""
    return replace(
        report,
        added=sorted(report.added),
        updated=sorted(report.updated),
        n_chunks=0,
        n_reused=0,
        generation=0,
    )


@given(TREES, TREES, st.booleans(), st.sampled_from([(), ("a.txt",), ("sub/",)]))
def test_a_plan_is_the_report_of_the_ingest_that_follows(
    before: dict[str, str], after: dict[str, str], prune: bool, exclude: tuple[str, ...]
) -> None:
    with TemporaryDirectory() as folder:
        docs, index = Path(folder) / "docs", Path(folder) / "index"
        plant(docs, before)
        write(docs / "keep.txt", "It stays.")
        ingest(index, [docs], HashEmbedder)
        plant(docs, after)
        write(docs / "keep.txt", "It stays.")
        selection = Selection(exclude=exclude)
        bytes_before = contents(index)
        plan = plan_ingest(index, [docs], prune=prune, selection=selection)
        assert contents(index) == bytes_before
        done = ingest(index, [docs], HashEmbedder, prune=prune, selection=selection)
        assert without_encoding(plan) == without_encoding(done)


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working directory with an index of docs/a.txt, docs/b.txt, docs/c.txt and docs/d.txt."""
    for name in "abcd":
        write(tmp_path / f"docs/{name}.txt", f"The text of {name}.")
    monkeypatch.chdir(tmp_path)
    run()
    return tmp_path


def test_a_move_is_told_from_a_copy_and_from_a_file_that_was_renamed_and_edited(here: Path) -> None:
    docs = here / "docs"
    (docs / "a.txt").rename(docs / "moved.txt")
    (docs / "b.txt").rename(docs / "edited.txt")
    write(docs / "edited.txt", "Another text.")
    write(docs / "copy.txt", (docs / "c.txt").read_text())
    for report in (plan_ingest(Path(".rag"), [docs]), run()[0]):
        assert report.moved == [Move("docs/a.txt", "docs/moved.txt")]
        assert report.added == ["docs/copy.txt", "docs/edited.txt", "docs/moved.txt"]
        assert report.gone == ["docs/a.txt", "docs/b.txt"]


def test_a_file_is_moved_once(here: Path) -> None:
    docs = here / "docs"
    write(docs / "b.txt", "The text of a.")
    run()
    (docs / "a.txt").rename(docs / "new.txt")
    (docs / "b.txt").unlink()
    assert plan_ingest(Path(".rag"), [docs]).moved == [Move("docs/a.txt", "docs/new.txt")]


def test_a_plan_without_an_index_creates_none(here: Path) -> None:
    plan = plan_ingest(Path("new/index"), [Path("docs")])
    assert (len(plan.added), plan.generation) == (4, 0)
    assert not (here / "new").exists()
    with pytest.raises(BadInput, match="no file or folder at nowhere"):
        plan_ingest(Path(".rag"), [Path("nowhere")])


def test_dry_run_prints_the_plan_and_json(here: Path) -> None:
    docs = here / "docs"
    (docs / "a.txt").rename(docs / "moved.txt")
    (docs / "b.txt").unlink()
    write(docs / "c.txt", "Changed.")
    write(docs / "new.txt", "New.")
    write(docs / ".ragignore", "d.txt\n")
    write(docs / "empty.txt", "")
    before = contents(here)
    done = rag("ingest", "docs", "--dry-run", cwd=here)
    assert done.stdout.splitlines() == [
        "skipped docs/empty.txt: empty",
        "1 file ignored by .ragignore",
        "1 to add",
        "  docs/new.txt",
        "1 to update",
        "  docs/c.txt",
        "1 moved (the old document stays without --prune)",
        "  docs/a.txt → docs/moved.txt",
        "1 missing (--prune removes them)",
        "  docs/b.txt",
        "1 ignored now (--prune removes them)",
        "  docs/d.txt",
        "0 documents unchanged. Nothing was written.",
    ]
    assert (done.returncode, done.stderr) == (1, "")
    report = json.loads(rag("ingest", "docs", "--dry-run", "--prune", "--json", cwd=here).stdout)
    assert report["dry_run"] is True
    assert report["removed"] == ["docs/a.txt", "docs/b.txt", "docs/d.txt"]
    assert report["moved"] == [{"old": "docs/a.txt", "new": "docs/moved.txt"}]
    assert contents(here) == before


def test_a_rebuild_has_no_plan(here: Path) -> None:
    done = rag("ingest", "--rebuild", "--dry-run", cwd=here)
    assert done.returncode == 2
    assert "--rebuild has no plan" in done.stderr
