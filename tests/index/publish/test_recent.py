"""What is kept of what was read, against a reader that counts."""

from collections.abc import Mapping, Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from index.publish.lru import LruCache


class Reader:
    """Knows the even ids below 100, each as many bytes as the id says."""

    def __init__(self) -> None:
        self.asked: list[int] = []

    def read(self, ids: Sequence[int]) -> Mapping[int, bytes]:
        self.asked += ids
        return {i: bytes(i) for i in ids if i % 2 == 0 and i < 100}


@given(st.lists(st.lists(st.integers(0, 110), max_size=8), max_size=12), st.integers(0, 400))
def test_it_says_what_reading_says_and_keeps_no_more_than_it_may(
    asked: list[list[int]], most: int
) -> None:
    recent = LruCache(Reader().read, len, most)
    for ids in asked:
        assert recent.of(ids) == Reader().read(ids)
        assert recent.size_kept <= most


def test_what_is_kept_is_not_read_again() -> None:
    reader = Reader()
    recent = LruCache(reader.read, len, 1000)
    recent.of([2, 4])
    recent.of([4, 6, 2])
    assert reader.asked == [2, 4, 6]


def test_what_was_used_longest_ago_goes_first() -> None:
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
def test_a_value_larger_than_the_bound_is_given_and_not_kept(size: int) -> None:
    recent = LruCache(Reader().read, len, 40)
    assert recent.of([size]) == {size: bytes(size)}
    assert recent.size_kept == 0
