"""A dense index has a shape that fits its size, finds the stored vectors, and survives a stop."""

from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from fakes import HashEmbedder
from index.documents.load import document_of
from index.fingerprint import Fingerprint
from index.publish.manifest import Manifest
from index.publish.publish import publish
from index.store.store import Store
from index.types import Chunk, Ids, Matrix, Span, chunk_id_of, digest_of
from index.vectors.checkpoints import Checkpoints
from index.vectors.faiss_build import build_index, nearest, turned
from index.vectors.faiss_index import FaissIndex
from index.vectors.sizing import Shape, Sizing

EMBEDDER = HashEmbedder()
TOPICS = "aid grain winter border river tax school harvest road bridge".split()
SMALL = Sizing(exact_up_to=100, at_once=64, n_questions=40, recall=0.9)


def about_topics(n: int, first: int = 0) -> list[str]:
    """Vectors of about ten topics: they form clusters, like those of real texts."""
    return [
        f"{TOPICS[i % 10]} and {TOPICS[i % 10]}s, {TOPICS[i // 10 % 10]}. Number {i}."
        for i in range(first, first + n)
    ]


def put(store: Store, texts: list[str]) -> None:
    """Store documents of one chunk each, without publishing them."""
    store.unpin()
    with store.transaction() as transaction:
        for text in texts:
            document = document_of(text, f"d-{text}", media_type="text/plain", name="")
            span, digest = Span(0, len(text)), digest_of(text)
            i = chunk_id_of(document.doc_id, span, digest)
            (encoding,) = EMBEDDER.encode([text], [[span]])
            chunk = Chunk(i, document.doc_id, 0, span, (span,), digest)
            transaction.put(document, None, [(chunk, encoding)])


def delete(store: Store, n: int) -> None:
    store.unpin()
    with store.transaction() as transaction:
        for row in store.records()[:n]:
            transaction.delete(row.doc_id)


def opened(folder: Path, store: Store) -> FaissIndex:
    manifest = Manifest.read(folder, store)
    assert manifest is not None
    return FaissIndex.load(folder / manifest.dense)


def ids_in(index: FaissIndex) -> list[int]:
    probe = EMBEDDER.encode_query("grain").vector
    return sorted(hit.chunk_id for hit in index.search(probe, len(index) + 10))


def stored_ids(store: Store) -> list[int]:
    ids: list[int] = store.changes_since(0).added.tolist()
    return ids


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with closing(Store.create(tmp_path, Fingerprint.of(EMBEDDER.fingerprint))) as store:
        put(store, about_topics(300))
        yield store


def made(store: Store, folder: Path, sizing: Sizing = SMALL) -> FaissIndex:
    folder.mkdir(exist_ok=True)
    return build_index(
        store,
        store.changes_since(0).added,
        Checkpoints(folder, "a key"),
        sizing,
        EMBEDDER.fingerprint.dimension,
    )


def test_a_small_index_is_exact_and_a_large_one_has_inverted_lists(
    store: Store, tmp_path: Path
) -> None:
    exact = made(store, tmp_path, Sizing(exact_up_to=300))
    assert exact.shape == Shape()
    lists = made(store, tmp_path, replace(SMALL, exact_up_to=299))
    assert lists.shape.n_lists == Sizing().n_lists(300)
    assert 1 <= lists.shape.n_probed <= lists.shape.n_lists // 2
    assert ids_in(exact) == ids_in(lists) == stored_ids(store)


def test_a_search_probes_the_fewest_lists_that_reach_the_recall(
    store: Store, tmp_path: Path
) -> None:
    """Compared with brute force on the same queries: they are made from stored vectors, and their
    own chunks and near copies do not count."""
    index = made(store, tmp_path)
    vectors = store.vectors(store.changes_since(0).added)
    rows = np.unique(np.linspace(0, len(vectors) - 1, SMALL.n_questions).astype(int))
    questions = turned(vectors[rows], 0.45)
    lists, order = index.lists_of(index.encode(vectors)), index.lists_by_nearness(questions)

    def recall(n_probed: int) -> float:
        found = 0
        for row, question, probed in zip(rows, questions, order[:, :n_probed], strict=True):
            cosines = np.einsum("nd,d->n", vectors, question)
            cosines[vectors @ vectors[row] > 0.7] = -1
            found += np.isin(lists[np.argsort(-cosines, kind="stable")[:10]], probed).sum()
        return found / (10 * len(rows))

    assert recall(index.shape.n_probed) >= SMALL.recall > recall(index.shape.n_probed - 1)
    assert index.shape.recall == pytest.approx(recall(index.shape.n_probed), abs=1e-4)


def test_generated_queries_have_the_specified_cosine() -> None:
    rng = np.random.default_rng(1)
    vectors: Matrix = rng.standard_normal((20, 64)).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    questions = turned(vectors, 0.4)
    assert np.einsum("nd,nd->n", questions, vectors) == pytest.approx(np.full(20, 0.4), abs=1e-6)
    assert np.linalg.norm(questions, axis=1) == pytest.approx(np.ones(20), abs=1e-6)


def test_the_nearest_to_a_query_are_those_of_brute_force_without_near_copies() -> None:
    rng = np.random.default_rng(2)
    vectors: Matrix = rng.standard_normal((7000, 4)).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    sample, questions = vectors[:3], turned(vectors[:3], 0.45)
    scores, rows = nearest(vectors, sample, questions)
    for row, (question, mine, cosines) in enumerate(zip(questions, rows, scores, strict=True)):
        unlike = np.flatnonzero(vectors @ vectors[row] <= 0.7)
        best = unlike[np.argsort(-(vectors[unlike] @ question))[:10]]
        assert sorted(mine.tolist()) == sorted(best.tolist())
        assert cosines == pytest.approx(vectors[mine] @ question, abs=1e-6)


def test_a_search_probes_at_least_one_list_in_32(store: Store, tmp_path: Path) -> None:
    put(store, about_topics(800, first=1000))
    index = made(store, tmp_path, replace(SMALL, recall=0.01))
    assert index.shape.n_lists == 133
    assert index.shape.n_probed == 133 // 32


def test_an_index_of_copies_only_is_exact(tmp_path: Path) -> None:
    with closing(Store.create(tmp_path, Fingerprint.of(EMBEDDER.fingerprint))) as store:
        put(store, ["the same words " + " " * i + "." for i in range(150)])
        index = made(store, tmp_path)
        assert ids_in(index) == stored_ids(store)
    assert index.shape == Shape(n_chosen=150)


def test_an_index_stays_exact_and_logs_it_if_lists_miss_too_much(tmp_path: Path) -> None:
    """As if no two chunks shared a word, so that no vectors form clusters."""
    strict = replace(SMALL, recall=0.985)
    with closing(Store.create(tmp_path, Fingerprint.of(EMBEDDER.fingerprint))) as store:
        put(store, [f"a{i} b{i} c{i}" for i in range(300)])
        index = made(store, tmp_path, strict)
        assert ids_in(index) == stored_ids(store)
    assert index.shape.exact
    assert index.shape.n_chosen == 300
    assert index.shape.recall is not None
    assert 0.3 < index.shape.recall < 0.985
    assert index.description.recall == index.shape.recall
    assert strict.suits(index.shape, 1200)
    assert not strict.suits(index.shape, 1201)


def test_an_index_crosses_the_size_limit_in_both_directions(store: Store, tmp_path: Path) -> None:
    def at(n: int) -> Shape:
        """The index after an ingest or a removal that leaves n chunks."""
        there = store.count()[1]
        if n < there:
            delete(store, there - n)
        else:
            put(store, about_topics(n - there, first=10_000 + there))
        publish(tmp_path, store, SMALL)
        index = opened(tmp_path, store)
        assert ids_in(index) == stored_ids(store)
        return index.shape

    first = at(299)
    assert not first.exact
    assert at(101) == first
    assert at(60).exact == (not SMALL.suits(first, 60))
    assert at(40) == Shape()
    assert at(100) == Shape()
    assert at(101).n_chosen == 101


def test_lists_are_kept_until_there_are_several_times_as_many_chunks(
    store: Store, tmp_path: Path
) -> None:
    delete(store, 180)
    publish(tmp_path, store, SMALL)
    first = opened(tmp_path, store).shape
    assert first.n_chosen == 120
    put(store, about_topics(360, first=20_000))
    publish(tmp_path, store, SMALL)
    assert opened(tmp_path, store).shape == first
    put(store, about_topics(1, first=30_000))
    publish(tmp_path, store, SMALL)
    assert opened(tmp_path, store).shape.n_chosen == 481
    assert ids_in(opened(tmp_path, store)) == stored_ids(store)


def test_files_are_shared_with_a_generation_of_the_same_chunks(
    store: Store, tmp_path: Path
) -> None:
    publish(tmp_path, store, SMALL)
    (before,) = tmp_path.glob("dense-*/vectors.faiss")
    store.unpin()
    with store.transaction() as transaction:
        transaction.note_file(store.records()[0].doc_id, "/elsewhere", None)
    publish(tmp_path, store, SMALL)
    (after,) = set(tmp_path.glob("dense-*/vectors.faiss")) - {before}
    assert after.samefile(before)
    assert ids_in(opened(tmp_path, store)) == stored_ids(store)


class StoppedStore(Store):
    """It is stopped at the n-th read of vectors, as by Ctrl-C, and counts the reads."""

    n_left = 10**9
    n_read = 0

    def vectors(self, ids: Ids) -> Matrix:
        self.n_left -= 1
        if not self.n_left:
            raise KeyboardInterrupt
        self.n_read += len(ids)
        return super().vectors(ids)


@pytest.fixture
def watched(store: Store) -> Iterator[StoppedStore]:
    opened = StoppedStore.open(store.path.parent)
    assert isinstance(opened, StoppedStore)
    with closing(opened):
        yield opened


def test_a_stopped_build_continues_where_it_stopped(watched: StoppedStore, tmp_path: Path) -> None:
    whole = made(watched, tmp_path / "elsewhere")
    watched.n_read, watched.n_left = 0, 5
    with pytest.raises(KeyboardInterrupt):
        made(watched, tmp_path)
    # The sample, the queries and two slices were read; the third slice was requested.
    assert watched.n_read == 300 + SMALL.n_questions + 2 * SMALL.at_once
    watched.n_read, watched.n_left = 0, 10**9
    resumed = made(watched, tmp_path)
    assert watched.n_read == SMALL.n_questions + 300 - 2 * SMALL.at_once
    assert resumed.to_array().tobytes() == whole.to_array().tobytes()
    assert resumed.shape == whole.shape


def test_a_damaged_checkpoint_is_built_again(watched: StoppedStore, tmp_path: Path) -> None:
    whole = made(watched, tmp_path / "elsewhere")
    made(watched, tmp_path)
    parts = sorted(tmp_path.glob("draft-*/*.npz"))
    assert [part.stem for part in parts] == [*(f"part-{i:05d}" for i in range(5)), "trained"]
    for part in parts[::2]:
        content = bytearray(part.read_bytes())
        content[len(content) // 2] ^= 1
        part.write_bytes(content)
    assert made(watched, tmp_path).to_array().tobytes() == whole.to_array().tobytes()


def test_checkpoints_of_old_generations_are_removed_and_none_stays_after_publishing(
    watched: StoppedStore, tmp_path: Path
) -> None:
    delete(watched, 1)
    watched.n_left = 4
    with pytest.raises(KeyboardInterrupt):
        publish(tmp_path, watched, SMALL)
    (left,) = tmp_path.glob("draft-*")
    delete(watched, 1)
    watched.n_left = 4
    with pytest.raises(KeyboardInterrupt):
        publish(tmp_path, watched, SMALL)
    assert [left] != list(tmp_path.glob("draft-*"))
    assert len(list(tmp_path.glob("draft-*"))) == 1
    watched.n_left = 10**9
    publish(tmp_path, watched, SMALL)
    assert not list(tmp_path.glob("draft-*"))
    assert ids_in(opened(tmp_path, watched)) == stored_ids(watched)


@pytest.mark.parametrize(
    ("shape", "n_vectors", "suits"),
    [
        (Shape(), 100, True),
        (Shape(), 101, False),
        (Shape(10, 2, 400), 51, False),
        (Shape(10, 2, 200), 51, True),
        (Shape(10, 2, 200), 50, False),
        (Shape(10, 2, 200), 800, True),
        (Shape(10, 2, 200), 801, False),
        (Shape(n_chosen=200, recall=0.5), 101, True),
        (Shape(n_chosen=200, recall=0.5), 801, False),
        (Shape(n_chosen=200, recall=0.5), 3, True),
    ],
)
def test_when_an_index_keeps_its_shape(shape: Shape, n_vectors: int, suits: bool) -> None:
    assert Sizing(exact_up_to=100, growth=4).suits(shape, n_vectors) is suits
