"""An index that cannot be written, without permission or disk space, is searched as it is."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path

import pytest

from command import ROOT, rag
from fakes import HashEmbedder
from faults.full_disk import WITHOUT, can_mount, mounted
from index.ingest.ingest import ingest_documents
from index.publish.publish import MANIFEST
from index.publish.snapshot import EmbeddedSnapshot
from index.store.store import DATABASE, Store
from index.types import Document
from privileges import give_up_root_access, needs_permissions

LOG = f"{DATABASE}-wal"
SHARED = f"{DATABASE}-shm"


def document(name: str) -> Document:
    return Document(name, name, name, f"All about {name}, a fruit.")


@pytest.fixture
def index(tmp_path: Path) -> Path:
    folder = tmp_path / "index"
    ingest_documents(folder, [document("apples")], HashEmbedder())
    return folder


def with_log(index: Path) -> Path:
    """A copy of the index after a crash: its last generation is only in the log."""
    with closing(EmbeddedSnapshot.open(index)):
        ingest_documents(index, [document("pears")], HashEmbedder())
        copy = shutil.copytree(index, index.with_name("crashed"))
    assert (copy / LOG).stat().st_size > 0
    return copy


def commit_alone(index: Path) -> None:
    """Commit one generation whose index files are not built."""
    with closing(Store.open(index)) as store, store.transaction():
        pass


@contextmanager
def protected(folder: Path) -> Iterator[None]:
    """A folder that nobody may write to, as far as permissions apply."""
    paths = [folder, *folder.rglob("*")]
    modes = {path: path.stat().st_mode for path in paths}
    for path in paths:
        path.chmod(0o555 if path.is_dir() else 0o444)
    try:
        yield
    finally:
        for path, mode in modes.items():
            path.chmod(mode)


def contents(folder: Path) -> dict[str, tuple[int, int]]:
    paths = [folder, *folder.rglob("*")]
    return {str(path): (path.stat().st_size, path.stat().st_mtime_ns) for path in paths}


def search(index: Path) -> tuple[list[str], str]:
    """The documents that an unprivileged user's search finds, and its warnings."""
    done = rag(
        *("search", "--lexical", "--json", "fruit", "--index", index),
        preexec_fn=give_up_root_access,
    )
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)["passages"]
    return sorted(each["citation"]["doc_id"] for each in found), done.stderr


def refusal(index: Path, *arguments: str) -> str:
    """The error line of a command."""
    done = rag(*arguments, preexec_fn=give_up_root_access, RAG_INDEX=str(index))
    assert (done.returncode, done.stdout) == (2, "")
    [line] = done.stderr.splitlines()
    return line


def no_log(index: Path) -> Path:
    assert not (index / LOG).exists()
    return index


def empty_log(index: Path) -> Path:
    (index / LOG).touch()
    return index


def shared_memory_without_a_log(index: Path) -> Path:
    (index / SHARED).write_bytes(bytes(32768))
    return index


@needs_permissions
@pytest.mark.parametrize("prepare", [no_log, empty_log, shared_memory_without_a_log, with_log])
def test_a_read_only_index_is_searched_and_not_changed(
    index: Path, prepare: Callable[[Path], Path]
) -> None:
    index = prepare(index)
    with protected(index):
        before = contents(index)
        expected = ["apples", "pears"] if prepare is with_log else ["apples"]
        assert search(index) == (expected, "")
        done = rag("info", "--json", "--index", index, preexec_fn=give_up_root_access)
        assert json.loads(done.stdout)["n_documents"] == len(expected)
        done = rag("check", "--index", index, preexec_fn=give_up_root_access)
        assert (done.returncode, done.stderr) == (0, "")
        assert contents(index) == before


@needs_permissions
def test_nothing_is_created_next_to_a_read_only_database(index: Path) -> None:
    (index / DATABASE).chmod(0o444)
    before = contents(index)
    assert search(index) == (["apples"], "")
    assert contents(index) == before


@needs_permissions
def test_a_log_that_cannot_be_read_without_writing_is_reported(index: Path) -> None:
    index = with_log(index)
    (index / SHARED).unlink()
    with protected(index):
        line = refusal(index, "info")
    assert line.startswith(f"rag: the index in {index} is read-only for this user, and its last")
    assert f"are in {LOG}" in line
    assert f"run `rag info --index {index}` as a user with write access" in line
    rag("info", "--index", index)  # as the message advises
    with protected(index):
        assert search(index)[0] == ["apples", "pears"]


@needs_permissions
def test_outdated_index_files_are_searched_with_a_warning(index: Path) -> None:
    commit_alone(index)
    with protected(index):
        found, said = search(index)
    assert found == ["apples"]
    [line] = said.splitlines()
    assert "searching generation 1 of 2" in line
    assert f"the index in {index} is read-only for this user" in line
    rag("info", "--index", index)
    with protected(index):
        assert search(index) == (["apples"], "")


@needs_permissions
def test_missing_index_files_are_reported(index: Path) -> None:
    (index / MANIFEST).unlink()
    with protected(index):
        line = refusal(index, "search", "--lexical", "apples")
    assert line.startswith(f"rag: the index in {index} is read-only for this user, and its FAISS")
    assert f"run `rag info --index {index}` as a user with write access" in line


@needs_permissions
@pytest.mark.parametrize(
    "command",
    [
        ("ingest", "README.md"),
        ("remove", "apples"),
        ("check", "--repair"),
        ("restore", "apples.backup", "--yes"),
    ],
)
def test_a_writing_command_reports_a_read_only_index(index: Path, command: tuple[str, ...]) -> None:
    backup = index.with_name("apples.backup")
    assert rag("backup", backup, "--index", index).returncode == 0
    named = [str(backup) if each == backup.name else each for each in command]
    with protected(index):
        before = contents(index)
        line = refusal(index, *named)
        assert contents(index) == before
    assert line.startswith(f"rag: the index in {index} is read-only for this user; run the command")


@needs_permissions
@pytest.mark.parametrize("what", [".", DATABASE])
def test_an_unreadable_index_is_reported(index: Path, what: str) -> None:
    (index / what).chmod(0)
    try:
        for command in (["search", "--lexical", "apples"], ["info"]):
            line = refusal(index, *command)
            assert line == f"rag: cannot use {index / DATABASE}: Permission denied"
    finally:
        (index / what).chmod(0o700)


FOLLOW = """
import sys
from pathlib import Path
from fakes import HashEmbedder
from index.errors import IndexBusy
from rag.pipeline import Pipeline

pipeline = Pipeline.over(Path(sys.argv[1]), HashEmbedder())
for line in sys.stdin:
    try:
        if line == "refresh\\n":
            pipeline.refresh()
        found = pipeline.search("fruit", 50).passages
        print(*sorted(each.citation.doc_id for each in found), flush=True)
    except IndexBusy as busy:
        print(busy, flush=True)
"""


@needs_permissions
def test_a_reader_without_locks_detects_a_change_of_the_database(index: Path) -> None:
    code = [sys.executable, "-c", FOLLOW, str(index)]
    environment = os.environ | {"PYTHONPATH": f"{ROOT}/tests/support{os.pathsep}{ROOT}"}
    with (
        protected(index),
        subprocess.Popen(
            code,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env=environment,
            preexec_fn=give_up_root_access,
        ) as reader,
    ):
        assert reader.stdin is not None
        assert reader.stdout is not None

        def ask(what: str) -> str:
            print(what, file=reader.stdin, flush=True)
            return reader.stdout.readline().strip() if reader.stdout else ""

        assert ask("refresh") == "apples"
        (index).chmod(0o755)
        for path in index.iterdir():
            path.chmod(0o755)
        ingest_documents(index, [document("pears")], HashEmbedder())
        assert ask("search") == f"{index / DATABASE} was changed by another process; try again"
        assert ask("refresh") == "apples pears"
        reader.stdin.close()


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    """A separate file system of two megabytes."""
    if not can_mount(tmp_path):
        pytest.skip(WITHOUT)
    (tmp_path / "disk").mkdir()
    with mounted(tmp_path / "disk", 2048):
        yield tmp_path / "disk"


def test_an_index_on_a_read_only_file_system_is_searched(index: Path, disk: Path) -> None:
    shutil.copytree(index, disk / "index")
    subprocess.run(["mount", "-o", "remount,ro", str(disk)], check=True)
    assert search(disk / "index") == (["apples"], "")
    assert json.loads(rag("info", "--json", "--index", disk / "index").stdout)["n_documents"] == 1


def fill(disk: Path) -> None:
    with (disk / "full").open("wb", buffering=0) as file, suppress(OSError):
        while True:
            file.write(bytes(4096))
    assert shutil.disk_usage(disk).free == 0


def test_an_index_on_a_full_disk_is_searched(index: Path, disk: Path) -> None:
    shutil.copytree(index, disk / "index")
    fill(disk)
    assert search(disk / "index") == (["apples"], "")
    assert json.loads(rag("info", "--json", "--index", disk / "index").stdout)["n_documents"] == 1
    (disk / "full").unlink()
    ingest_documents(disk / "index", [document("pears")], HashEmbedder())
    assert search(disk / "index") == (["apples", "pears"], "")


def test_index_files_that_a_full_disk_keeps_outdated_are_reported(index: Path, disk: Path) -> None:
    shutil.copytree(index, disk / "index")
    commit_alone(disk / "index")
    fill(disk)
    found, said = search(disk / "index")
    assert found == ["apples"]
    assert "searching generation 1 of 2" in said
    assert "is full; free some space" in said
