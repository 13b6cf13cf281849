"""`rag backup` and `rag restore`: their messages, questions and results."""

import fcntl
import os
import pty
import re
import select
import subprocess
import termios
from functools import partial
from pathlib import Path
from random import Random

import pytest

from command import RAG, ROOT, rag
from fakes import HashEmbedder
from faults.corpus import write_corpus
from index.backends import backend_at
from index.ingest.ingest import ingest
from index.maintain.backup import backup
from ingesting import indexed
from privileges import give_up_root_access, needs_permissions


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working directory with an index in .rag, and an earlier backup of it in early.backup."""
    monkeypatch.chdir(tmp_path)
    write_corpus(Path("docs"), Random(1), n_documents=3, n_paragraphs=4)
    ingest(Path(".rag"), [Path("docs")], HashEmbedder)
    backup(Path(".rag"), Path("early.backup"))
    Path("docs/d00.txt").unlink()
    ingest(Path(".rag"), [Path("docs")], HashEmbedder, prune=True)
    return tmp_path


def test_a_backup_and_its_restore_print_their_contents(here: Path) -> None:
    done = rag("backup", "copy.backup", cwd=here)
    assert (done.returncode, done.stderr) == (0, "")
    expected = r"Backed up to copy\.backup: documents 2, passages 8, generation 2, [\d.]+ kB\n"
    assert re.fullmatch(expected, done.stdout)
    done = rag("restore", "copy.backup", "--index", "other", cwd=here)
    assert (done.returncode, done.stderr) == (0, "")
    expected = r"Restored other from copy\.backup: documents 2, passages 8, generation 3, .* kB\n"
    assert re.fullmatch(expected, done.stdout)
    assert indexed(Path("other")) == indexed(Path(".rag"))


@pytest.mark.parametrize(
    ("command", "line"),
    [
        ("backup early.backup", "early.backup already exists; choose a new file, or add --force"),
        ("backup .rag/copy", "is inside the index"),
        ("backup copy --index nowhere", "no index at nowhere"),
        ("restore early.backup", ".rag contains an index; add --yes to replace it"),
        ("restore docs/d01.txt --index new", "docs/d01.txt is not an SQLite database"),
        ("restore gone --index new", "gone does not exist"),
    ],
)
def test_an_impossible_command_prints_one_line(here: Path, command: str, line: str) -> None:
    before = sorted(here.rglob("*"))
    done = rag(*command.split(), cwd=here)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.count("\n") == 1
    assert line in done.stderr
    assert sorted(here.rglob("*")) == before


@pytest.mark.parametrize(("answer", "status"), [("y\n", 0), ("n\n", 2), ("\x03", 130)])
def test_on_a_terminal_the_command_asks_before_it_replaces_an_index(
    here: Path, answer: str, status: int
) -> None:
    before = backend_at(Path(".rag")).state()
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        [*RAG, "restore", "early.backup"],
        cwd=here,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        preexec_fn=partial(_login, theirs),
    )
    os.close(theirs)
    said = ""
    while "[y/N]" not in said:
        said += os.read(ours, 4096).decode()
    assert "Replace the contents of the index in .rag with early.backup?" in said
    os.write(ours, answer.encode())
    said = ""
    try:
        while True:
            # A Ctrl-C just before the process waits for input takes effect only at the next one.
            while not select.select([ours], [], [], 5)[0]:
                if answer == "\x03":
                    os.write(ours, answer.encode())
            more = os.read(ours, 4096)
            if not more:
                break
            said += more.decode()
    except OSError:  # the terminal is closed when its process ends
        pass
    os.close(ours)
    assert process.wait(60) == status, said
    assert (backend_at(Path(".rag")).state() != before) == (status == 0)
    if status == 130:
        assert "Stopped. The index in .rag is unchanged." in said


def _login(terminal: int) -> None:
    """Make this the terminal of the process, so that Ctrl-C reaches it."""
    os.setsid()
    fcntl.ioctl(terminal, termios.TIOCSCTTY, 0)


STOPPED = """
import os, signal, sys
from index.maintain import backup
from rag.cli.app import main

done = backup.{function}
def stopping(*arguments):
    if {after}:
        done(*arguments)
    os.kill(os.getpid(), signal.SIGINT)
    if not {after}:
        done(*arguments)
backup.{function} = stopping
sys.argv = ["rag", *{command!r}.split()]
main()
"""


@pytest.mark.parametrize(
    ("command", "function", "after", "line"),
    [
        ("backup early.backup --force", "move_in_place", False, "No backup was written"),
        (
            "backup early.backup --force",
            "move_in_place",
            True,
            "The backup is complete in early.backup",
        ),
        ("restore early.backup --yes", "_put_in_place", False, ".rag is unchanged"),
        ("restore early.backup --yes", "_put_in_place", True, ".rag was restored"),
    ],
)
def test_ctrl_c_prints_the_resulting_state(
    here: Path, command: str, function: str, after: bool, line: str
) -> None:
    restores = command.startswith("restore")
    copy, index = Path("early.backup").read_bytes(), indexed(Path(".rag"))
    done = subprocess.run(
        [*RAG[:1], "-c", STOPPED.format(function=function, after=after, command=command)],
        cwd=here,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 130, done.stderr
    assert line in done.stderr
    assert "Traceback" not in done.stderr
    assert (Path("early.backup").read_bytes() == copy) == (not after or restores)
    assert (indexed(Path(".rag")) == index) == (not after or not restores)
    assert sorted(path.name for path in here.iterdir()) == [".rag", "docs", "early.backup"]
    assert not list(Path(".rag").glob("*draft*"))


@needs_permissions
def test_a_read_only_index_is_backed_up_and_not_restored(here: Path) -> None:
    Path("backups").mkdir()
    index, modes = Path(".rag"), {path: path.stat().st_mode for path in Path(".rag").rglob("*")}
    for path in [index, *modes]:
        path.chmod(0o555 if path.is_dir() else 0o444)
    try:
        done = rag("backup", "backups/copy", cwd=here, preexec_fn=give_up_root_access)
        assert (done.returncode, done.stderr) == (0, "")
        refused = rag("restore", "early.backup", "--yes", cwd=here, preexec_fn=give_up_root_access)
    finally:
        index.chmod(0o700)
        for path, mode in modes.items():
            path.chmod(mode)
    assert refused.returncode == 2
    assert refused.stderr.count("\n") == 1
    rag("restore", "backups/copy", "--index", "other", cwd=here)
    assert indexed(Path("other")) == indexed(index)
