"""The cache: limited in bytes, evicts the least recently used, holds one state of the index."""

from collections import OrderedDict
from sys import getsizeof

from hypothesis import given
from hypothesis import strategies as st

from api.answer_cache import ResultCache

NOW = (1, "token")
LATER = (2, "another")


def cache_of(max_bytes: int) -> ResultCache:
    """An empty cache with the current state."""
    cache = ResultCache(max_bytes)
    assert cache.get(NOW, "nothing") is None
    return cache


def size(key: str, body: bytes) -> int:
    """The size of an entry, measured by a cache of its own."""
    cache = cache_of(1_000_000)
    cache.put(NOW, key, body)
    return cache.n_bytes


def test_a_stored_body_is_returned_unchanged() -> None:
    cache = cache_of(10_000)
    cache.put(NOW, "who", b"them")
    cache.put(NOW, "when", b"then")
    assert (cache.get(NOW, "who"), cache.get(NOW, "when")) == (b"them", b"then")
    cache.put(NOW, "who", b"others")
    assert cache.get(NOW, "who") == b"others"
    assert len(cache) == 2


def test_an_entry_counts_at_least_the_memory_that_python_uses_for_it() -> None:
    for key, body in (("k", b"b" * 1000), ("é" * 500, b""), ("😀\ud800", b"x")):
        assert size(key, body) >= getsizeof(key) + getsizeof(body)


def test_the_least_recently_used_entry_is_evicted_first() -> None:
    cache = cache_of(3 * size("a", b"body"))
    for key in "abc":
        cache.put(NOW, key, b"body")
    assert cache.get(NOW, "a") == b"body"  # so that b is now the oldest
    cache.put(NOW, "d", b"body")
    assert [cache.get(NOW, key) for key in "abcd"] == [b"body", None, b"body", b"body"]


def test_an_entry_larger_than_the_cache_evicts_nothing() -> None:
    cache = cache_of(size("a", b"body"))
    cache.put(NOW, "a", b"body")
    cache.put(NOW, "b", b"a longer body")
    assert (cache.get(NOW, "a"), cache.get(NOW, "b")) == (b"body", None)


def test_a_cache_of_zero_bytes_stores_nothing() -> None:
    cache = cache_of(0)
    cache.put(NOW, "", b"")
    assert cache.get(NOW, "") is None
    assert len(cache) == cache.n_bytes == 0


def test_another_state_of_the_index_empties_the_cache() -> None:
    cache = cache_of(10_000)
    cache.put(NOW, "who", b"them")
    assert cache.get(LATER, "who") is None
    assert len(cache) == cache.n_bytes == 0
    # Results of the earlier state do not return, not even with that state.
    cache.put(NOW, "who", b"them")
    assert (cache.get(LATER, "who"), cache.get(NOW, "who")) == (None, None)


def test_the_same_number_in_another_database_is_another_state() -> None:
    cache = cache_of(10_000)
    cache.put(NOW, "who", b"them")
    assert cache.get((NOW[0], "another"), "who") is None


@given(
    st.integers(0, 2000),
    st.lists(st.tuples(st.sampled_from("abcdefgh"), st.integers(0, 400), st.booleans())),
)
def test_it_is_a_least_recently_used_dictionary_within_its_limit(
    most: int, calls: list[tuple[str, int, bool]]
) -> None:
    """The oracle keeps the whole history and counts from the start each time."""
    cache = cache_of(most)
    oracle: OrderedDict[str, bytes] = OrderedDict()
    for key, length, puts in calls:
        if puts:
            body = bytes(length)
            if size(key, body) <= most:
                oracle.pop(key, None)
                oracle[key] = body
                while sum(size(k, b) for k, b in oracle.items()) > most:
                    oracle.popitem(last=False)
            cache.put(NOW, key, body)
        else:
            if key in oracle:
                oracle.move_to_end(key)
            assert cache.get(NOW, key) == oracle.get(key)
        assert cache.n_bytes == sum(size(k, b) for k, b in oracle.items()) <= most
        assert len(cache) == len(oracle)
