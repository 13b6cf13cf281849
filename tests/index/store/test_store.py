"""SQLite stores documents in whole generations, and damage is reported."""

import sqlite3
from collections.abc import Callable, Iterable
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import ArrayLike

from fakes import DIMENSION, HashEmbedder, WordTokenizer
from index.documents.chunk import chunk
from index.documents.load import blocks_of, document_of
from index.errors import IndexDamaged, IndexMissing, IndexProblem, StorageFull
from index.fingerprint import ChunkSettings, Fingerprint
from index.store.rows import stored_vectors
from index.store.sqlite import Database, has_log
from index.store.store import DATABASE, Store
from index.store.vector_codec import QuantizedVectors, quantize
from index.types import (
    Chunk,
    ChunkVectors,
    Document,
    Encoding,
    FileVersion,
    Matrix,
    Span,
    TokenVectors,
)

EMBEDDER = HashEmbedder()
FINGERPRINT = Fingerprint(EMBEDDER.fingerprint, "1:test")
Encoded = list[tuple[Chunk, Encoding]]


def document(doc_id: str, text: str) -> Document:
    return document_of(text, doc_id, media_type="text/markdown", name=doc_id)


def encoded(document: Document) -> Encoded:
    blocks = blocks_of(document)
    chunks = chunk(document, blocks, WordTokenizer(), ChunkSettings(limit=20, target=10))
    texts = [c.span.of(document.text) for c in chunks]
    spans = [
        [Span(s.start - c.span.start, s.end - c.span.start) for s in c.sentences] for c in chunks
    ]
    return list(zip(chunks, EMBEDDER.encode(texts, spans), strict=True))


def put(store: Store, *documents: Document) -> None:
    with store.transaction() as transaction:
        for each in documents:
            transaction.put(each, f"/files/{each.doc_id}", encoded(each))


def kept(vectors: ArrayLike) -> Matrix:
    """Vectors with the precision of the store."""
    return quantize(np.asarray(vectors, np.float32)).expand()


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store.create(tmp_path, FINGERPRINT)


TEXT = "# Aid — «помощь»\n\nIt came. 👩‍👩‍👧 too.\n\n## Grain\n\n" + "It went away. " * 9
DOCUMENT = replace(
    document("a", TEXT),
    metadata={"author": "Ünal"},
    pages=(0, 30),
)


def test_a_document_is_read_back_unchanged(store: Store) -> None:
    put(store, DOCUMENT)
    row = store.record("a")
    assert row is not None
    assert store.document("a") == DOCUMENT
    assert (row.path, row.sha256, row.n_chars) == ("/files/a", DOCUMENT.sha256, len(DOCUMENT.text))
    assert row == store.record_of_file("/files/a")
    assert store.count() == (1, row.n_chunks)


def vectors_of(store: Store, ids: Iterable[int]) -> ChunkVectors:
    return stored_vectors(store.vectors_in_bytes(ids), DIMENSION)


def vectors_in(store: Store, chunk_id: int) -> Matrix:
    """The stored vectors of a chunk and of its sentences."""
    found = vectors_of(store, [chunk_id])
    return QuantizedVectors(found.codes, found.scales).expand()


def test_chunks_are_read_back_with_their_sentences_and_vectors(store: Store) -> None:
    put(store, DOCUMENT)
    expected = sorted(encoded(DOCUMENT), key=lambda pair: pair[0].chunk_id)
    assert len(expected) > 2
    stored = store.chunks(c.chunk_id for c, _ in expected)
    assert stored == [c for c, _ in expected]
    for each, encoding in expected:
        # Each row is quantized separately, so that it is the same in any chunk.
        own, *sentences = vectors_in(store, each.chunk_id)
        np.testing.assert_array_equal([own], kept([encoding.vector]))
        np.testing.assert_array_equal(sentences, kept(encoding.sentence_vectors))
    ids = np.array([c.chunk_id for c, _ in expected], dtype=np.int64)
    np.testing.assert_array_equal(store.vectors(ids), kept([e.vector for _, e in expected]))
    texts = {c.chunk_id: c.span.of(DOCUMENT.text) for c, _ in expected}
    assert {i: text for i, text, _ in store.texts(ids)} == texts


def test_a_missing_chunk_is_damage(store: Store) -> None:
    """Ids come from FAISS and BM25, which have the chunks of the store."""
    put(store, DOCUMENT)
    ids = [*ids_of(DOCUMENT), 1]
    reads: list[Callable[[], object]] = [
        lambda: store.chunks(ids),
        lambda: store.vectors_in_bytes(ids),
        lambda: store.vectors(np.array(sorted(ids))),
        lambda: store.token_vectors(ids),
        lambda: list(store.texts(np.array(ids))),
    ]
    for read in reads:
        with pytest.raises(IndexDamaged, match="is damaged"):
            read()


def test_the_vectors_of_many_chunks_are_one_array(store: Store) -> None:
    """Includes those of their sentences; repeated ids make no difference."""
    other = document("b", "Grain. It rotted.")
    put(store, DOCUMENT, other)
    ids = sorted([*ids_of(DOCUMENT), *ids_of(other)])
    found = vectors_of(store, [*reversed(ids), ids[0]])
    assert found.ids.tolist() == ids
    assert found.firsts.dtype == found.ids.dtype == np.int64
    assert found.codes.dtype == np.int8
    assert found.scales.dtype == np.float32
    rows = QuantizedVectors(found.codes, found.scales).expand()
    assert found.firsts[0] == 0
    assert found.firsts[-1] == len(rows)
    for i, stored in enumerate(store.chunks(ids)):
        mine = rows[found.firsts[i] : found.firsts[i + 1]]
        np.testing.assert_array_equal(mine, vectors_in(store, stored.chunk_id))
        assert len(mine) == 1 + len(stored.sentences)


def test_stored_digests_are_distinguished_from_others(store: Store) -> None:
    put(store, DOCUMENT)
    mine = {chunk.digest for chunk, _ in encoded(DOCUMENT)}
    assert store.digests_among({*mine, bytes(16)}) == mine
    assert store.digests_among(set()) == set()


def test_no_chunks_give_no_vectors(store: Store) -> None:
    none = vectors_of(store, [])
    assert (none.ids.shape, none.firsts.tolist()) == ((0,), [0])
    assert (none.codes.shape, none.scales.shape) == ((0, DIMENSION), (0,))
    assert store.vectors(none.ids).shape == (0, DIMENSION)


def test_a_chunks_text_has_its_title_and_the_headings_above_it(store: Store) -> None:
    put(store, DOCUMENT, document("b", "No heading."))
    ids = np.array(ids_of(DOCUMENT) + ids_of(document("b", "No heading.")), dtype=np.int64)
    above = {(text.split()[0], above) for _, text, above in store.texts(ids)}
    title = "Aid — «помощь»"
    assert above == {
        ("#", (title, title)),
        ("##", (title, title, "Grain")),
        ("It", (title, title, "Grain")),
        ("No", ("b",)),
    }


def test_token_vectors_are_read_back_exactly(store: Store) -> None:
    put(store, DOCUMENT)
    found = store.token_vectors(ids_of(DOCUMENT))
    assert len(found) > 2
    for each, encoding in encoded(DOCUMENT):
        tokens = found[each.chunk_id]
        for column in ("codes", "scales", "sentence_of"):
            stored, made = getattr(tokens, column), getattr(encoding.tokens, column)
            assert stored.dtype == made.dtype
            np.testing.assert_array_equal(stored, made)


def test_token_vectors_are_removed_with_their_document(store: Store) -> None:
    other = document("b", "Grain.")
    put(store, DOCUMENT, other)
    row = store.record("a")
    assert row is not None
    with store.transaction() as transaction:
        transaction.delete(row.doc_id)
    assert list(store.token_vectors(ids_of(other))) == ids_of(other)
    assert store._database.row("SELECT count(*) FROM token_vectors") == (len(ids_of(other)),)


def test_a_chunk_without_token_vectors_is_omitted(store: Store) -> None:
    plain = document("a", "Aid.")
    without = [(c, replace(e, tokens=TokenVectors.none())) for c, e in encoded(plain)]
    with store.transaction() as transaction:
        transaction.put(plain, None, without)
    assert store.token_vectors(ids_of(plain)) == {}
    assert [s.chunk_id for s in store.chunks(ids_of(plain))] == ids_of(plain)


def test_each_transaction_is_one_generation(store: Store) -> None:
    assert store.generation == 0
    put(store, document("a", "Aid."), document("b", "Grain."))
    assert store.generation == 1
    put(store, document("c", "Winter."))
    assert store.generation == 2


def test_a_failed_transaction_writes_nothing(store: Store) -> None:
    put(store, document("a", "Aid."))
    grain = document("b", "Grain.")

    def stopped() -> None:
        with store.transaction() as transaction:
            transaction.put(grain, None, encoded(grain))
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        stopped()
    assert store.generation == 1
    assert [row.doc_id for row in store.records()] == ["a"]
    assert store.changes_since(1).added.size == 0
    put(store, document("b", "Grain."))
    assert store.generation == 2


def test_a_pinned_reader_sees_its_generation_after_later_commits(tmp_path: Path) -> None:
    writer = Store.create(tmp_path, FINGERPRINT)
    put(writer, document("a", "Aid."))
    reader = Store.open(tmp_path)
    assert reader.pin() == 1
    with writer.transaction() as transaction:
        row = writer.record("a")
        assert row is not None
        transaction.delete(row.doc_id)
    put(writer, document("b", "Grain."))
    assert reader.generation == 1
    assert [row.doc_id for row in reader.records()] == ["a"]
    assert reader.pin() == 3
    assert [row.doc_id for row in reader.records()] == ["b"]
    reader.close()
    writer.close()


def ids_of(document: Document) -> list[int]:
    return sorted(c.chunk_id for c, _ in encoded(document))


def test_changes_list_ids_to_remove_and_ids_to_add(store: Store) -> None:
    before, after = document("a", "Aid came."), document("a", "Aid went.")
    put(store, before, document("b", "Grain."))
    put(store, after)
    changes = store.changes_since(1)
    assert changes.removed.tolist() == ids_of(before)
    assert changes.added.tolist() == ids_of(after)
    assert store.changes_since(0).added.tolist() == sorted(
        ids_of(after) + ids_of(document("b", "Grain."))
    )
    # Removed and added again: the same id is in both lists.
    put(store, before)
    put(store, after)
    changes = store.changes_since(2)
    assert set(ids_of(after)) <= set(changes.removed.tolist())
    assert changes.added.tolist() == ids_of(after)
    store.forget_before(store.generation)
    assert store.changes_since(0).removed.size == 0


def test_documents_are_paged_in_the_order_of_their_ids(store: Store) -> None:
    put(store, *(document(name, "Aid.") for name in ("é", "b", "a", "B", "漢")))
    assert [row.doc_id for row in store.records()] == ["B", "a", "b", "é", "漢"]
    assert [row.doc_id for row in store.records(after="a", limit=2)] == ["b", "é"]


def test_putting_a_document_again_replaces_it_by_id_or_by_file(store: Store) -> None:
    put(store, document("a", "Aid."))
    with store.transaction() as transaction:
        moved = document("elsewhere", "Aid.")
        transaction.put(moved, "/files/a", encoded(moved))
    assert [row.doc_id for row in store.records()] == ["elsewhere"]


def test_the_version_of_a_file_is_stored_and_can_change_without_a_generation(store: Store) -> None:
    first = FileVersion(9, None, "ab" * 32, "text/plain 1", "encoding=", "not sure: é")
    with store.transaction() as transaction:
        each = document("a", "Aid.")
        transaction.put(each, "/files/a", encoded(each), first)
    assert [row.file_version for row in store.records()] == [first]
    generation, later = store.generation, replace(first, changed_ns=1_790_000_000_123_456_789)
    with store.transaction(makes_generation=False) as transaction:
        transaction.note_file("a", "/elsewhere/a", later)
    assert [(row.path, row.file_version) for row in store.records()] == [("/elsewhere/a", later)]
    assert store.generation == generation


def test_a_missing_database_is_reported_with_the_command_that_creates_one(tmp_path: Path) -> None:
    with pytest.raises(IndexMissing, match="create one with `rag ingest PATH`"):
        Store.open(tmp_path)
    (tmp_path / DATABASE).touch()
    with pytest.raises(IndexMissing):
        Store.open(tmp_path)


def test_a_file_that_is_not_a_database_is_reported(tmp_path: Path) -> None:
    (tmp_path / DATABASE).write_bytes(b"not a database, however long it is. " * 100)
    with pytest.raises(IndexDamaged, match="delete the index and ingest the documents again"):
        Store.open(tmp_path)


def test_overwritten_pages_are_reported(tmp_path: Path) -> None:
    store = Store.create(tmp_path, FINGERPRINT)
    put(store, *(document(f"d{i}", "Aid came. " * 200) for i in range(30)))
    store.close()
    file = tmp_path / DATABASE
    content = bytearray(file.read_bytes())
    content[4096:] = b"\xff" * (len(content) - 4096)
    file.write_bytes(bytes(content))
    with pytest.raises(IndexDamaged):
        Store.open(tmp_path).records()


def test_another_schema_is_refused(tmp_path: Path, store: Store) -> None:
    store.close()
    with sqlite3.connect(tmp_path / DATABASE) as connection:
        connection.execute("UPDATE meta SET value = '999' WHERE key = 'schema'")
    connection.close()
    with pytest.raises(IndexProblem, match="has schema 999"):
        Store.open(tmp_path)


def test_the_database_is_not_mapped_into_memory(tmp_path: Path, store: Store) -> None:
    # Truncating a mapped file kills the process that reads it.
    reader = Store.open(tmp_path)
    for each in (store, reader):
        assert each._database.row("PRAGMA mmap_size") == (0,)
    reader.close()


def test_a_full_disk_is_reported_and_commits_are_kept(store: Store) -> None:
    put(store, document("a", "Aid."))
    [(n_pages,)] = store._database.all_rows("PRAGMA page_count")
    # At this limit SQLite behaves as on a full disk.
    store._database.execute(f"PRAGMA max_page_count = {n_pages}")
    with pytest.raises(StorageFull, match="free some space and run the command again"):
        put(store, document("b", "Grain. " * 5000))
    assert [row.doc_id for row in store.records()] == ["a"]
    assert store.generation == 1


def test_an_unfinished_iterator_of_rows_can_be_deleted_after_the_database(
    tmp_path: Path,
) -> None:
    database = Database(tmp_path / DATABASE, "rwc")
    rows = database.rows("VALUES (1), (2)")
    assert next(rows) == (1,)
    database.close()
    del rows  # an error here would be a warning, which fails the test


def test_an_id_with_surrogates_belongs_to_no_document(store: Store) -> None:
    put(store, document("a", "Aid."))
    assert store.record("a\ud800") is None
    assert store.record_of_file("a\udcff") is None


def test_the_log_is_found_if_the_path_of_the_database_is_a_link(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(tmp_path / "real.db")
    with closing(Database(tmp_path / "real.db", "rwc")) as database:
        database.execute("CREATE TABLE kept (number)")
        assert has_log(tmp_path / "real.db")
        assert has_log(tmp_path / "link")
