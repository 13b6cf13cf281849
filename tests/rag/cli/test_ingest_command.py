"""`rag ingest`: its messages about files that it did not read, and its status."""

import json
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from command import rag
from ingesting import write
from privileges import give_up_root_access, needs_permissions
from rag.answer.no_passages import NO_DOCUMENTS


@pytest.fixture
def here(tmp_path: Path) -> Iterator[Path]:
    """A folder with docs/a.txt, docs/closed/b.txt and docs/listed/c.txt."""
    for name in ("a.txt", "closed/b.txt", "listed/c.txt"):
        write(tmp_path / "docs" / name, f"The text of {name}.")
    yield tmp_path
    for folder in tmp_path.glob("docs/*/"):
        folder.chmod(0o755)


@needs_permissions
def test_unreadable_files_are_listed_and_never_pruned(here: Path) -> None:
    assert rag("ingest", "docs", cwd=here).returncode == 0
    (here / "docs/closed").chmod(0)
    (here / "docs/listed").chmod(0o444)
    for paths in (["docs"], ["docs/closed/b.txt", "docs/listed/c.txt"], ["docs/closed"]):
        done = rag("ingest", *paths, "--prune", cwd=here, preexec_fn=give_up_root_access)
        assert (done.returncode, done.stderr) == (1, "")
        assert "Permission denied" in done.stdout
        assert " 0 removed" in done.stdout
    (here / "docs/closed").chmod(0o755)
    (here / "docs/listed").chmod(0o755)
    assert "0 added, 0 updated, 3 unchanged" in rag("ingest", "docs", cwd=here).stdout


@needs_permissions
def test_an_unreadable_folder_creates_no_index(here: Path) -> None:
    (here / "docs/closed").chmod(0)
    done = rag("ingest", "docs/closed", cwd=here, preexec_fn=give_up_root_access)
    assert done.returncode == 2
    assert "no file under docs/closed could be read, so no index was created" in done.stderr
    assert not (here / ".rag").exists()


def test_the_report_as_json_lists_all_files_in_its_documented_fields(here: Path) -> None:
    rag("ingest", "docs", cwd=here)
    (here / "docs/a.txt").rename(here / "docs/new.txt")
    for i in range(15):
        write(here / f"docs/empty{i:02d}.txt", "")
        write(here / f"docs/other{i:02d}.bin", "x")
    (here / "docs/greek.txt").write_bytes("Un café.".encode("cp1252"))
    done = rag("ingest", "docs", "--json", cwd=here)
    assert done.returncode == 1
    report = json.loads(done.stdout)
    assert report["added"] == ["docs/greek.txt", "docs/new.txt"]
    assert report["gone"] == ["docs/a.txt"]
    assert report["doubts"] == [
        {
            "path": "docs/greek.txt",
            "encoding": "cp1252",
            "reason": "read as cp1252, but this is uncertain; if it is wrong, set --encoding",
        }
    ]
    assert [each["path"] for each in report["skipped"]] == [
        f"docs/empty{i:02d}.txt" for i in range(15)
    ]
    assert {each["kind"] for each in report["skipped"]} == {"empty"}
    assert len(report["left_out"]) == 15
    assert report["left_out"][0] == {
        "path": "docs/other00.bin",
        "kind": "other-type",
        "reason": ".bin is not a supported type",
    }
    assert set(report) == {
        "added", "updated", "unchanged", "removed", "gone", "gone_ignored", "moved", "rebuilt",
        "skipped", "left_out", "ignored", "doubts", "dry_run", "n_chunks",
        "n_reused", "generation", "index", "seconds",
    }  # fmt: skip


def test_the_first_few_files_are_listed_and_verbose_lists_all(here: Path) -> None:
    for i in range(15):
        write(here / f"docs/empty{i:02d}.txt", "")
        write(here / f"docs/other{i:02d}.bin", "x")
    short = rag("ingest", "docs", cwd=here).stdout
    assert short.count("skipped docs/") == 10
    assert "… and 5 more skipped; --verbose lists them" in short
    others = "docs/other00.bin, docs/other01.bin, docs/other02.bin, and 12 more"
    assert f"left out (other types): {others}" in short
    long = rag("ingest", "docs", "--verbose", cwd=here).stdout
    assert long.count("skipped docs/") == 15
    assert long.count("left out docs/") == 15


def test_files_of_other_types_are_no_failure(here: Path) -> None:
    write(here / "docs/t.bin", "x")
    (here / "docs/link").symlink_to("closed")
    done = rag("ingest", "docs", cwd=here)
    assert done.returncode == 0
    assert "1 of other types left out, 1 link or special file left out" in done.stdout
    assert "3 passages encoded, 0 re-used" in done.stdout


def test_missing_files_are_listed(here: Path) -> None:
    rag("ingest", "docs", cwd=here)
    (here / "docs/a.txt").unlink()
    done = rag("ingest", "docs", cwd=here)
    assert "1 document's file is missing: docs/a.txt; --prune removes it" in done.stdout
    assert done.returncode == 0


def test_names_contain_no_control_characters(here: Path) -> None:
    write(here / "docs/\x1b[31m\nfake 9 added.bin", "x")
    write(here / "docs/\x1b[31m\nfake 9 added.txt", "")
    (here / "docs" / os.fsdecode(b"\xff.txt")).write_text("x")
    done = rag("ingest", "docs", cwd=here)
    assert "\x1b" not in done.stdout
    assert "skipped docs/\ufffd[31m\ufffdfake 9 added.txt: empty" in done.stdout
    assert len(done.stdout.splitlines()) == 4


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([""], "a path is empty; for the working directory, use `rag ingest .`"),
        (["docs", ""], "a path is empty"),
        (["docs", "--yes"], "--yes requires --prune"),
        (["no\x1b[31m\nsuch"], "rag: no file or folder at no\ufffd[31m\ufffdsuch;"),
        (["docs", "--encoding", "klingon"], "unknown text encoding 'klingon'"),
    ],
)
def test_an_error_is_one_line_and_creates_no_index(
    here: Path, arguments: list[str], message: str
) -> None:
    done = rag("ingest", *arguments, cwd=here)
    assert (done.returncode, done.stdout) == (2, "")
    assert message in done.stderr
    assert len(done.stderr.splitlines()) == 1
    assert not (here / ".rag").exists()


def test_an_empty_index_says_that_it_is_empty(here: Path) -> None:
    rag("ingest", "docs", cwd=here)
    (here / "docs").rename(here / "away")
    refused = rag("ingest", "docs", "--prune", cwd=here)
    assert refused.returncode == 2
    assert "docs no longer exists, but the index has 3 documents from it" in refused.stderr
    assert "3 removed" in rag("ingest", "docs", "--prune", "--yes", cwd=here).stdout
    assert_says_that_it_is_empty(here)


def test_an_index_without_readable_files_says_that_it_is_empty(here: Path) -> None:
    rag("ingest", "docs", cwd=here)
    rag("remove", "docs/*", "--yes", cwd=here)
    for path in (here / "docs").rglob("*.txt"):
        path.write_text("")
    skipped = rag("ingest", "docs", cwd=here)
    assert skipped.returncode == 1
    assert "0 added, 0 updated, 0 unchanged, 0 removed, 3 skipped" in skipped.stdout
    assert_says_that_it_is_empty(here)


def assert_says_that_it_is_empty(folder: Path) -> None:
    for command in (["ask"], ["search"], ["search", "--lexical"]):
        assert rag(*command, "What is the text?", cwd=folder).stdout == f"{NO_DOCUMENTS}\n"
        found = json.loads(rag(*command, "What is the text?", "--json", cwd=folder).stdout)
        assert (found["answered"], found["reason"]) == (False, NO_DOCUMENTS)
        assert found.get("text", NO_DOCUMENTS) == NO_DOCUMENTS
