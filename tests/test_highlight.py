"""The best sentence, the idf behind it, and the words that match."""

from itertools import pairwise
from math import log

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from index.analyze import terms_of
from index.rows import StoredChunk
from index.types import Chunk, Encoding, Span
from rag.highlight import best_sentence, idf_of, matches

TEXT = "Aid was cut. Aid from Kabul was cut. The river rose."
SENTENCES = (Span(0, 12), Span(13, 36), Span(37, 52))


def stored(*cosines: float) -> StoredChunk:
    """A chunk of three sentences whose vectors have these cosines with the query (1, 0)."""
    rows = [(c, (1 - c * c) ** 0.5) for c in cosines]
    vectors = np.array(rows, dtype=np.float32)
    chunk = Chunk(1, "d", 0, Span(0, len(TEXT)), SENTENCES, b"")
    return StoredChunk(chunk, 1, Encoding(vectors[0], vectors))


def best(question: str, *cosines: float) -> str:
    query = np.array([1, 0], dtype=np.float32)
    weights = dict.fromkeys(terms_of(question), 1.0)
    return best_sentence(TEXT, stored(*cosines), query, weights).of(TEXT)


def test_shared_words_decide_between_sentences_that_are_alike() -> None:
    assert best("aid from Kabul", 0.5, 0.5, 0.5) == "Aid from Kabul was cut."


def test_the_vector_decides_where_no_word_is_shared() -> None:
    assert best("flooding", 0.1, 0.2, 0.6) == "The river rose."


def test_words_and_vector_add_up() -> None:
    # Half of the terms and a cosine of .2, against no term and .6; then against .8.
    assert best("Kabul flooding", 0.0, 0.2, 0.6) == "Aid from Kabul was cut."
    assert best("Kabul flooding", 0.0, 0.2, 0.8) == "The river rose."


def test_of_equal_sentences_the_earlier_is_taken() -> None:
    assert best("?", 0.3, 0.3, 0.3) == "Aid was cut."


def test_idf_equals_lucenes() -> None:
    assert idf_of(0, 10) == pytest.approx(log(1 + 10.5 / 0.5))
    assert idf_of(3, 10) == pytest.approx(log(1 + 7.5 / 3.5))
    assert idf_of(10, 10) == pytest.approx(log(1 + 0.5 / 10.5))


def test_words_match_by_their_stem_and_keep_their_place() -> None:
    text = "Their economies, he said, collapsed; the cafés did not."
    found = matches("Why did the economy collapse near the Cafe?", text)
    assert [span.of(text) for span in found] == ["economies", "collapsed", "cafés"]
    assert [s.of("東京都庁") for s in matches("東京都", "東京都庁")] == ["東京都"]


@given(st.text(), st.text())
def test_matches_are_in_order_apart_and_within_the_text(query: str, text: str) -> None:
    spans = matches(query, text)
    assert all(0 <= span.start < span.end <= len(text) for span in spans)
    assert all(a.end < b.start for a, b in pairwise(spans))
