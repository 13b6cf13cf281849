"""After any stop of an ingest its commits are kept, and the next ingest does the rest."""

import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from command import ROOT
from fakes import HashEmbedder, WordTokenizer
from index.errors import IndexBusy, StorageFull
from index.ingest.ingest import rebuild
from ingesting import Interrupted, indexed, run, texts_in, write

N_DOCUMENTS, N_CHUNKS = 12, 60


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working directory whose docs/ has so many chunks that a commit has three documents."""
    for i in range(N_DOCUMENTS):
        paragraphs = [f"Report {i}, part {j}. " + "river " * 35 for j in range(N_CHUNKS)]
        write(tmp_path / "docs" / f"{i:02}.txt", "\n\n".join(paragraphs))
    monkeypatch.chdir(tmp_path)
    return tmp_path


def assert_completed_by_the_next(kept: list[str]) -> None:
    """Check that the next ingest encodes only what is missing and ends like an undisturbed one."""
    report, n_encoded = run()
    assert report.unchanged == kept
    assert len(report.added) == N_DOCUMENTS - len(kept)
    assert n_encoded == N_CHUNKS * len(report.added)
    run(index="undisturbed")
    assert indexed(Path(".rag")) == indexed(Path("undisturbed"))


@pytest.mark.usefixtures("here")
def test_an_interrupted_ingest_keeps_what_it_committed() -> None:
    # Calls have 16, 32, 64 and then 128 texts: six of them contain eight complete documents, and a
    # commit has three.
    with pytest.raises(KeyboardInterrupt):
        run(embedder=Interrupted(7))
    kept = list(texts_in())
    assert kept == [f"docs/{i:02}.txt" for i in range(6)]
    assert_completed_by_the_next(kept)


@pytest.mark.usefixtures("here")
def test_an_error_in_any_thread_is_raised_unchanged_and_ends_the_other_threads() -> None:
    class Failing(HashEmbedder):
        """Its tokenizer fails at the n-th text that the reading thread counts."""

        def __init__(self, n: int) -> None:
            super().__init__()
            self.tokenizer = FailingTokenizer(n)

    class FailingTokenizer(WordTokenizer):
        def __init__(self, n: int) -> None:
            self._n_left = n

        def offsets(self, text: str) -> list[tuple[int, int]]:
            if threading.current_thread().name.startswith("read"):
                self._n_left -= 1
                if self._n_left == 0:
                    raise MemoryError("of the tokenizer")
            return super().offsets(text)

    def fail() -> None:
        raise ZeroDivisionError("of the model")

    threads = threading.enumerate()
    with pytest.raises(ZeroDivisionError, match="of the model"):
        run(embedder=Interrupted(3, fail))
    assert threading.enumerate() == threads
    # The reader fails far ahead: the documents before its failure are stored anyway.
    with pytest.raises(MemoryError, match="of the tokenizer"):
        run(embedder=Failing(600))
    assert threading.enumerate() == threads
    kept = list(texts_in())
    assert 3 <= len(kept) < N_DOCUMENTS
    assert_completed_by_the_next(kept)


@pytest.mark.usefixtures("here")
def test_an_interrupted_rebuild_leaves_the_old_index() -> None:
    run()
    before = indexed(Path(".rag"))
    with pytest.raises(KeyboardInterrupt):
        rebuild(Path(".rag"), Interrupted(5, name="other"))
    assert indexed(Path(".rag")) == before


@pytest.mark.usefixtures("here")
def test_a_second_writer_is_refused() -> None:
    errors: list[IndexBusy] = []

    def another() -> None:
        with pytest.raises(IndexBusy) as raised:
            run()
        errors.append(raised.value)

    def meanwhile() -> None:
        thread = threading.Thread(target=another)
        thread.start()
        thread.join()

    report, _ = run(embedder=Interrupted(1, meanwhile))
    assert len(report.added) == N_DOCUMENTS
    assert len(errors) == 1
    holder = f"process {os.getpid()} on {socket.gethostname()}, since "
    assert str(errors[0]).startswith(f"another process is writing to .rag ({holder}")
    assert run()[0].unchanged == report.added  # the lock was released


def test_an_index_whose_creation_was_interrupted_is_created_again(here: Path) -> None:
    (here / ".rag").mkdir()
    (here / ".rag/rag.db").touch()  # SQLite leaves this before its first transaction
    assert len(run(prune=True)[0].added) == N_DOCUMENTS


HANGING = """
import sys, time
from functools import partial
from pathlib import Path
from index.ingest.ingest import ingest, rebuild
from ingesting import Interrupted

def hang():
    print("in flight", flush=True)
    time.sleep(float(sys.argv[3]))

interrupted = partial(Interrupted, int(sys.argv[2]), hang)
if sys.argv[1] == "ingest":
    ingest(Path(".rag"), [Path("docs")], interrupted)
else:
    rebuild(Path(".rag"), interrupted(name="other"))
"""


def stop_in_flight(what: str, n_calls: int, stop: signal.Signals, hang_s: float) -> None:
    """Start an ingest or a rebuild in a separate process, and stop it in its n-th call, which never
    ends by itself."""
    with subprocess.Popen(
        [sys.executable, "-c", HANGING, what, str(n_calls), str(hang_s)],
        env={**os.environ, "PYTHONPATH": f"{ROOT}{os.pathsep}{ROOT}/tests/support"},
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    ) as process:
        try:
            assert process.stdout is not None
            assert process.stdout.readline() == "in flight\n"
            with pytest.raises(IndexBusy):  # it is alive and writing
                run()
            process.send_signal(stop)
            process.wait(timeout=60)
        finally:
            process.kill()
    assert process.returncode == -stop


@pytest.mark.usefixtures("here")
@pytest.mark.parametrize(("n_calls", "n_kept"), [(1, 0), (7, 6)])
def test_a_killed_ingest_loses_no_commits(n_calls: int, n_kept: int) -> None:
    stop_in_flight("ingest", n_calls, signal.SIGKILL, 60)
    kept = list(texts_in())
    assert len(kept) == n_kept
    assert_completed_by_the_next(kept)


@pytest.mark.usefixtures("here")
def test_ctrl_c_ends_the_process_and_keeps_its_commits() -> None:
    stop_in_flight("ingest", 7, signal.SIGINT, 3)
    kept = list(texts_in())
    assert len(kept) == 6
    assert_completed_by_the_next(kept)


@pytest.mark.usefixtures("here")
def test_a_rebuild_killed_within_its_transaction_leaves_the_old_index() -> None:
    run()
    before = indexed(Path(".rag"))
    stop_in_flight("rebuild", 5, signal.SIGKILL, 60)
    assert indexed(Path(".rag")) == before
    other = HashEmbedder("other")
    rebuild(Path(".rag"), other)
    assert other.n_encoded == N_DOCUMENTS * N_CHUNKS
    assert indexed(Path(".rag")) == before


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A small file system, whose size can be increased."""
    disk = tmp_path / "disk"
    disk.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", str(disk)]
    try:
        subprocess.run(mount, check=True, capture_output=True)
    except (OSError, subprocess.CalledProcessError):
        pytest.skip("mounting a file system needs root")
    yield disk
    subprocess.run(["umount", "--lazy", str(disk)], check=True)


@pytest.mark.usefixtures("here")
def test_a_full_disk_is_reported_wherever_it_occurs_and_the_next_run_continues(
    small_disk: Path,
) -> None:
    """Space is added in steps, so that the database, FAISS and tantivy each run out of it."""
    index, refusals = str(small_disk / ".rag"), []
    for size_kib in range(64, 16_000, 256):
        resize = f"remount,size={size_kib}k"
        subprocess.run(["mount", "-o", resize, str(small_disk)], check=True)
        try:
            run(index=index)
        except StorageFull as error:
            refusals.append(str(error))
        else:
            break
    assert len(refusals) >= 3
    assert all("free some space and run the command again" in refusal for refusal in refusals)
    run(index="undisturbed")
    assert indexed(Path(index)) == indexed(Path("undisturbed"))
