"""FAISS compared with numpy: the same neighbours in the same order, including ties, and also with
inverted lists if all of them are probed."""

import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from index.errors import IndexMismatch
from index.types import Ids, Matrix, Vector
from index.vectors.faiss_index import MMAP_FROM_BYTES, FaissIndex, exact_nearest, threads

DIMENSION = 8


def unit(rows: np.ndarray) -> Matrix:
    return np.asarray(rows / np.linalg.norm(rows, axis=1, keepdims=True), dtype=np.float32)


def brute_force(ids: Ids, vectors: Matrix, query: Vector, k: int) -> list[int]:
    """Ids by descending inner product, then by ascending id. Row by row: with @, equal rows can
    differ in their last digit, depending on their position."""
    scores = np.einsum("nd,d->n", vectors, query)
    return [int(ids[i]) for i in np.lexsort((ids, -scores))[:k]]


def built(ids: Ids, vectors: Matrix) -> FaissIndex:
    index = FaissIndex(vectors.shape[1])
    index.add(ids, vectors)
    return index


def random_ids(rng: np.random.Generator, n: int) -> Ids:
    return rng.choice(np.iinfo(np.int64).max, size=n, replace=False).astype(np.int64)


@settings(deadline=None, max_examples=60)
@given(st.integers(0, 10**6), st.integers(1, 300), st.integers(1, 320))
def test_neighbours_are_those_of_brute_force(seed: int, n: int, k: int) -> None:
    rng = np.random.default_rng(seed)
    ids, vectors = random_ids(rng, n), unit(rng.standard_normal((n, DIMENSION)))
    query = unit(rng.standard_normal((1, DIMENSION)))[0]
    hits = built(ids, vectors).search(query, k)
    assert [hit.chunk_id for hit in hits] == brute_force(ids, vectors, query, k)
    assert [hit.rank for hit in hits] == list(range(1, min(n, k) + 1))
    by_id = dict(zip(ids.tolist(), (vectors @ query).tolist(), strict=True))
    assert [h.score for h in hits] == pytest.approx([by_id[h.chunk_id] for h in hits], abs=1e-6)


@settings(deadline=None, max_examples=60)
@given(st.integers(0, 10**6), st.integers(1, 5), st.integers(1, 60), st.integers(1, 60))
def test_ties_across_the_last_rank_go_to_the_smaller_id(
    seed: int, n_distinct: int, n: int, k: int
) -> None:
    rng = np.random.default_rng(seed)
    distinct = unit(rng.standard_normal((n_distinct, DIMENSION)))
    ids, vectors = random_ids(rng, n), distinct[rng.integers(0, n_distinct, n)]
    query = unit(rng.standard_normal((1, DIMENSION)))[0]
    hits = built(ids, vectors).search(query, k)
    assert [hit.chunk_id for hit in hits] == brute_force(ids, vectors, query, k)


@settings(deadline=None, max_examples=30)
@given(st.integers(0, 10**6), st.sets(st.integers(0, 49)), st.integers(1, 60))
def test_a_search_within_some_chunks_equals_a_search_of_only_these(
    seed: int, chosen: set[int], k: int
) -> None:
    rng = np.random.default_rng(seed)
    ids, vectors = random_ids(rng, 50), unit(rng.standard_normal((50, DIMENSION)))
    query = unit(rng.standard_normal((1, DIMENSION)))[0]
    rows = sorted(chosen)
    hits = built(ids, vectors).search(query, k, within=ids[rows])
    assert [h.chunk_id for h in hits] == brute_force(ids[rows], vectors[rows], query, k)


def test_chunks_outside_the_index_are_not_found() -> None:
    index = built(np.array([1, 2]), unit(np.eye(2, DIMENSION) + 0.1))
    query = unit(np.ones((1, DIMENSION)))[0]
    assert [h.chunk_id for h in index.search(query, 5, within=np.array([2, 3, 4]))] == [2]


def test_removed_chunks_are_absent_and_the_others_stay() -> None:
    rng = np.random.default_rng(1)
    ids, vectors = random_ids(rng, 40), unit(rng.standard_normal((40, DIMENSION)))
    index = built(ids, vectors)
    index.remove(np.concatenate([ids[::2], np.array([12345], dtype=np.int64)]))
    assert len(index) == 20
    query = unit(rng.standard_normal((1, DIMENSION)))[0]
    found = [hit.chunk_id for hit in index.search(query, 40)]
    assert found == brute_force(ids[1::2], vectors[1::2], query, 40)


def test_an_index_survives_a_round_trip_through_its_file(tmp_path: Path) -> None:
    rng = np.random.default_rng(2)
    ids, vectors = random_ids(rng, 40), unit(rng.standard_normal((40, DIMENSION)))
    index = built(ids, vectors)
    saved = tmp_path / "größe"
    index.save(saved)
    query = unit(rng.standard_normal((1, DIMENSION)))[0]
    assert list(FaissIndex.load(saved).search(query, 9)) == list(index.search(query, 9))


def test_a_large_file_is_mapped_gives_the_same_results_and_can_be_changed_in_memory(
    tmp_path: Path,
) -> None:
    rng = np.random.default_rng(3)
    n, d = 45_000, 384
    ids, vectors = random_ids(rng, n), unit(rng.standard_normal((n, d)))
    index = built(ids, vectors)
    index.save(tmp_path)
    file = tmp_path / "vectors.faiss"
    assert file.stat().st_size >= MMAP_FROM_BYTES
    query = vectors[7]
    mapped = FaissIndex.load(tmp_path)
    assert list(mapped.search(query, 20)) == list(index.search(query, 20))
    before = file.read_bytes()
    changed = FaissIndex.load(tmp_path, to_change=True)
    changed.remove(ids[7:8])
    changed.add(np.array([5], dtype=np.int64), query[None, :])
    assert changed.search(query, 1)[0].chunk_id == 5
    assert mapped.search(query, 1)[0].chunk_id == ids[7]
    assert file.read_bytes() == before


def test_an_empty_index_finds_nothing() -> None:
    query = unit(np.ones((1, DIMENSION)))[0]
    assert not len(FaissIndex(DIMENSION).search(query, 5))


def test_a_search_within_no_chunks_has_no_results_in_any_index() -> None:
    query, none = np.eye(DIMENSION, dtype=np.float32)[0], np.array([], dtype=np.int64)
    other = built(np.arange(DIMENSION), np.eye(DIMENSION, dtype=np.float32))
    for index in (FaissIndex(DIMENSION), other):
        for within in (none, np.array([1000])):
            assert [hit.chunk_id for hit in index.search(query, 5, within)] == []


def test_a_query_of_another_dimension_is_refused() -> None:
    index = built(np.array([1]), unit(np.ones((1, DIMENSION))))
    with pytest.raises(IndexMismatch, match=r"8-d vectors, .*\(9,\).*rag ingest --rebuild"):
        index.search(unit(np.ones((1, DIMENSION + 1)))[0], 1)


def in_lists(ids: Ids, vectors: Matrix, n_lists: int, n_probed: int) -> FaissIndex:
    index = FaissIndex.trained(vectors, n_lists)
    index.shape = replace(index.shape, n_probed=n_probed)
    index.add(ids, vectors)
    return index


def eight_bits(vectors: Matrix) -> Matrix:
    """Each dimension is divided into 256 equal steps between its least and greatest value; decoded
    values are the middles of their steps."""
    least, most = vectors.min(axis=0), vectors.max(axis=0)
    steps = np.clip(np.floor((vectors - least) / (most - least) * 255), 0, 255)
    return np.asarray(least + (steps + 0.5) / 255 * (most - least), dtype=np.float32)


@settings(deadline=None, max_examples=40)
@given(st.integers(0, 10**6), st.integers(20, 300), st.integers(1, 320))
def test_all_lists_together_give_the_neighbours_of_brute_force_with_eight_bits(
    seed: int, n: int, k: int
) -> None:
    rng = np.random.default_rng(seed)
    ids, vectors = random_ids(rng, n), unit(rng.standard_normal((n, DIMENSION)))
    query = unit(rng.standard_normal((1, DIMENSION)))[0]
    hits = in_lists(ids, vectors, 4, 4).search(query, k)
    coded = dict(zip(ids.tolist(), (eight_bits(vectors) @ query).tolist(), strict=True))
    best = sorted(coded.values(), reverse=True)[:k]
    assert [hit.score for hit in hits] == pytest.approx(best, abs=1e-5)
    assert [coded[hit.chunk_id] for hit in hits] == pytest.approx(best, abs=1e-5)
    assert [hit.rank for hit in hits] == list(range(1, min(n, k) + 1))


@settings(deadline=None, max_examples=40)
@given(st.integers(0, 10**6), st.integers(2, 5), st.integers(1, 60), st.integers(1, 4))
def test_equal_vectors_in_lists_are_in_the_order_of_their_ids(
    seed: int, n_distinct: int, k: int, n_probed: int
) -> None:
    rng = np.random.default_rng(seed)
    distinct = unit(rng.standard_normal((n_distinct, DIMENSION)))
    rows = np.concatenate([np.arange(n_distinct), rng.integers(0, n_distinct, 60)])
    ids = random_ids(rng, len(rows))
    query = unit(rng.standard_normal((1, DIMENSION)))[0]
    hits = in_lists(ids, distinct[rows], n_distinct, min(n_probed, n_distinct)).search(query, k)
    row_of = dict(zip(ids.tolist(), rows.tolist(), strict=True))
    for row in {row_of[hit.chunk_id] for hit in hits}:
        mine = [hit.chunk_id for hit in hits if row_of[hit.chunk_id] == row]
        assert mine == sorted(ids[rows == row])[: len(mine)]


def test_a_search_that_probes_one_list_returns_k_chunks_if_there_are_enough() -> None:
    rng = np.random.default_rng(4)
    ids, vectors = random_ids(rng, 100), unit(rng.standard_normal((100, DIMENSION)))
    index = in_lists(ids, vectors, 20, 1)
    hits = index.search(vectors[0], 90)
    assert len({hit.chunk_id for hit in hits}) == 90
    assert [hit.score for hit in hits] == sorted((hit.score for hit in hits), reverse=True)


@settings(deadline=None, max_examples=30)
@given(st.integers(0, 10**6), st.sets(st.integers(0, 199), min_size=1, max_size=10))
def test_a_search_within_few_chunks_probes_all_lists(seed: int, chosen: set[int]) -> None:
    rng = np.random.default_rng(seed)
    ids, vectors = random_ids(rng, 200), unit(rng.standard_normal((200, DIMENSION)))
    query = unit(rng.standard_normal((1, DIMENSION)))[0]
    rows = sorted(chosen)
    index = in_lists(ids, vectors, 10, 1)
    hits = index.search(query, 3, within=ids[rows])
    every = in_lists(ids, vectors, 10, 10).search(query, 200)
    assert [h.chunk_id for h in hits] == [
        h.chunk_id for h in every if h.chunk_id in set(ids[rows].tolist())
    ][:3]


@settings(deadline=None, max_examples=40)
@given(st.integers(0, 10**6), st.integers(1, 60), st.integers(30, 200), st.integers(1, 8))
def test_a_search_within_many_chunks_equals_a_search_of_all_without_the_others(
    seed: int, k: int, n_within: int, n_probed: int
) -> None:
    rng = np.random.default_rng(seed)
    ids, vectors = random_ids(rng, 200), unit(rng.standard_normal((200, DIMENSION)))
    query = unit(rng.standard_normal((1, DIMENSION)))[0]
    within = rng.permutation(ids)[:n_within]
    index = in_lists(ids, vectors, 8, n_probed)
    hits = index.search(query, k, within=within)
    of_all = [h.chunk_id for h in index.search(query, 200) if h.chunk_id in set(within.tolist())]
    assert len(hits) == min(k, n_within)
    if n_probed == 8:
        assert [hit.chunk_id for hit in hits] == of_all[:k]
    assert {hit.chunk_id for hit in hits} <= set(within.tolist())
    assert [hit.rank for hit in hits] == list(range(1, len(hits) + 1))


def test_encoded_vectors_are_in_the_same_lists_as_added_ones() -> None:
    rng = np.random.default_rng(5)
    ids, vectors = random_ids(rng, 600), unit(rng.standard_normal((600, DIMENSION)))
    n_lists = 300  # the number of a list takes two bytes
    index = FaissIndex.trained(vectors, n_lists)
    codes = index.encode(vectors)
    lists = index.lists_of(codes)
    assert lists.tolist() == index.lists_by_nearness(vectors)[:, 0].tolist()
    assert lists.max() > 255
    index.add_encoded(ids, codes)
    index.shape = replace(index.shape, n_probed=2)
    query = unit(rng.standard_normal((1, DIMENSION)))[0]
    assert list(index.search(query, 5)) == list(in_lists(ids, vectors, n_lists, 2).search(query, 5))


def test_an_index_with_lists_survives_a_round_trip_through_its_files_and_can_change(
    tmp_path: Path,
) -> None:
    rng = np.random.default_rng(6)
    ids, vectors = random_ids(rng, 200), unit(rng.standard_normal((200, DIMENSION)))
    index = in_lists(ids, vectors, 8, 3)
    index.save(tmp_path)
    query = unit(rng.standard_normal((1, DIMENSION)))[0]
    assert list(FaissIndex.load(tmp_path).search(query, 9)) == list(index.search(query, 9))
    changed = FaissIndex.load(tmp_path, to_change=True)
    changed.remove(ids[::2])
    found = {hit.chunk_id for hit in changed.search(query, 200)}
    assert found == set(ids[1::2].tolist())
    changed.add(ids[:1], vectors[:1])
    assert changed.search(vectors[0], 1)[0].chunk_id == ids[0]
    assert changed.shape == index.shape


def test_the_same_vectors_give_the_same_lists_with_any_number_of_cores() -> None:
    rng = np.random.default_rng(7)
    ids, vectors = random_ids(rng, 3000), unit(rng.standard_normal((3000, 64)))
    alone = in_lists(ids, vectors, 40, 4).to_array()
    with threads(2):
        shared = in_lists(ids, vectors, 40, 4).to_array()
    assert alone.tobytes() == shared.tobytes()


def test_exact_neighbours_are_those_of_brute_force() -> None:
    rng = np.random.default_rng(8)
    vectors, queries = (unit(rng.standard_normal((n, DIMENSION))) for n in (50, 3))
    scores, rows = exact_nearest(queries, vectors, 5)
    best = np.argsort(-(queries @ vectors.T), axis=1)[:, :5]
    assert rows.tolist() == best.tolist()
    assert scores == pytest.approx(np.take_along_axis(queries @ vectors.T, best, axis=1))
    assert exact_nearest(queries, vectors[:2], 5)[1].shape == (3, 2)


def test_an_index_describes_itself() -> None:
    vectors = unit(np.random.default_rng(9).standard_normal((100, DIMENSION)))
    exact = built(np.arange(100), vectors).description
    assert (exact.kind, exact.n_vectors, exact.n_bytes) == ("exact", 100, 100 * (8 * 4 + 8))
    lists = in_lists(np.arange(100), vectors, 5, 2).description
    assert (lists.kind, lists.n_lists, lists.n_probed) == ("inverted lists", 5, 2)
    assert lists.n_bytes == 100 * (8 + 8) + 5 * 8 * 4


@pytest.mark.skipif(not Path("/proc/self/task").exists(), reason="threads are counted in /proc")
def test_a_search_in_any_thread_starts_no_other_thread() -> None:
    """Waiting OpenMP threads would keep a core busy; the limit is set per thread."""
    program = """
import os, threading
import numpy as np
from index.vectors.faiss_index import FaissIndex
index = FaissIndex(8)
index.add(np.arange(50), np.eye(50, 8, dtype=np.float32))
started = []
def search():
    before = len(os.listdir("/proc/self/task"))
    index.search(np.ones(8, dtype=np.float32), 5)
    started.append(len(os.listdir("/proc/self/task")) - before)
thread = threading.Thread(target=search)
thread.start()
thread.join()
print(started)
"""
    environment = {k: v for k, v in os.environ.items() if k != "OMP_NUM_THREADS"}
    command = [sys.executable, "-c", program]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[0]"


@pytest.mark.parametrize("n_lists", [0, 7])
def test_the_contents_of_an_index_can_be_read_back(n_lists: int, tmp_path: Path) -> None:
    rng = np.random.default_rng(3)
    ids, vectors = random_ids(rng, 500), unit(rng.standard_normal((500, DIMENSION)))
    index = FaissIndex.trained(vectors, n_lists) if n_lists else FaissIndex(DIMENSION)
    index.add(ids, vectors)
    index.save(tmp_path)
    loaded = FaissIndex.load(tmp_path)
    assert sorted(loaded.ids()) == sorted(ids)
    parts = list(loaded.contents(64))
    order = np.argsort(ids)
    kept_ids = np.concatenate([part[0] for part in parts])
    kept = np.concatenate([part[1] for part in parts])[np.argsort(kept_ids)]
    np.testing.assert_array_equal(np.sort(kept_ids), ids[order])
    np.testing.assert_allclose(kept, vectors[order], atol=0.02 if n_lists else 0)
