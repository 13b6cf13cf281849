"""The cache of recently read values, compared with a counting reader."""

from collections.abc import Mapping, Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from index.publish.lru import LruCache


class Reader:
    """It has the even ids below 100; the value of an id has that many bytes."""

    def __init__(self) -> None:
        self.asked: list[int] = []

    def read(self, ids: Sequence[int]) -> Mapping[int, bytes]:
        self.asked += ids
        return {i: bytes(i) for i in ids if i % 2 == 0 and i < 100}


@given(st.lists(st.lists(st.integers(0, 110), max_size=8), max_size=12), st.integers(0, 400))
def test_it_returns_what_the_reader_returns_and_stays_within_its_limit(
    asked: list[list[int]], most: int
) -> None:
    recent = LruCache(Reader().read, len, most)
    for ids in asked:
        assert recent.of(ids) == Reader().read(ids)
        assert recent.size_kept <= most


def test_a_cached_value_is_not_read_again() -> None:
    reader = Reader()
    recent = LruCache(reader.read, len, 1000)
    recent.of([2, 4])
    recent.of([4, 6, 2])
    assert reader.asked == [2, 4, 6]


def test_the_least_recently_used_value_is_evicted_first() -> None:
    reader = Reader()
    recent = LruCache(reader.read, len, 16)
    for ids in ([4], [6], [4], [8]):  # 6 bytes too many, and 4 was used after 6
        recent.of(ids)
    reader.asked.clear()
    recent.of([4, 8])
    assert (reader.asked, recent.size_kept) == ([], 12)
    recent.of([6])
    assert reader.asked == [6]


@pytest.mark.parametrize("size", [50, 98])
def test_a_value_larger_than_the_limit_is_returned_and_not_cached(size: int) -> None:
    recent = LruCache(Reader().read, len, 40)
    assert recent.of([size]) == {size: bytes(size)}
    assert recent.size_kept == 0
