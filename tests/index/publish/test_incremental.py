"""A publication costs what changed: the other files are shared with the generation before."""

import json
import os
import signal
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from fakes import HashEmbedder
from faults.answers import answers_of
from faults.prepared import value_of
from faults.processes import outcome_of
from index.documents.load import document_of
from index.ingest.ingest import ingest, ingest_documents
from index.ingest.remove import remove
from index.publish.backend import EmbeddedBackend
from index.publish.manifest import MANIFEST
from index.publish.snapshot import EmbeddedSnapshot
from index.store.store import Store
from index.types import Document, Ids
from index.words import segments

EMBEDDER = HashEmbedder()
WORDS = ["aid", "grain", "winter", "border", "river", "harbour", "mill"]


def document(number: int, edition: int = 0) -> Document:
    words = [WORDS[(number + i * i) % 7] for i in range(40)]
    text = f"Page {number}, edition {edition}: {' '.join(words)}."
    return document_of(text, f"d{number}", media_type="text/plain", name=f"d{number}")


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(segments, "LEAST_LIMIT", 10)
    ingest_documents(tmp_path / "index", map(document, range(60)), EMBEDDER)
    return tmp_path / "index"


@pytest.fixture
def analysed(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The numbers of chunks whose text was read for BM25."""
    read: list[int] = []
    texts = Store.texts

    def counted(store: Store, ids: Ids) -> Iterator[tuple[int, str, tuple[str, ...]]]:
        read.append(len(ids))
        return texts(store, ids)

    monkeypatch.setattr(Store, "texts", counted)
    return read


def lexical_files(folder: Path) -> dict[str, Path]:
    listed = json.loads((folder / MANIFEST).read_text())["files"]
    return {Path(name).name: folder / name for name in listed if name.startswith("lexical-")}


def test_only_the_texts_of_a_changed_document_are_analysed(
    folder: Path, analysed: list[int]
) -> None:
    ingest_documents(folder, [document(7, edition=1)], EMBEDDER)
    assert analysed == [1]


def test_a_removal_analyses_no_text(folder: Path, analysed: list[int]) -> None:
    remove(folder, ["d7"])
    assert sum(analysed) == 0
    with closing(EmbeddedSnapshot.open(folder)) as snapshot:
        assert len(snapshot.dense) == len(snapshot.lexical) == 59


def test_the_segments_without_a_change_are_shared_with_the_generation_before(folder: Path) -> None:
    before = lexical_files(folder)
    ingest_documents(folder, [document(7, edition=1)], EMBEDDER)
    after = lexical_files(folder)
    shared = [name for name in before.keys() & after.keys() if name.endswith(".idx")]
    assert len(shared) == segments.N_LARGE - 1
    assert all(after[name].samefile(before[name]) for name in shared)
    digests = json.loads((folder / MANIFEST).read_text())["files"]
    assert all(len(digests[str(after[name].relative_to(folder))]) == 64 for name in shared)


def test_an_index_does_not_grow_with_the_number_of_edits(folder: Path) -> None:
    sizes = []
    for edition in range(1, 51):
        ingest_documents(folder, [document(edition % 60, edition)], EMBEDDER)
        assert len(list(folder.glob("dense-*"))) <= 2
        assert len(list(folder.glob("lexical-*"))) <= 2
        sizes.append(n_bytes(folder))
    assert max(sizes[25:]) <= 1.1 * max(sizes[:25])


def n_bytes(folder: Path) -> int:
    found = [file.stat() for file in folder.rglob("*") if file.is_file()]
    return sum({status.st_ino: status.st_size for status in found}.values())


def test_a_file_of_two_generations_counts_once_in_the_size_of_the_index(folder: Path) -> None:
    ingest_documents(folder, [document(7, edition=1)], EMBEDDER)
    counted = EmbeddedBackend(folder).n_bytes()["BM25"]
    files = [file.stat() for file in folder.glob("lexical-*/*")]
    assert counted == sum({file.st_ino: file.st_size for file in files}.values())
    assert counted < sum(file.st_size for file in files)


def test_stored_terms_that_are_damaged_are_never_written_again(folder: Path) -> None:
    for name, path in lexical_files(folder).items():
        if name.endswith(".store"):
            content = bytearray(path.read_bytes())
            content[len(content) // 3] ^= 1
            path.write_bytes(content)
    remove(folder, [f"d{number}" for number in range(0, 60, 2)])
    once = folder.with_name("once")
    ingest_documents(once, map(document, range(1, 60, 2)), EMBEDDER)
    assert answers_of(folder) == answers_of(once)


def test_missing_stored_terms_are_rebuilt_by_the_next_reader(folder: Path) -> None:
    before = answers_of(folder)
    next(path for name, path in lexical_files(folder).items() if name.endswith(".store")).unlink()
    assert answers_of(folder) == before
    assert all(path.exists() for path in lexical_files(folder).values())


# A kill at each step of a publication

_STEPS = ("open", "os.link", "os.mkdir", "os.remove", "os.rename", "os.rmdir")


def killed_at(n: int) -> int:
    """Ingest the documents, and kill this process at the n-th change of a file or folder.

    Return the number of changes.
    """
    segments.LEAST_LIMIT = 5
    n_steps = 0

    def count(event: str, arguments: tuple[object, ...]) -> None:
        nonlocal n_steps
        if event not in _STEPS or "index" not in str(arguments[0]):
            return
        n_steps += 1
        if n_steps == n:
            os.kill(os.getpid(), signal.SIGKILL)

    sys.addaudithook(count)
    ingest(Path("index"), [Path("docs")], HashEmbedder, prune=True)
    return n_steps


def test_a_kill_at_any_step_leaves_one_of_two_generations(tmp_path: Path) -> None:
    docs = tmp_path / "docs"
    docs.mkdir()
    for number in range(30):
        (docs / f"{number}.txt").write_text(document(number).text)
    n_steps = value_of(outcome_of(tmp_path, killed_at, 0))
    assert isinstance(n_steps, int)
    n_killed, after = 0, None
    for round_number, step in enumerate(range(1, n_steps, max(1, n_steps // 14)), 1):
        before = value_of(outcome_of(tmp_path, answers_of, Path("index")))
        (docs / f"{round_number}.txt").write_text(document(round_number, step).text)
        n_killed += outcome_of(tmp_path, killed_at, step).crashed == "exit code -9"
        left = value_of(outcome_of(tmp_path, answers_of, Path("index")))
        value_of(outcome_of(tmp_path, killed_at, 0))
        after = value_of(outcome_of(tmp_path, answers_of, Path("index")))
        assert left in (before, after), step
        assert before != after
    assert n_killed > 8
    (tmp_path / "once").mkdir()
    docs.rename(tmp_path / "once/docs")
    value_of(outcome_of(tmp_path / "once", killed_at, 0))
    assert after == value_of(outcome_of(tmp_path / "once", answers_of, Path("index")))
