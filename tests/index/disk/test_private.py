"""No other user can read the files that this program writes, with any umask."""

import os
import stat
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from fakes import HashEmbedder
from index.disk.locks import held
from index.disk.private import make_private_file, open_private, write_private
from index.ingest.ingest import ingest
from index.maintain.backup import backup, restore
from index.publish.snapshot import EmbeddedSnapshot
from index.store.store import DATABASE
from index.vectors.checkpoints import Checkpoints
from index.vectors.faiss_index import FaissIndex
from ingesting import Interrupted, run, write

pytestmark = pytest.mark.skipif(os.name != "posix", reason="modes are POSIX's")


@pytest.fixture
def open_umask() -> Iterator[None]:
    before = os.umask(0)
    yield
    os.umask(before)


def open_to_others(folder: Path) -> dict[str, str]:
    """The files of a folder that are not 0600, and the folders, or itself, that are not 0700."""
    found = {}
    for path in (folder, *sorted(folder.rglob("*"))):
        mode = stat.S_IMODE(path.stat().st_mode)
        if mode != (0o700 if path.is_dir() else 0o600):
            found[path.relative_to(folder).as_posix()] = f"{mode:o}"
    return found


def names_in(folder: Path) -> set[str]:
    return {path.name for path in folder.rglob("*")}


@pytest.mark.usefixtures("open_umask")
def test_an_index_is_private_at_all_times(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    index = tmp_path / ".rag"
    write(tmp_path / "docs" / "a.md", "# A\n\nA river.")
    run()
    assert {DATABASE, "vectors.faiss", "shape.json", "meta.json", "derived.json"} < names_in(index)
    assert open_to_others(index) == {}
    snapshot = EmbeddedSnapshot.open(index)
    try:
        write(tmp_path / "docs" / "b.md", "# B\n\nA bank.")
        run()  # reuses files of the earlier generation
        assert {f"{DATABASE}-wal", f"{DATABASE}-shm"} < names_in(index)
        assert open_to_others(index) == {}
    finally:
        snapshot.close()
    (tmp_path / "docs" / "a.md").unlink()
    run(prune=True)
    run()
    assert open_to_others(index) == {}
    backup(index, tmp_path / "backup")
    restore(tmp_path / "restored", tmp_path / "backup")
    assert DATABASE in names_in(tmp_path / "restored")
    assert open_to_others(tmp_path / "restored") == {}


@pytest.mark.usefixtures("open_umask")
def test_reused_files_of_an_older_version_become_private(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    write(tmp_path / "docs" / "a.md", "# A\n\nA river.")
    run()
    for path in (tmp_path / ".rag").glob("*-*/**/*"):
        path.chmod(0o644)
        path.parent.chmod(0o755)
    write(tmp_path / "docs" / "b.md", "# B\n\nA bank.")
    run()
    run()
    newest = sorted((tmp_path / ".rag").glob("*-00000002"))
    assert len(newest) == 2
    assert [open_to_others(path) for path in newest] == [{}, {}]


@pytest.mark.usefixtures("open_umask")
def test_files_are_private_while_an_ingest_runs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    write(tmp_path / "docs" / "a.md", "# A\n\nA river.")
    seen: dict[str, str] = {}

    def look() -> None:
        assert {"ingest.lock", "ingest.holder.json", DATABASE} < names_in(tmp_path / ".rag")
        seen.update(open_to_others(tmp_path / ".rag"))

    run(embedder=Interrupted(1, look))
    assert seen == {}


@pytest.mark.usefixtures("open_umask")
def test_an_index_in_a_folder_that_others_can_read_has_private_files(tmp_path: Path) -> None:
    index, document = tmp_path / "shared", tmp_path / "a.md"
    index.mkdir(mode=0o755)
    document.write_text("A river.")
    ingest(index, [document], HashEmbedder)
    assert open_to_others(index) == {".": "755"}


@pytest.mark.usefixtures("open_umask")
def test_each_kind_of_file_is_private_from_its_creation(tmp_path: Path) -> None:
    Checkpoints(tmp_path / "checkpoints", "key").folder.parent.mkdir(mode=0o700)
    Checkpoints(tmp_path / "checkpoints", "key").load_or_make("part", lambda: {"ids": np.arange(2)})
    FaissIndex(4).save(tmp_path / "dense")
    with held(tmp_path / "a.lock", "nothing", 0):
        tmp_path.chmod(0o700)
        assert {"a.lock", "a.holder.json"} < names_in(tmp_path)
        assert open_to_others(tmp_path) == {}


def test_a_file_that_others_could_read_is_private_after_it_is_rewritten(tmp_path: Path) -> None:
    path = tmp_path / "a"
    path.write_text("before")
    path.chmod(0o666)
    write_private(path, "é")
    assert (path.read_bytes(), stat.S_IMODE(path.stat().st_mode)) == ("é".encode(), 0o600)
    make_private_file(path)
    assert path.read_bytes() == "é".encode()
    with pytest.raises(FileExistsError):
        open_private(path, "xb")
