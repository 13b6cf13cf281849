"""The choice of the segments of BM25 that an update writes again."""

from random import Random

from hypothesis import given
from hypothesis import strategies as st

from index.words.segments import LEAST_LIMIT, N_LARGE, Segment, even_size, limit, plan

SEGMENT = st.integers(1, 20_000).flatmap(
    lambda n: st.builds(Segment, st.just(n), st.just(0) | st.integers(0, n))
)


@given(st.lists(SEGMENT, max_size=12), st.integers(0, 30_000))
def test_every_segment_with_chunks_left_has_one_place(segments: list[Segment], n: int) -> None:
    chosen = plan(segments, n)
    numbers = [*chosen.kept, *chosen.joined, *chosen.alone]
    assert sorted(numbers) == [i for i, each in enumerate(segments) if each.n_left]
    assert all(segments[i].n_removed == 0 for i in chosen.kept)
    assert all(segments[i].n_removed for i in chosen.alone)
    n_left = sum(each.n_left for each in segments)
    joined = sum(segments[i].n_left for i in chosen.joined)
    assert len(chosen.joined) <= 1 or n + joined <= limit(n_left + n)


def test_untouched_segments_are_kept_if_they_are_much_larger_than_what_is_added() -> None:
    chosen = plan([Segment(2000), Segment(2000, n_removed=6), Segment(300)], 6)
    assert (chosen.kept, chosen.joined, chosen.alone) == ([2, 0], [], [1])


def test_a_document_that_changes_often_costs_only_its_own_chunks() -> None:
    segments, written = [6000, 6000, 6000, 6], []
    for _ in range(20):
        smallest = segments.index(6)
        removed = [Segment(n, 6 * (i == smallest)) for i, n in enumerate(segments)]
        segments, n_written = updated(removed, 6)
        written.append(n_written)
    assert written == [6] * 20


def updated(segments: list[Segment], n_added: int) -> tuple[list[int], int]:
    """The sizes of the segments after an update, and how many chunks were written."""
    chosen = plan(segments, n_added)
    most = limit(sum(each.n_left for each in segments) + n_added)
    left = [each.n_left for each in segments]
    sizes, n_written = [left[i] for i in chosen.kept], 0
    for n in (n_added + sum(left[i] for i in chosen.joined), *(left[i] for i in chosen.alone)):
        n_written += n
        sizes += [min(even_size(n, most), n - at) for at in range(0, n, even_size(n, most) or 1)]
    return sizes, n_written


def test_random_edits_write_a_bounded_part_and_leave_few_segments() -> None:
    rng, segments = Random(5), [6000, 6000, 6000]
    n_written = 0
    for _ in range(2000):
        touched = rng.choices(range(len(segments)), segments)[0]
        former = [Segment(n, min(6, n) * (i == touched)) for i, n in enumerate(segments)]
        segments, n = updated(former, 6)
        assert len(segments) <= 2 * N_LARGE + 2
        assert max(segments) <= max(LEAST_LIMIT, limit(sum(segments)))
        n_written += n
    assert n_written / 2000 < 18_000 / N_LARGE
