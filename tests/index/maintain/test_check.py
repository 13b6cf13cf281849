"""A check detects every change, and a repair ends with right answers or reports the loss."""

import shutil
import sqlite3
from contextlib import closing, suppress
from itertools import combinations
from pathlib import Path
from random import Random

import numpy as np
import pytest

from command import rag
from damaging import CHANGES, OTHER_TYPES, change, columns, make_index, spoil
from fakes import HashEmbedder
from faults.answers import Answers, answers_of
from holding import stopped_holder_of
from index.errors import IndexDamaged, IndexProblem
from index.ingest.ingest import ingest_documents
from index.ingest.remove import remove
from index.maintain.check import check
from index.maintain.repair import repair
from index.publish.manifest import MANIFEST, Manifest
from index.publish.publish import LOCK as PUBLISHING_LOCK
from index.publish.session import LOCK as WRITING_LOCK
from index.publish.snapshot import EmbeddedSnapshot
from index.store.objects import STATEMENTS
from index.store.store import DATABASE, Store
from index.types import Document
from index.vectors.faiss_index import FaissIndex

BEYOND = {("meta", "key"), ("meta", "value"), ("meta", "sum")}
"""The model and the schema of an index: no other row has them."""


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_index(tmp_path_factory.mktemp("check"))


@pytest.fixture(scope="module")
def right(made: Path) -> Answers:
    return answers_of(made)


@pytest.fixture
def index(made: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy for damage, with the files of its documents next to it."""
    monkeypatch.chdir(made.parent)
    return Path(shutil.copytree(made, tmp_path / "index"))


def never() -> HashEmbedder:
    raise AssertionError("nothing is to be encoded")


def test_an_unchanged_index_is_sound(index: Path) -> None:
    checked = check(index)
    assert checked.sound, checked.flaws
    n = checked.n_chunks
    assert (checked.n_documents, n > 3) == (3, True)
    counts = {checked.n_vectors, checked.n_token_vectors, checked.n_dense, checked.n_lexical}
    assert counts == {n}
    assert repair(index, never) == (checked, checked)


def test_an_index_that_is_written_and_published_during_a_check_is_sound(index: Path) -> None:
    def told(*_progress: int) -> None:
        remove(index, ["docs/d02.txt"])

    before = check(index)
    assert check(index, told).sound
    assert check(index).n_documents == before.n_documents - 1


def test_files_that_a_stopped_ingest_left_are_reported(index: Path) -> None:
    with closing(Store.open(index, to_write=True)) as store, store.transaction():
        generation = store.generation
    [flaw] = check(index).flaws
    said = f"has generation {generation}, but the database has {generation + 1}"
    assert (flaw.part, said in flaw.message) == ("derived", True)


@pytest.mark.parametrize("changes", [CHANGES, OTHER_TYPES], ids=["value", "type"])
@pytest.mark.parametrize(("table", "column"), columns())
def test_a_changed_value_is_detected_and_repaired(
    table: str, column: str, changes: dict[type, str], index: Path, right: Answers
) -> None:
    try:
        changed = change(index, table, column, changes)
    except sqlite3.IntegrityError as error:  # for an integer that orders a table
        assert "datatype mismatch" in str(error)  # noqa: PT017
        return
    if not changed:
        assert table == "tombstones"
        return
    with suppress(IndexProblem):  # a reader may also detect it
        answers_of(index)
    try:
        checked = check(index)
    except IndexProblem:
        assert (table, column) in BEYOND
        return
    assert not checked.sound
    _, after = repair(index, HashEmbedder)
    if after.sound:
        assert answers_of(index) == right
        return
    assert (table, column) in BEYOND or table == "documents"
    if table == "documents":
        _, after = repair(index, HashEmbedder, drop=True)
        assert after.sound
        assert after.n_documents == 2


ROOT_PAGE = "SELECT rootpage FROM sqlite_master WHERE name = ?"


SPOIL_TEXT = (
    "UPDATE documents SET text = replace(text, 'Report', 'Rumour') WHERE doc_id LIKE '%d01%'"
)


def test_a_text_is_restored_from_its_file(index: Path, right: Answers) -> None:
    spoil(index, SPOIL_TEXT)
    before, after = repair(index, HashEmbedder)
    assert [flaw.message.partition(":")[0] for flaw in before.flaws] == ["docs/d01.txt"]
    assert after.sound
    assert answers_of(index) == right


def test_a_text_whose_file_has_changed_is_not_repairable(index: Path, tmp_path: Path) -> None:
    """Nothing is repaired until the loss is accepted, even if other things could be."""
    (tmp_path / "docs").mkdir()
    spoil(index, SPOIL_TEXT)
    spoil(index, f"UPDATE documents SET path = '{tmp_path}/docs/d01.txt' WHERE doc_id LIKE '%d01%'")
    spoil(index, "UPDATE token_vectors SET sum = sum + 1")
    held = (index / DATABASE).read_bytes()
    before, after = repair(index, never)
    assert len(before.flaws) == 3
    assert [flaw.message.partition(":")[0] for flaw in after.flaws] == ["docs/d01.txt"]
    assert (index / DATABASE).read_bytes() == held
    _, after = repair(index, HashEmbedder, drop=True)
    assert (after.sound, after.n_documents) == (True, 2)


@pytest.mark.parametrize("sequence", ["'text'", "0", "9223372036854775807"])
def test_a_damaged_last_row_number_is_detected_and_repaired(
    sequence: str, index: Path, right: Answers
) -> None:
    """SQLite stores it in a separate table, without a checksum."""
    spoil(index, f"UPDATE sqlite_sequence SET seq = {sequence}")
    [flaw] = check(index).flaws
    assert "last row" in flaw.message
    assert repair(index, never)[1].sound
    assert answers_of(index) == right
    ingest_documents(index, [Document("new", "new", "New", "All of it is new.")], HashEmbedder())
    assert check(index).sound


def test_an_ingest_continues_if_the_last_row_number_is_lost(index: Path) -> None:
    spoil(index, "DELETE FROM sqlite_sequence")
    ingest_documents(index, [Document("new", "new", "New", "All of it is new.")], HashEmbedder())
    assert check(index).sound


def test_a_document_damaged_together_with_its_chunks_is_reported(index: Path) -> None:
    """The document's row cannot be verified by damaged chunks."""
    spoil(index, "UPDATE documents SET title = 'other' WHERE doc_id LIKE '%d01%'")
    spoil(index, "UPDATE chunks SET digest = 'text', start = 'text'")
    _, after = repair(index, never)
    assert "docs/d01.txt" in [flaw.message.partition(":")[0] for flaw in after.flaws]
    assert repair(index, HashEmbedder, drop=True)[1].sound


def test_a_manifest_that_cannot_be_removed_is_reported(index: Path) -> None:
    (index / MANIFEST).unlink()
    (index / MANIFEST).mkdir()
    with pytest.raises(IndexProblem, match=f"cannot use .*{MANIFEST}"):
        repair(index, never)


@pytest.mark.parametrize("name", sorted(STATEMENTS.keys() - {"documents", "meta"}))
def test_a_missing_table_or_index_is_detected_and_created_again(
    name: str, index: Path, right: Answers
) -> None:
    kind = "INDEX" if "INDEX" in STATEMENTS[name].partition("(")[0] else "TABLE"
    spoil(index, f"DROP {kind} {name}")
    assert f"the database: it has no {name}" in [flaw.message for flaw in check(index).flaws]
    assert repair(index, HashEmbedder)[1].sound
    assert answers_of(index) == right


@pytest.mark.parametrize("name", ["documents", "meta"])
def test_a_missing_table_that_only_a_backup_has_is_reported(name: str, index: Path) -> None:
    spoil(index, f"DROP TABLE {name}")
    if name == "documents":
        before, after = repair(index, never)
        assert "lost" in {flaw.part for flaw in before.flaws}
        assert (after.sound, after.n_documents) == (True, 0)
    else:
        for call in (
            check,
            Store.open,
            lambda folder: ingest_documents(folder, [], HashEmbedder()),
        ):
            with pytest.raises(IndexDamaged, match="it has no table meta"):
                call(index)


def test_triggers_and_views_are_detected_and_removed(index: Path, right: Answers) -> None:
    spoil(index, 'CREATE TRIGGER "a ""b" AFTER INSERT ON chunks BEGIN DELETE FROM documents; END')
    spoil(index, "CREATE VIEW mine AS SELECT 1")
    messages = [flaw.message for flaw in check(index).flaws]
    assert messages == [
        "the database: it contains the trigger 'a \"b'",
        "the database: it contains the view 'mine'",
    ]
    assert repair(index, never)[1].sound
    assert answers_of(index) == right


def test_a_page_with_wrong_free_space_is_rewritten(index: Path, right: Answers) -> None:
    """This flaw concerns no row, and only SQLite detects it."""
    spoil(index, "UPDATE meta SET key = key")  # the database has a log
    path = index / DATABASE
    with closing(sqlite3.connect(path)) as connection:
        [page] = connection.execute(ROOT_PAGE, ["token_vectors"])
    content = bytearray(path.read_bytes())
    content[(page[0] - 1) * 4096 + 7] += 9  # fragmented free bytes
    path.write_bytes(content)
    [flaw] = check(index).flaws
    assert "Fragmentation" in flaw.message
    assert repair(index, never)[1].sound
    assert answers_of(index) == right


def test_exchanged_pages_are_damage_for_every_reader(index: Path, tmp_path: Path) -> None:
    """Invalid rows cause no other error, whatever is read."""
    whole = (index / DATABASE).read_bytes()
    with closing(sqlite3.connect(index / DATABASE)) as connection:
        found = connection.execute("SELECT rootpage FROM sqlite_master WHERE rootpage > 1")
        pages = [(page - 1) * 4096 for (page,) in found]
    for a, b in combinations(pages, 2):
        content = bytearray(whole)
        content[a : a + 4096], content[b : b + 4096] = whole[b : b + 4096], whole[a : a + 4096]
        damaged = Path(shutil.copytree(index, tmp_path / f"{a}-{b}"))
        (damaged / DATABASE).write_bytes(content)
        for read in (check, answers_of, lambda folder: repair(folder, HashEmbedder, drop=True)):
            with suppress(IndexProblem):
                read(damaged)


def test_missing_rows_are_reported(index: Path) -> None:
    spoil(index, "DELETE FROM documents WHERE doc_id LIKE '%d01%'")
    before, after = repair(index, never)
    assert "3 documents were stored, but 2 exist" in [flaw.message for flaw in before.flaws]
    assert "lost" in {flaw.part for flaw in before.flaws}
    assert (after.sound, after.n_documents) == (True, 2)


@pytest.mark.parametrize("name", [MANIFEST, "vectors.faiss", "meta.json"])
@pytest.mark.parametrize("lost", [True, False])
def test_files_of_faiss_and_bm25_are_rebuilt(
    name: str, lost: bool, index: Path, right: Answers
) -> None:
    file = next(index.rglob(name))
    content = bytearray(file.read_bytes())
    content[len(content) // 2] ^= 4
    if lost:
        file.unlink()
    else:
        file.write_bytes(content)
    before, after = repair(index, never)
    assert {flaw.part for flaw in before.flaws} == {"derived"}
    assert after.sound
    assert answers_of(index) == right


def test_vectors_or_terms_that_differ_from_the_database_are_detected(index: Path) -> None:
    """The files are intact, but of another state of the database: no checksum detects this."""
    spoil(index, "UPDATE meta SET key = key")  # a new log
    with closing(Store.open(index)) as store:
        manifest = Manifest.read(index, store)
        assert manifest is not None
        wrong = FaissIndex.load(index / manifest.dense, to_change=True)
        ids = np.sort(wrong.ids())
        wrong.remove(ids[:2])
        wrong.add(ids[:2], store.vectors(ids[:2])[::-1].copy())
        wrong.save(index / manifest.dense)
        generation = manifest.generation
        Manifest.of(index, store, generation, manifest.dense, manifest.lexical).write(index)
    messages = [flaw.message for flaw in check(index).flaws]
    assert messages == ["the vectors in FAISS differ from those in the database"]
    assert repair(index, never)[1].sound


def test_the_exit_status_shows_the_result(index: Path) -> None:
    def status(*flags: str) -> tuple[int, str]:
        done = rag("check", *flags, "--index", str(index), cwd=index.parent)
        return done.returncode, done.stdout + done.stderr

    assert status()[0] == 0
    next(index.rglob("vectors.faiss")).unlink()
    code, output = status()
    assert (code, "rag check --repair" in output) == (1, True)
    assert status("--repair")[0] == 0
    assert status("--json")[0] == 0
    spoil(index, SPOIL_TEXT)
    spoil(index, "UPDATE documents SET path = NULL WHERE doc_id LIKE '%d01%'")
    code, output = status("--repair")
    assert (code, "--drop" in output, "docs/d01.txt" in output) == (2, True, True)
    assert status("--drop")[0] == 2
    (index / DATABASE).write_bytes(b"no database at all" * 100)
    code, output = status()
    assert (code, output.count("\n")) == (2, 1)


def commit_alone(index: Path) -> None:
    """Commit a generation that FAISS and BM25 lack."""
    with closing(Store.open(index, to_write=True)) as store, store.transaction():
        pass


@pytest.mark.parametrize("lock", [WRITING_LOCK, PUBLISHING_LOCK])
def test_an_index_that_is_being_written_is_not_reported_as_damaged(index: Path, lock: str) -> None:
    commit_alone(index)
    assert [flaw.part for flaw in check(index).flaws] == ["derived"]
    with stopped_holder_of(index / lock):
        checked = check(index)
        done = rag("check", "--index", index)
    assert (checked.flaws, checked.sound) == ([], False)
    assert (checked.n_chunks > 3, checked.n_dense, checked.n_lexical) == (True, 0, 0)
    assert (done.returncode, done.stderr) == (1, "")
    last = done.stdout.splitlines()[-1]
    assert "could not be verified" in last
    assert "another process is writing" in last
    assert repair(index, never)[1].sound


def test_a_commit_during_a_check_is_not_damage(index: Path) -> None:
    """The checked state is that of the start of the check."""

    def told(done: int, total: int) -> None:
        if done == total:
            commit_alone(index)
            EmbeddedSnapshot.open(index).close()

    checked = check(index, told)
    assert (checked.flaws, checked.sound) == ([], True)
    assert checked.n_dense == checked.n_lexical == checked.n_chunks
    assert check(index).sound


def test_nothing_is_created_if_there_is_no_index(tmp_path: Path) -> None:
    folder = tmp_path / "none"
    for flags in ([], ["--repair"]):
        done = rag("check", *flags, "--index", folder)
        assert (done.returncode, done.stdout) == (2, "")
        assert done.stderr.startswith(f"rag: no index at {folder}; create one with")
        assert not folder.exists()


def contents(index: Path) -> list[object]:
    """Every row of every table."""
    with closing(sqlite3.connect(index / DATABASE)) as connection:
        tables = connection.execute("SELECT name FROM sqlite_schema WHERE type = 'table'")
        return [
            sorted(connection.execute(f"SELECT * FROM {name}")) for (name,) in tables.fetchall()
        ]


def test_a_flipped_bit_that_is_not_detected_is_in_no_row(index: Path, tmp_path: Path) -> None:
    """Most of a small database is free space: changes there have no effect."""
    rng, right, n_found = Random(7), contents(index), 0
    path = tmp_path / "struck" / DATABASE
    for _ in range(80):
        shutil.rmtree(path.parent, ignore_errors=True)
        shutil.copytree(index, path.parent)
        content = bytearray(path.read_bytes())
        content[rng.randrange(len(content))] ^= 1 << rng.randrange(8)
        path.write_bytes(content)
        try:
            found = not check(path.parent).sound
        except IndexProblem:
            found = True
        n_found += found
        assert found or contents(path.parent) == right
    assert n_found > 5
