"""BM25 compared with a value worked by hand and with its formula in plain Python."""

import errno
import resource
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from math import log
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from index.words.analyze import terms_of
from index.words.bm25 import idf_of, upper_bound
from index.words.tantivy_files import LexicalText, build
from index.words.tantivy_index import PAIR_WEIGHT, TantivyIndex

K1, B = 1.2, 0.75
ALPHABET = ["aid", "grain", "winter", "borders", "東京", "été", "43", "us"]
# Up to 40 terms the length of a field is stored exactly; above, tantivy rounds it.
CHUNK = st.tuples(
    st.lists(st.sampled_from(ALPHABET), max_size=30),
    st.lists(st.sampled_from(ALPHABET), max_size=9),
)
Chunks = Mapping[int, Sequence[str]]
"""The terms of chunks, by their ids."""


def bm25_of_a_field(
    field: Mapping[int, Sequence[object]], query: Iterable[object]
) -> dict[int, float]:
    """Robertson and Zaragoza (2009) with Lucene's idf; chunks without any term are omitted."""
    average = sum(map(len, field.values())) / len(field)
    scores: dict[int, float] = {}
    for term in dict.fromkeys(query):
        n = sum(term in terms for terms in field.values())
        idf = log(1 + (len(field) - n + 0.5) / (n + 0.5))
        for chunk_id, terms in field.items():
            tf = Counter(terms)[term]
            if tf:
                norm = K1 * (1 - B + B * len(terms) / average)
                scores[chunk_id] = scores.get(chunk_id, 0) + idf * tf * (K1 + 1) / (tf + norm)
    return scores


def neighbours(terms: Sequence[str]) -> list[tuple[str, ...]]:
    return [tuple(sorted(terms[i : i + 2])) for i in range(len(terms) - 1)]


def bm25(chunks: Chunks, context: Chunks, query: Sequence[str]) -> dict[int, float]:
    """BM25 of the chunks' terms with their context, and of the pairs of their own terms."""
    terms = {i: [*chunks[i], *context.get(i, ())] for i in chunks}
    total = bm25_of_a_field(terms, query)
    pairs = bm25_of_a_field({i: neighbours(chunks[i]) for i in chunks}, neighbours(query))
    for chunk_id, score in pairs.items():
        total[chunk_id] += PAIR_WEIGHT * score
    return total


def rows_of(chunks: Chunks, context: Chunks | None = None) -> Iterator[LexicalText]:
    for i, terms in chunks.items():
        yield LexicalText(i, terms, (context or {}).get(i, ()))


def built(folder: Path, chunks: Chunks, context: Chunks | None = None) -> TantivyIndex:
    folder.mkdir(exist_ok=True)
    build(folder, len(chunks), rows_of(chunks, context))
    return TantivyIndex(folder)


def test_bm25_equals_a_value_worked_by_hand(tmp_path: Path) -> None:
    # Three chunks of 2, 4 and 6 terms, 4 on average. "aid" is in two of them, twice in the second.
    chunks = {
        1: ["aid", "came"],
        2: ["aid", "aid", "went", "away"],
        3: ["nothing", "else", "was", "ever", "said", "there"],
    }
    hits = built(tmp_path / "index", chunks).search(["aid"], 10)
    idf = log(1 + (3 - 2 + 0.5) / (2 + 0.5))
    first = idf * 1 * 2.2 / (1 + 1.2 * (0.25 + 0.75 * 2 / 4))
    second = idf * 2 * 2.2 / (2 + 1.2 * (0.25 + 0.75 * 4 / 4))
    assert [(hit.chunk_id, hit.rank) for hit in hits] == [(2, 1), (1, 2)]
    assert [hit.score for hit in hits] == pytest.approx([second, first], rel=1e-5)


def test_two_adjacent_words_are_a_pair_in_either_order(tmp_path: Path) -> None:
    chunks = {1: ["aid", "came"], 2: ["came", "aid"], 3: ["aid", "never", "came"]}
    index = built(tmp_path / "index", chunks)
    hits = index.search(["aid", "came"], 10)
    # 7 terms in three chunks; two of their 4 pairs are in the question, each alone in its chunk.
    idf = log(1 + (3 - 3 + 0.5) / (3 + 0.5))
    short, long = (2.2 / (1 + 1.2 * (0.25 + 0.75 * n / (7 / 3))) for n in (2, 3))
    pair = log(1 + (3 - 2 + 0.5) / (2 + 0.5)) * 2.2 / (1 + 1.2 * (0.25 + 0.75 * 1 / (4 / 3)))
    assert [hit.chunk_id for hit in hits] == [1, 2, 3]
    side_by_side = 2 * idf * short + PAIR_WEIGHT * pair
    assert [hit.score for hit in hits] == pytest.approx(
        [side_by_side, side_by_side, 2 * idf * long], rel=1e-5
    )


def test_a_chunk_is_found_by_its_title_but_the_title_makes_no_pairs(tmp_path: Path) -> None:
    chunks = {1: ["it", "came"], 2: ["aid", "it", "came"]}
    index = built(tmp_path / "index", chunks, {1: ["grain", "aid"]})
    assert [hit.chunk_id for hit in index.search(["grain"], 5)] == [1]
    # Adjacent in the title, but no pair: both chunks have the sum of their terms as score.
    grain, aid, both = (
        {hit.chunk_id: hit.score for hit in index.search(query, 5)}
        for query in (["grain"], ["aid"], ["grain", "aid"])
    )
    assert both == pytest.approx({1: grain[1] + aid[1], 2: aid[2]}, rel=1e-5)


def most_in(index: TantivyIndex, terms: Sequence[str]) -> float:
    """The highest score that the terms can give in a chunk of an index."""
    distinct = dict.fromkeys(terms)
    return upper_bound(idf_of(n, len(index)) for n in index.document_frequencies(list(distinct)))


@settings(deadline=None, max_examples=25)
@given(
    st.dictionaries(st.integers(0, 2**63 - 1), CHUNK, min_size=1, max_size=25),
    st.lists(st.sampled_from([*ALPHABET, "absent"]), min_size=1, max_size=6),
    st.integers(1, 30),
)
def test_bm25_equals_its_formula(
    tmp_path_factory: pytest.TempPathFactory,
    generated: dict[int, tuple[list[str], list[str]]],
    query: list[str],
    k: int,
) -> None:
    chunks = {i: terms for i, (terms, _) in generated.items()}
    context = {i: above for i, (_, above) in generated.items()}
    index = built(tmp_path_factory.mktemp("lexical"), chunks, context)
    expected = bm25(chunks, context, query)
    hits = index.search(query, k)
    assert len(hits) == min(k, len(expected))
    for hit in hits:
        assert hit.score == pytest.approx(expected[hit.chunk_id], rel=1e-4)
    # Best first, ties to the smaller id, also at the last rank.
    everything = index.search(query, len(chunks))
    keys = [(-hit.score, hit.chunk_id) for hit in everything]
    assert keys == sorted(keys)
    assert [h.chunk_id for h in hits] == [h.chunk_id for h in everything[:k]]
    assert index.document_frequencies(ALPHABET) == [
        sum(t in chunks[i] or t in context[i] for i in chunks) for t in ALPHABET
    ]
    # The score of the terms alone stays below its maximum.
    both = {i: [*chunks[i], *context[i]] for i in chunks}
    assert max(bm25_of_a_field(both, query).values(), default=0) <= most_in(index, query)


def test_repetition_approaches_the_maximum_and_never_exceeds_it(tmp_path: Path) -> None:
    # In the context, so that there are no pairs.
    context = {1: ["aid"] * 10_000, 2: ["grain"] * 10_000, 3: ["aid", "grain"]}
    index = built(tmp_path / "index", {1: [], 2: [], 3: []}, context)
    for query in (["aid"], ["aid", "absent"], ["aid", "grain", "aid"]):
        assert all(hit.score <= most_in(index, query) for hit in index.search(query, 5))
    assert index.search(["aid"], 1)[0].score > 0.99 * most_in(index, ["aid"])
    assert most_in(index, []) == 0


def test_idf_equals_lucenes() -> None:
    assert idf_of(0, 10) == pytest.approx(log(1 + 10.5 / 0.5))
    assert idf_of(3, 10) == pytest.approx(log(1 + 7.5 / 3.5))
    assert idf_of(10, 10) == pytest.approx(log(1 + 0.5 / 10.5))


def test_ties_across_the_last_rank_go_to_the_smaller_id(tmp_path: Path) -> None:
    chunks = {i: ["aid", "came"] for i in (9, 4, 7, 1, 8, 3)}
    hits = built(tmp_path / "index", chunks).search(["aid"], 4)
    assert [hit.chunk_id for hit in hits] == [1, 3, 4, 7]


def test_a_search_within_some_chunks_scores_them_like_a_search_of_all(tmp_path: Path) -> None:
    rng = np.random.default_rng(5)
    chunks = {i: [ALPHABET[j] for j in rng.integers(0, 8, 12)] for i in range(200)}
    index = built(tmp_path / "index", chunks)
    within = np.array([3, 50, 77, 199, 1234])
    scores = {hit.chunk_id: hit.score for hit in index.search(["aid", "43"], 200)}
    hits = index.search(["aid", "43"], 10, within)
    assert {hit.chunk_id: hit.score for hit in hits} == {
        i: scores[i] for i in within.tolist() if i in scores
    }


def test_a_repeated_word_or_pair_in_the_question_changes_nothing(tmp_path: Path) -> None:
    index = built(tmp_path / "index", {1: ["aid", "grain"], 2: ["grain", "grain"]})
    assert list(index.search(["aid", "grain", "aid"], 5)) == list(index.search(["aid", "grain"], 5))


@settings(deadline=None, max_examples=50)
@given(st.text())
def test_any_question_is_accepted(tmp_path_factory: pytest.TempPathFactory, question: str) -> None:
    folder = tmp_path_factory.getbasetemp() / "any-question"
    index = TantivyIndex(folder) if folder.exists() else built(folder, {1: terms_of("aid came")})
    assert len(index.search(terms_of(question), 5)) <= 1


def test_disk_errors_are_raised_as_oserror(tmp_path: Path) -> None:
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (64, limits[1]))
    try:
        with pytest.raises(OSError, match="File too large") as raised:
            build(tmp_path, 1, [LexicalText(1, ["aid"])])
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert raised.value.errno == errno.EFBIG


def test_no_terms_or_no_chunks_give_no_results(tmp_path: Path) -> None:
    index = built(tmp_path / "index", {1: ["aid"], 2: []})
    assert not len(index.search([], 5))
    assert not len(index.search(["absent"], 5))
    assert not len(index.search(["aid"], 5, np.array([], dtype=np.int64)))
    assert not len(built(tmp_path / "empty", {}).search(["aid"], 5))
