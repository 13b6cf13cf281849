"""FAISS against numpy: the same neighbours in the same order, ties included."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from index.dense import MMAP_FROM_BYTES, FaissIndex
from index.errors import IndexMismatch
from index.types import Ids, Matrix, Vector

DIMENSION = 8


def unit(rows: np.ndarray) -> Matrix:
    return np.asarray(rows / np.linalg.norm(rows, axis=1, keepdims=True), dtype=np.float32)


def brute_force(ids: Ids, vectors: Matrix, query: Vector, k: int) -> list[int]:
    """Ids by falling inner product, then by rising id. Row by row: with @, equal rows can differ in
    their last digit by where they stand."""
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
def test_a_search_within_some_chunks_is_a_search_of_only_them(
    seed: int, chosen: set[int], k: int
) -> None:
    rng = np.random.default_rng(seed)
    ids, vectors = random_ids(rng, 50), unit(rng.standard_normal((50, DIMENSION)))
    query = unit(rng.standard_normal((1, DIMENSION)))[0]
    rows = sorted(chosen)
    hits = built(ids, vectors).search(query, k, within=ids[rows])
    assert [h.chunk_id for h in hits] == brute_force(ids[rows], vectors[rows], query, k)


def test_chunks_that_are_not_in_the_index_are_not_found_within_it() -> None:
    index = built(np.array([1, 2]), unit(np.eye(2, DIMENSION) + 0.1))
    query = unit(np.ones((1, DIMENSION)))[0]
    assert [h.chunk_id for h in index.search(query, 5, within=np.array([2, 3, 4]))] == [2]


def test_removed_chunks_are_gone_and_the_others_stay() -> None:
    rng = np.random.default_rng(1)
    ids, vectors = random_ids(rng, 40), unit(rng.standard_normal((40, DIMENSION)))
    index = built(ids, vectors)
    index.remove(np.concatenate([ids[::2], np.array([12345], dtype=np.int64)]))
    assert len(index) == 20
    query = unit(rng.standard_normal((1, DIMENSION)))[0]
    found = [hit.chunk_id for hit in index.search(query, 40)]
    assert found == brute_force(ids[1::2], vectors[1::2], query, 40)


def test_an_index_comes_back_from_its_file(tmp_path: Path) -> None:
    rng = np.random.default_rng(2)
    ids, vectors = random_ids(rng, 40), unit(rng.standard_normal((40, DIMENSION)))
    index = built(ids, vectors)
    file = tmp_path / "größe.faiss"
    index.save(file)
    query = unit(rng.standard_normal((1, DIMENSION)))[0]
    assert FaissIndex.load(file).search(query, 9) == index.search(query, 9)


def test_a_large_file_is_mapped_and_gives_the_same_and_can_be_changed_in_memory(
    tmp_path: Path,
) -> None:
    rng = np.random.default_rng(3)
    n, d = 45_000, 384
    ids, vectors = random_ids(rng, n), unit(rng.standard_normal((n, d)))
    index = built(ids, vectors)
    file = tmp_path / "large.faiss"
    index.save(file)
    assert file.stat().st_size >= MMAP_FROM_BYTES
    query = vectors[7]
    mapped = FaissIndex.load(file)
    assert mapped.search(query, 20) == index.search(query, 20)
    before = file.read_bytes()
    changed = FaissIndex.load(file, to_change=True)
    changed.remove(ids[7:8])
    changed.add(np.array([5], dtype=np.int64), query[None, :])
    assert changed.search(query, 1)[0].chunk_id == 5
    assert mapped.search(query, 1)[0].chunk_id == ids[7]
    assert file.read_bytes() == before


def test_an_empty_index_finds_nothing() -> None:
    query = unit(np.ones((1, DIMENSION)))[0]
    assert FaissIndex(DIMENSION).search(query, 5) == []


def test_a_query_of_another_dimension_is_refused() -> None:
    index = built(np.array([1]), unit(np.ones((1, DIMENSION))))
    with pytest.raises(IndexMismatch, match=r"8-d vectors .*\(9,\).*rag ingest --rebuild"):
        index.search(unit(np.ones((1, DIMENSION + 1)))[0], 1)
