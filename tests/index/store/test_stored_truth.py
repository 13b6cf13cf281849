"""A damaged text is never cited, and the database's log does not grow during reads."""

from contextlib import closing
from pathlib import Path

import pytest

from damaging import spoil
from fakes import HashEmbedder
from index.errors import IndexDamaged
from index.ingest.ingest import ingest, rebuild
from index.publish.snapshot import EmbeddedSnapshot
from index.store.store import DATABASE, Store
from rag.pipeline import Pipeline

TEXT = "Aid came in winter. The border was closed."


@pytest.fixture
def index(tmp_path: Path) -> Path:
    (tmp_path / "a.txt").write_text(TEXT)
    (tmp_path / "b.txt").write_text("Grain came by the river.")
    ingest(tmp_path / "index", [tmp_path], HashEmbedder)
    return tmp_path / "index"


def change_a_text(index: Path) -> None:
    spoil(index, "UPDATE documents SET text = replace(text, 'winter', 'summer')")


def test_a_damaged_text_is_refused_by_every_reader(index: Path) -> None:
    change_a_text(index)
    with closing(Pipeline.over(index, HashEmbedder())) as pipeline:
        doc_id = next(d for d in documents(index) if d.endswith("a.txt"))
        with pytest.raises(IndexDamaged, match=r"a\.txt differs from what was stored"):
            pipeline.slice(doc_id)
        with pytest.raises(IndexDamaged, match=r"a\.txt"):
            pipeline.search("aid in winter")


def documents(index: Path) -> list[str]:
    with closing(Store.open(index)) as store:
        return [row.doc_id for row in store.records()]


def test_a_rebuild_refuses_damaged_documents_by_name(index: Path) -> None:
    change_a_text(index)
    with pytest.raises(IndexDamaged, match=r"1 documents are damaged .*a\.txt"):
        rebuild(index, HashEmbedder())
    with pytest.raises(IndexDamaged, match=r"a\.txt"):
        rebuild(index, HashEmbedder("other"))


def test_an_ingest_repairs_a_damaged_text_from_its_file(index: Path, tmp_path: Path) -> None:
    change_a_text(index)
    report = ingest(index, [tmp_path], HashEmbedder)
    assert [Path(doc_id).name for doc_id in report.updated] == ["a.txt"]
    assert [Path(doc_id).name for doc_id in report.unchanged] == ["b.txt"]
    with closing(Pipeline.over(index, HashEmbedder())) as pipeline:
        assert pipeline.search("aid in winter").passages[0].text == TEXT


def test_damaged_json_of_a_document_is_damage_of_the_index(index: Path) -> None:
    spoil(index, "UPDATE documents SET headings = '[[' WHERE doc_id LIKE '%a.txt'")
    with (
        closing(Pipeline.over(index, HashEmbedder())) as pipeline,
        pytest.raises(IndexDamaged, match=r"a\.txt"),
    ):
        pipeline.search("aid in winter")


def test_the_log_is_truncated_after_each_ingest_with_any_number_of_readers(
    index: Path, tmp_path: Path
) -> None:
    log = index / f"{DATABASE}-wal"
    readers = [Pipeline.over(index, HashEmbedder()) for _ in range(2)]
    for n in range(5):
        (tmp_path / "a.txt").write_text(f"Winter {n}. " * 2000)
        ingest(index, [tmp_path], HashEmbedder)
        # The second reader releases last; then the first can, and nothing holds the log.
        for _ in range(2):
            for reader in readers:
                reader.refresh()
        assert log.stat().st_size == 0
        assert {reader.search("winter").generation for reader in readers} == {n + 2}
    for reader in readers:
        reader.close()


def test_releasing_the_log_keeps_the_generation(index: Path, tmp_path: Path) -> None:
    with closing(EmbeddedSnapshot.open(index)) as snapshot:
        before = [row.sha256 for row in snapshot.records()]
        (tmp_path / "a.txt").write_text("Another text.")
        ingest(index, [tmp_path], HashEmbedder)
        snapshot.release_log()  # it does nothing: this generation is no longer the database's
        assert [row.sha256 for row in snapshot.records()] == before
