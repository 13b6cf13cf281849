"""`rag watch` keeps an index equal to its folder, and touches nothing else."""

import os
import random
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from command import RAG, ROOT, rag
from fakes import HashEmbedder
from index.backends import backend_at
from index.ingest.ingest import ingest
from ingesting import write

WAIT_S = 120


@pytest.fixture
def here(tmp_path: Path) -> Path:
    """A folder with docs/0.txt to docs/5.txt and outside/a.txt."""
    for i in range(6):
        write(tmp_path / f"docs/{i}.txt", f"Version 0 of {i}.")
    write(tmp_path / "outside/a.txt", "The text of a.")
    return tmp_path


@contextmanager
def watching(here: Path, *options: str) -> Iterator[subprocess.Popen[str]]:
    """Run `rag watch docs` until Ctrl-C. Its output is in here/out and here/err."""
    with (here / "out").open("w") as out, (here / "err").open("w") as err:
        process = subprocess.Popen(
            [*RAG, "watch", "docs", *options],
            cwd=here,
            env=os.environ | {"PYTHONPATH": str(ROOT)},
            stdout=out,
            stderr=err,
            text=True,
        )
        try:
            wait_until(lambda: lines_of(here / "out") or process.poll() is not None)
            yield process
        finally:
            process.send_signal(signal.SIGINT)
            try:
                process.wait(WAIT_S)
            finally:
                process.kill()


def lines_of(path: Path) -> list[str]:
    return path.read_text().splitlines()


def wait_until(condition: Callable[[], object]) -> None:
    end = time.monotonic() + WAIT_S
    while not condition():
        assert time.monotonic() < end, "it did not happen"
        time.sleep(0.1)


def digests(index: Path) -> dict[str, str]:
    """The sha256 of each document's text, by doc_id."""
    with backend_at(index).reader() as reader:
        return {row.doc_id: row.sha256 for row in reader.records()}


def tree(folder: Path) -> dict[str, tuple[bytes, int]]:
    """The bytes and modification time of every file below a folder."""
    return {
        path.relative_to(folder).as_posix(): (path.read_bytes(), path.stat().st_mtime_ns)
        for path in folder.rglob("*")
        if path.is_file()
    }


def storm(docs: Path, n_steps: int) -> None:
    """Change files as editors and version control do."""
    choice = random.Random(7)
    for step in range(n_steps):
        files = sorted(docs.rglob("*.txt"))
        file = choice.choice(files)
        action = choice.choice(["replace", "write", "scratch", "rename", "delete", "folder"])
        if action == "replace":
            draft = file.with_name(f"{file.stem}.{step}.tmp")
            draft.write_text(f"Version {step} of {file.name}.")
            draft.replace(file)
        elif action == "write":
            with file.open("w") as out:
                out.write(f"Version {step}")
                out.flush()
                time.sleep(0.02)
                out.write(f" of {file.name}.")
        elif action == "scratch":
            scratch = docs / f"scratch{step}.txt"
            scratch.write_text("It is deleted at once.")
            (docs / f".{step}.swp").write_text("x")
            scratch.unlink()
        elif action == "rename":
            file.rename(docs / f"renamed{step}.txt")
        elif action == "delete" and len(files) > 4:
            file.unlink()
        else:
            write(docs / f"new{step}/{step}.txt", f"A new file {step}.")
            (docs / f"new{step}").rename(docs / f"folder{step}")
        time.sleep(choice.choice([0, 0.01, 0.2]))


@pytest.mark.usefixtures("embedder")  # compiled before, so that the command starts at once
def test_after_a_storm_of_changes_the_index_equals_a_fresh_one(
    here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(here)
    outside = tree(here / "outside")
    with watching(here) as process:
        storm(here / "docs", 60)
        docs = tree(here / "docs")
        ingest(Path("fresh"), [Path("docs")], HashEmbedder)
        expected = digests(Path("fresh"))
        wait_until(lambda: digests(Path(".rag")) == expected)
    assert process.returncode == 0
    assert lines_of(here / "err")[-1] == "Stopped. Committed documents are in the index."
    lines = lines_of(here / "out")
    assert "6 added" in lines[0]
    assert len(lines) > 1
    assert tree(here / "docs") == docs
    assert tree(here / "outside") == outside


@pytest.mark.usefixtures("embedder")
def test_a_failed_batch_is_reported_and_tried_again(
    here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(here)
    with watching(here):
        with backend_at(Path(".rag")).lock():
            write(here / "docs/new.txt", "New.")
            wait_until(lambda: "failed: " in (here / "err").read_text())
        assert "docs/new.txt" not in digests(Path(".rag"))
        wait_until(lambda: "docs/new.txt" in digests(Path(".rag")))
    assert "trying again in 5 s" in (here / "err").read_text()


@pytest.mark.usefixtures("embedder")
def test_a_reconciliation_needs_no_change_and_a_file_that_is_now_ignored_stays(
    here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(here)
    monkeypatch.setenv("RAG_RECONCILE_S", "1")
    with watching(here):
        n_lines = len(lines_of(here / "out"))
        wait_until(lambda: len(lines_of(here / "out")) >= n_lines + 2)
        write(here / "docs/.ragignore", "0.txt\n1.txt\n")
        (here / "docs/1.txt").unlink()
        (here / "docs/2.txt").unlink()
        wait_until(lambda: len(digests(Path(".rag"))) == 4)
        assert set(digests(Path(".rag"))) == {f"docs/{i}.txt" for i in (0, 3, 4, 5)}


@pytest.mark.parametrize(
    ("path", "message"),
    [
        ("docs/0.txt", "docs/0.txt is not a folder; give folders to watch"),
        ("nowhere", "nowhere is not a folder"),
        ("", "a path is empty"),
    ],
)
def test_only_folders_are_watched(here: Path, path: str, message: str) -> None:
    done = rag("watch", path, cwd=here)
    assert (done.returncode, done.stdout) == (2, "")
    assert message in done.stderr
    assert not (here / ".rag").exists()
