"""A backup is complete or absent, and a restore leaves the earlier state or the restored one."""

import os
import sqlite3
import stat
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from damaging import spoil
from fakes import HashEmbedder
from index.backends import backend_at
from index.errors import BadInput, IndexBusy, IndexDamaged, IndexMissing
from index.ingest.ingest import ingest, rebuild
from index.maintain.backup import backup, restore
from index.maintain.check import check
from index.publish.session import writing
from index.store.meta import begin
from index.store.sqlite import Database
from index.store.store import DATABASE, Store
from ingesting import indexed, run, texts_in, write
from rag.pipeline import Pipeline
from serving import serving, until

INDEX, FILE = Path(".rag"), Path("copy.backup")


@pytest.fixture(autouse=True)
def _here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A working directory with an index of two documents in .rag, and a backup of it."""
    monkeypatch.chdir(tmp_path)
    write(Path("docs/a.txt"), "Aid came in winter. The border was closed.")
    write(Path("docs/b.txt"), "Grain came by the river.")
    run()


def change() -> None:
    """Make another generation, in which one document differs and another is removed."""
    write(Path("docs/a.txt"), "Aid came in summer.")
    Path("docs/b.txt").unlink()
    run(prune=True)


def names_in(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def tables(file: Path) -> list[tuple[object, ...]]:
    """The rows that SQLite reads from the file alone."""
    with closing(sqlite3.connect(f"file:{file}?immutable=1", uri=True)) as connection:
        return connection.execute("SELECT doc_id, text FROM documents ORDER BY doc_id").fetchall()


# Backup


def test_a_backup_is_one_private_file_that_includes_the_log() -> None:
    with closing(Store.open(INDEX)) as reader:
        reader.pin()  # the log is not truncated while this reader needs it
        change()
        assert (INDEX / f"{DATABASE}-wal").stat().st_size
        contents = backup(INDEX, FILE)
    assert tables(FILE) == [("docs/a.txt", "Aid came in summer.")]
    assert names_in(Path()) == [".rag", "copy.backup", "docs"]
    assert stat.S_IMODE(FILE.stat().st_mode) == 0o600
    assert (contents.n_documents, contents.n_chunks, contents.generation) == (1, 1, 3)
    assert contents.n_bytes == FILE.stat().st_size
    with closing(sqlite3.connect(FILE)) as connection:
        assert connection.execute("PRAGMA journal_mode").fetchone() == ("delete",)


def test_a_backup_during_an_ingest_has_the_last_commit() -> None:
    with closing(Store.open(INDEX)) as store, store.transaction() as transaction:
        transaction.delete("docs/a.txt")
        backup(INDEX, FILE)
    assert [row[0] for row in tables(FILE)] == ["docs/a.txt", "docs/b.txt"]


def test_an_existing_file_is_replaced_only_on_request() -> None:
    FILE.write_text("mine")
    with pytest.raises(BadInput, match="already exists; choose a new file, or add --force"):
        backup(INDEX, FILE)
    assert FILE.read_text() == "mine"
    backup(INDEX, FILE, overwrite=True)
    assert len(tables(FILE)) == 2


@pytest.mark.parametrize(
    ("file", "message"),
    [
        ("docs", "is a folder"),
        (".rag/copy", "is inside the index"),
        ("link/copy", "is inside the index"),
        (".rag/rag.db", "is inside the index"),
        ("nowhere/copy", "the folder nowhere does not exist"),
        ("pipe", "is not a regular file"),
        ("other/rag.db", "is a database in use"),
    ],
)
def test_a_backup_is_refused_where_it_would_do_harm(file: str, message: str) -> None:
    Path("link").symlink_to(INDEX)
    os.mkfifo("pipe")
    run(index="other")
    before = indexed(INDEX)
    with closing(Store.open(Path("other"))) as reader:
        reader.pin()
        run("docs/a.txt", index="other", embedder=HashEmbedder())
        (Path("other") / f"{DATABASE}-wal").write_bytes(b"written by another process")
        with pytest.raises(BadInput, match=message):
            backup(INDEX, Path(file), overwrite=True)
    assert indexed(INDEX) == before
    assert not list(Path().rglob("*.draft"))


def test_a_missing_or_damaged_index_is_not_backed_up() -> None:
    with pytest.raises(IndexMissing):
        backup(Path("nowhere"), FILE)
    FILE.write_text("a good backup")
    spoil(INDEX, "UPDATE documents SET text = 'Aid came never.' WHERE doc_id LIKE '%a%'")
    with pytest.raises(
        IndexDamaged, match=r"is damaged and was not backed up; .*docs/a\.txt: its text"
    ):
        backup(INDEX, FILE, overwrite=True)
    assert FILE.read_text() == "a good backup"
    assert names_in(Path()) == [".rag", "copy.backup", "docs"]


def test_a_read_only_index_that_changes_during_the_copy_is_not_backed_up(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(os, "access", lambda path, mode: mode == os.R_OK)
    with closing(Database(INDEX / DATABASE, "r")) as source:
        with closing(Database(FILE, "rwc")) as copy:
            source.copy_into(copy)
        os.utime(INDEX / DATABASE, (0, 0))  # as another writing process would leave it
        with closing(Database(FILE, "rwc")) as copy, pytest.raises(IndexBusy, match="was changed"):
            source.copy_into(copy)


# Restore


@pytest.mark.parametrize("folder", [Path("new"), Path("made")])
def test_a_restore_creates_an_index_that_answers_like_the_original(folder: Path) -> None:
    Path("made").mkdir()
    backup(INDEX, FILE)
    contents = restore(folder, FILE)
    assert indexed(folder) == indexed(INDEX)
    assert check(folder).sound
    assert (contents.n_documents, contents.generation) == (2, backend_at(folder).state()[0])
    assert not [name for name in names_in(folder) if "draft" in name]
    report, n_encoded = run(index=str(folder))
    assert report.unchanged == ["docs/a.txt", "docs/b.txt"]
    assert n_encoded == 0


def test_a_restore_replaces_an_index_only_on_request() -> None:
    backup(INDEX, FILE)
    former = indexed(INDEX)
    change()
    changed = indexed(INDEX)
    with pytest.raises(BadInput, match="contains an index; add --yes"):
        restore(INDEX, FILE)
    assert indexed(INDEX) == changed
    restore(INDEX, FILE, overwrite=True)
    assert indexed(INDEX) == former


def test_each_restored_state_is_newer_than_all_before_and_is_not_mistaken_for_another() -> None:
    seen = {backend_at(INDEX).state()}
    backup(INDEX, FILE)
    for _ in range(2):
        change()
        seen.add(backend_at(INDEX).state())
        newest = max(generation for generation, _ in seen)
        assert restore(INDEX, FILE, overwrite=True).generation == newest + 1
        assert backend_at(INDEX).state()[0] == newest + 1
        assert backend_at(INDEX).state() not in seen
        seen.add(backend_at(INDEX).state())
        write(Path("docs/b.txt"), "Grain came by the river.")
    with closing(Store.open(INDEX)) as store:
        former = store.database_id
    restore(INDEX, FILE, overwrite=True)
    with closing(Store.open(INDEX)) as store:
        assert store.database_id != former


def test_a_reader_keeps_the_earlier_state_until_it_refreshes() -> None:
    backup(INDEX, FILE)
    change()
    with closing(Pipeline.over(INDEX, HashEmbedder())) as pipeline:
        restore(INDEX, FILE, overwrite=True)
        assert pipeline.search("Aid in summer").passages[0].text == "Aid came in summer."
        assert pipeline.refresh()
        assert pipeline.search("grain river").passages[0].text == "Grain came by the river."
        assert pipeline.slice("docs/a.txt")[0].text.startswith("Aid came in winter.")


def test_a_running_service_serves_the_restored_state() -> None:
    backup(INDEX, FILE)
    change()
    with serving(Pipeline.over(INDEX, HashEmbedder())) as client:
        asked = {"query": "aid"}
        first = client.post("/v1/search", json=asked).json()["passages"][0]
        assert first["text"] == "Aid came in summer."
        generation = restore(INDEX, FILE, overwrite=True).generation
        until(lambda: client.get("/readyz").json()["generation"] == generation)
        first = client.post("/v1/search", json=asked).json()["passages"][0]
        assert first["text"].startswith("Aid came in winter.")


def test_an_index_with_another_model_or_schema_can_be_replaced() -> None:
    backup(INDEX, FILE)
    former = indexed(INDEX)
    rebuild(INDEX, HashEmbedder("other"))
    restore(INDEX, FILE, overwrite=True)
    assert indexed(INDEX) == former
    spoil(INDEX, "UPDATE meta SET value = 0 WHERE key = 'schema'")
    restore(INDEX, FILE, overwrite=True)
    assert indexed(INDEX) == former


def garbage(path: Path) -> None:
    path.write_bytes(b"garbage" * 1000)


def page_size(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[16:18] = (8192).to_bytes(2, "big")
    path.write_bytes(content)


def cut(path: Path) -> None:
    os.truncate(path, path.stat().st_size // 2 + 100)


def lost_commits(path: Path) -> None:
    """Restore it without its later commits, as `cp` does."""
    path.write_bytes(Path("early").read_bytes())


@pytest.mark.parametrize("damage", [garbage, page_size, cut, lost_commits])
def test_a_damaged_index_is_restored_with_a_generation_above_all_earlier_ones(
    damage: Callable[[Path], None],
) -> None:
    Path("early").write_bytes((INDEX / DATABASE).read_bytes())
    backup(INDEX, FILE)
    former = indexed(INDEX)
    change()
    newest = backend_at(INDEX).state()[0]
    damage(INDEX / DATABASE)
    (INDEX / f"{DATABASE}-wal").write_bytes(b"of the damaged one")
    restore(INDEX, FILE, overwrite=True)
    assert indexed(INDEX) == former
    assert backend_at(INDEX).state()[0] > newest


def test_a_damaged_generation_number_is_ignored() -> None:
    backup(INDEX, FILE)
    newest = backend_at(INDEX).state()[0]
    spoil(INDEX, "UPDATE generations SET generation = 9223372036854775807")
    (INDEX / f"dense-{2**70}").mkdir()
    assert restore(INDEX, FILE, overwrite=True).generation == newest + 1
    assert backup(INDEX, FILE, overwrite=True).generation == newest + 1


def test_only_one_process_writes_at_a_time() -> None:
    backup(INDEX, FILE)
    with writing(INDEX), pytest.raises(IndexBusy, match="another process is writing"):
        restore(INDEX, FILE, overwrite=True)
    restore(INDEX, FILE, overwrite=True)


def test_remains_of_a_killed_restore_are_removed_by_the_next_writer() -> None:
    for name in ("restore.draft", "restore.draft-wal"):
        (INDEX / name).write_text("left")
    ingest(INDEX, [Path("docs")], HashEmbedder)
    assert not [name for name in names_in(INDEX) if "draft" in name]


# Files that are not backups


def changed(sql: str) -> Callable[[], None]:
    def change() -> None:
        with closing(sqlite3.connect(FILE)) as connection:
            connection.executescript(sql)

    return change


def overwritten(at: int, with_: bytes) -> Callable[[], None]:
    def change() -> None:
        content = bytearray(FILE.read_bytes())
        content[at : at + len(with_)] = with_
        FILE.write_bytes(content)

    return change


def endless() -> None:
    """Set a generation that no later one can exceed."""
    with closing(Database(FILE, "rw")) as database:
        begin(database, 1 << 62, (2, 2))
        database.leave_log()


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (lambda: FILE.unlink(), "does not exist"),
        (lambda: FILE.write_bytes(b""), "not an SQLite database"),
        (lambda: FILE.write_text("# Notes\n\nA text."), "not an SQLite database"),
        (lambda: os.truncate(FILE, FILE.stat().st_size - 5000), "is not a complete backup"),
        (overwritten(4096, b"\xff" * 4096), "is not a complete backup"),
        (lambda: Path("copy.backup-wal").write_text("more"), "without its log copy.backup-wal"),
        (changed("UPDATE meta SET value = '1' WHERE key = 'schema'"), "schema 1, but this program"),
        (changed("DELETE FROM meta WHERE key = 'schema'"), "schema None"),
        (changed("DELETE FROM meta WHERE key = 'fingerprint'"), "is not a complete backup"),
        (changed("DELETE FROM generations"), "is not a complete backup"),
        (changed("UPDATE generations SET generation = 7"), "list of generations"),
        (endless, "its generation 4611686018427387904 is out of range"),
        (changed("DROP TABLE chunks"), "is not a complete backup"),
        (
            changed("DELETE FROM chunks WHERE document = 1"),
            "of token_vectors refers to a missing row",
        ),
        (changed("UPDATE documents SET n_chunks = 7"), r"docs/a.txt: .* and 1 more flaws"),
        (changed("UPDATE documents SET text = 'never'"), "docs/a.txt: its text or its row differs"),
        (
            changed(
                "CREATE TRIGGER t AFTER INSERT ON generations BEGIN DELETE FROM documents; END"
            ),
            "contains the trigger 't', which is not part of an index",
        ),
    ],
)
def test_an_incomplete_backup_is_refused_and_changes_nothing(
    damage: Callable[[], None], message: str
) -> None:
    backup(INDEX, FILE)
    before, state = indexed(INDEX), backend_at(INDEX).state()
    damage()
    with pytest.raises((BadInput, IndexDamaged), match=message) as raised:
        restore(INDEX, FILE, overwrite=True)
    assert "copy.backup" in str(raised.value)
    assert "\n" not in str(raised.value)
    assert (indexed(INDEX), backend_at(INDEX).state()) == (before, state)
    assert not [name for name in names_in(INDEX) if "draft" in name]


def test_the_index_s_own_database_a_folder_and_a_pipe_are_not_backups() -> None:
    os.mkfifo("pipe")
    for file, message in (
        (INDEX / DATABASE, "own database"),
        (INDEX, "not a file"),
        ("pipe", "not a file"),
    ):
        with pytest.raises(BadInput, match=message):
            restore(INDEX, Path(file), overwrite=True)
    assert len(texts_in()) == 2
