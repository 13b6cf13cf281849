"""After any damage to the derived files, a search returns results of the store."""

import json
import shutil
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fakes import HashEmbedder
from index.documents.load import document_of
from index.errors import IndexDamaged
from index.ingest.ingest import ingest, ingest_documents, rebuild
from index.publish.publish import MANIFEST
from index.publish.snapshot import EmbeddedSnapshot
from index.store.store import DATABASE, Store
from index.types import Document
from index.words import segments
from index.words.analyze import terms_of
from rag.pipeline import Pipeline

EMBEDDER = HashEmbedder()
QUERIES = ["aid and grain", "winter border aid", "grain", "river"]


def document(doc_id: str, text: str) -> Document:
    return document_of(text, doc_id, media_type="text/plain", name=doc_id)


def answers(folder: Path) -> list[str]:
    """All results of searches of an index, without time and generation."""
    hits: list[list[tuple[int, float]]] = []
    pipeline = Pipeline.over(folder, EMBEDDER)
    results = [pipeline.search(query, 50) for query in QUERIES]
    with closing(EmbeddedSnapshot.open(folder)) as snapshot:
        for query in QUERIES:
            dense = snapshot.dense.search(EMBEDDER.encode_query(query).vector, 1000)
            lexical = snapshot.lexical.search(terms_of(query), 1000)
            hits += [[(h.chunk_id, round(h.score, 5)) for h in side] for side in (dense, lexical)]
    pipeline.close()
    found = [r.model_copy(update={"took_ms": 0, "generation": 0}) for r in results]
    return [*map(str, hits), *(result.model_dump_json() for result in found)]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    words = ["aid", "grain", "winter", "border", "river"]
    documents = [
        document(f"d{i}", f"{words[i % 5]} and {words[i % 3]}. Then number {i}.") for i in range(25)
    ]
    ingest_documents(tmp_path / "index", documents, EMBEDDER)
    return tmp_path / "index"


def published(folder: Path) -> dict[str, str]:
    files: dict[str, str] = json.loads((folder / MANIFEST).read_text())["files"]
    return files


def flip_a_bit_of(pattern: str) -> Callable[[Path], None]:
    def damage(folder: Path) -> None:
        name = next(name for name in published(folder) if name.endswith(pattern))
        # In place, like a disk error: the file never gets shorter than what others have mapped.
        with (folder / name).open("r+b") as file:
            middle = (folder / name).stat().st_size // 2
            file.seek(middle)
            bit = file.read(1)[0] ^ 1
            file.seek(middle)
            file.write(bytes([bit]))

    return damage


def drop(pattern: str) -> Callable[[Path], None]:
    def damage(folder: Path) -> None:
        (folder / next(name for name in published(folder) if name.endswith(pattern))).unlink()

    return damage


def overwrite_manifest(text: str) -> Callable[[Path], None]:
    def damage(folder: Path) -> None:
        (folder / MANIFEST).write_text(text)

    return damage


def change_manifest(**fields: object) -> Callable[[Path], None]:
    def damage(folder: Path) -> None:
        manifest = json.loads((folder / MANIFEST).read_text())
        (folder / MANIFEST).write_text(json.dumps({**manifest, **fields}))

    return damage


def drop_everything(folder: Path) -> None:
    (folder / MANIFEST).unlink()
    for path in (*folder.glob("dense-*"), *folder.glob("lexical-*")):
        shutil.rmtree(path) if path.is_dir() else path.unlink()


DAMAGES = {
    "a bit of the vectors": flip_a_bit_of(".faiss"),
    "a bit of the terms": flip_a_bit_of(".term"),
    "a bit of the postings": flip_a_bit_of(".idx"),
    "a bit of tantivy's own manifest": flip_a_bit_of("meta.json"),
    "a bit of the stored terms": flip_a_bit_of(".store"),
    "no vectors": drop(".faiss"),
    "no stored terms": drop(".store"),
    "half a manifest": overwrite_manifest('{"format": 1, "gen'),
    "an empty manifest": overwrite_manifest(""),
    "a list for a manifest": overwrite_manifest("[]"),
    "a later generation": change_manifest(generation=9),
    "an earlier generation": change_manifest(generation=0),
    "a list of files": change_manifest(files=[]),
    "another format": overwrite_manifest('{"format": 0}'),
    "nothing": drop_everything,
}


@pytest.mark.parametrize("damage", DAMAGES.values(), ids=DAMAGES.keys())
def test_damaged_files_are_rebuilt_from_the_store(
    folder: Path, damage: Callable[[Path], None]
) -> None:
    before, n_encoded = answers(folder), EMBEDDER.n_encoded
    damage(folder)
    assert answers(folder) == before
    assert EMBEDDER.n_encoded == n_encoded
    # The rebuilt files are published: the next reader finds them complete.
    names = published(folder)
    assert answers(folder) == before
    assert published(folder) == names


def test_an_index_whose_last_commit_was_not_published_is_updated(folder: Path) -> None:
    kept = folder.with_name("kept")
    shutil.copytree(folder, kept)
    ingest_documents(folder, [document("d3", "aid, changed"), document("new", "river")], EMBEDDER)
    # The current database with the earlier derived files: a crash between commit and publication.
    shutil.copy2(folder / DATABASE, kept / DATABASE)
    assert answers(kept) == answers(folder)


def test_an_index_whose_removal_was_not_published_is_updated(folder: Path) -> None:
    left = document("d0", "aid and aid. Then number 0.")
    ingest_documents(folder.with_name("fresh"), [left], EMBEDDER)
    store = Store.open(folder)
    with store.transaction() as transaction:
        for row in store.records():
            if row.doc_id != "d0":
                transaction.delete(row.doc_id)
    store.close()
    before = published(folder)
    assert answers(folder) == answers(folder.with_name("fresh"))
    assert published(folder).keys() != before.keys()


def remake(folder: Path, *documents: Document) -> None:
    for file in folder.glob(f"{DATABASE}*"):
        file.unlink()
    ingest_documents(folder, documents, EMBEDDER)


def test_a_new_database_is_not_searched_with_the_files_of_the_earlier_one(folder: Path) -> None:
    documents = [document("d0", "river"), document("d1", "grain in winter")]
    remake(folder, *documents)
    remake(folder.with_name("fresh"), *documents)
    assert answers(folder) == answers(folder.with_name("fresh"))


def put_back(folder: Path, copy: bytes, n_commits: int) -> None:
    """Replace the database with a copy of the first generation, and commit to it."""
    (folder / DATABASE).write_bytes(copy)
    store = Store.open(folder)
    for _ in range(n_commits):
        with store.transaction():
            pass
    assert store.generation == 1 + n_commits
    store.close()


@pytest.mark.parametrize("n_commits", [3, 4])
def test_an_older_copy_of_the_database_is_not_searched_with_later_files(
    folder: Path, n_commits: int
) -> None:
    """Unpublished commits of its own bring it to the same generation number."""
    before, copy = answers(folder), (folder / DATABASE).read_bytes()
    for i in range(3):
        ingest_documents(folder, [document(f"lost{i}", "aid and grain")], EMBEDDER)
    put_back(folder, copy, n_commits)
    assert answers(folder) == before


@pytest.mark.parametrize("n_commits", [0, 1, 2])
def test_a_database_that_lost_commits_is_damaged(folder: Path, n_commits: int) -> None:
    copy = (folder / DATABASE).read_bytes()
    for i in range(3):
        ingest_documents(folder, [document(f"d{i}", "another text")], EMBEDDER)
    put_back(folder, copy, n_commits)
    lost = f"is at generation {1 + n_commits}, but generation 4 was published"
    with pytest.raises(IndexDamaged, match=lost):
        EmbeddedSnapshot.open(folder)
    with pytest.raises(IndexDamaged, match=lost):
        ingest_documents(folder, [document("d9", "text")], EMBEDDER)
    (folder / MANIFEST).unlink()  # as the message advises
    ingest_documents(folder, [document(f"d{i}", "another text") for i in range(3)], EMBEDDER)
    EmbeddedSnapshot.open(folder).close()


def test_files_that_missed_a_removal_are_rebuilt_after_its_tombstones_are_deleted(
    folder: Path,
) -> None:
    kept = folder.with_name("kept")
    shutil.copytree(folder, kept)
    ingest_documents(folder, [document("d3", "aid, changed")], EMBEDDER)
    shutil.copy2(folder / DATABASE, kept / DATABASE)  # its tombstone of the earlier d3 is deleted
    snapshot = EmbeddedSnapshot.open(kept)
    assert len(snapshot.dense) == len(snapshot.lexical) == snapshot.count()[1]
    snapshot.close()


def test_a_rebuild_with_a_model_of_another_dimension_is_published_completely(folder: Path) -> None:
    other = HashEmbedder("other", dimension=32)
    rebuild(folder, other)
    pipeline = Pipeline.over(folder, other)
    with closing(EmbeddedSnapshot.open(folder)) as snapshot:
        assert snapshot.dense.dimension == 32
        assert len(snapshot.dense) == len(snapshot.lexical) == snapshot.count()[1]
    assert "grain" in pipeline.search("grain", 1).passages[0].text
    pipeline.close()


def test_publishing_leaves_at_most_two_generations(folder: Path) -> None:
    for i in range(5):
        ingest_documents(folder, [document("d0", f"aid {i}")], EMBEDDER)
    assert len(list(folder.glob("dense-*"))) <= 2
    assert len(list(folder.glob("lexical-*"))) <= 2


def test_an_open_snapshot_continues_after_its_files_are_deleted(folder: Path) -> None:
    snapshot = EmbeddedSnapshot.open(folder)
    hits = snapshot.lexical.search(["grain"], 5)
    for i in range(3):
        ingest_documents(folder, [document("d0", f"grain {i}")], EMBEDDER)
    assert list(snapshot.lexical.search(["grain"], 5)) == list(hits)
    assert len(snapshot.chunks(hit.chunk_id for hit in hits)) == len(hits)
    snapshot.close()


STEPS = st.lists(
    st.dictionaries(
        st.sampled_from("abcdef"),
        st.one_of(
            st.none(),
            st.lists(st.sampled_from(["aid", "grain", "winter", "border", "river."]), min_size=1),
        ),
        min_size=1,
    ),
    min_size=1,
    max_size=5,
)


@settings(deadline=None, max_examples=25, suppress_health_check=[HealthCheck.too_slow])
@given(STEPS)
def test_an_index_grown_in_steps_gives_the_results_of_one_built_at_once(
    tmp_path_factory: pytest.TempPathFactory, steps: list[dict[str, list[str] | None]]
) -> None:
    """Each step writes some files and deletes others (None); both searches agree at the end."""
    root = tmp_path_factory.mktemp("grown")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(segments, "LEAST_LIMIT", 2)  # several segments of BM25
        check_grown(root, steps)


def check_grown(root: Path, steps: list[dict[str, list[str] | None]]) -> None:
    docs = root / "docs"
    docs.mkdir()
    for step in steps:
        for name, words in step.items():
            file = docs / f"{name}.txt"
            if words is None:
                file.unlink(missing_ok=True)
            else:
                file.write_text(" ".join(words))
        if any(docs.iterdir()) or (root / "steps").exists():
            ingest(root / "steps", [docs], lambda: EMBEDDER, prune=True, confirmed=True)
    if not any(docs.iterdir()):
        return
    ingest(root / "once", [docs], lambda: EMBEDDER)
    assert answers(root / "steps") == answers(root / "once")
    grown, whole = Store.open(root / "steps"), Store.open(root / "once")
    assert grown.changes_since(0).added.tolist() == whole.changes_since(0).added.tolist()
    grown.close()
    whole.close()
