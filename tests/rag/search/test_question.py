"""The weight of each token of a question, and the idf of its terms in an index."""

from collections.abc import Iterator
from contextlib import closing
from math import log
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fakes import HashEmbedder
from index.documents.load import document_of
from index.encode.token_codec import rotated
from index.ingest.ingest import ingest_documents
from index.protocols import Embedder
from index.publish.snapshot import EmbeddedSnapshot
from rag.search.question import question_of, token_weights


@pytest.fixture
def snapshot(tmp_path: Path) -> Iterator[EmbeddedSnapshot]:
    """Four chunks: three about aid and grain, one about aid."""
    texts = ["Aid, grain." if i else "Aid." for i in range(4)]
    documents = [
        document_of(text, f"d{i}", media_type="text/plain", name="It")
        for i, text in enumerate(texts)
    ]
    ingest_documents(tmp_path, documents, HashEmbedder())
    with closing(EmbeddedSnapshot.open(tmp_path)) as opened:
        yield opened


def test_a_token_weighs_one_plus_the_idf_of_its_word() -> None:
    # "the" is no term; "rain" has idf 2, "fell" 1: 1 + 3 + 2 in total.
    weights = token_weights([(0, 3), (4, 8), (9, 13)], [(4, 8, 2.0), (9, 13, 1.0)])
    assert weights.tolist() == pytest.approx([1 / 6, 3 / 6, 2 / 6])


def test_the_tokens_of_a_word_share_its_idf() -> None:
    # "Tali" and "ban" each have half of 4, plus one.
    weights = token_weights([(0, 4), (4, 7), (8, 11)], [(0, 7, 4.0), (8, 11, 1.0)])
    assert weights.tolist() == pytest.approx([3 / 8, 3 / 8, 2 / 8])


def test_a_token_of_two_words_and_a_word_without_a_token_are_accepted() -> None:
    assert token_weights([(0, 10)], [(0, 4, 1.0), (5, 10, 3.0)]).tolist() == [1.0]
    assert token_weights([(0, 1)], [(5, 9, 3.0)]).tolist() == [1.0]
    assert token_weights([], [(0, 4, 1.0)]).tolist() == []


@given(
    st.lists(st.tuples(st.integers(0, 9), st.integers(1, 5)), min_size=1),
    st.lists(st.tuples(st.integers(0, 9), st.integers(1, 5), st.floats(0, 20))),
)
def test_weights_are_positive_and_sum_to_1(
    tokens: list[tuple[int, int]], words: list[tuple[int, int, float]]
) -> None:
    weights = token_weights(
        [(start, start + n) for start, n in tokens],
        [(start, start + n, i) for start, n, i in words],
    )
    assert (weights > 0).all()
    assert weights.sum() == pytest.approx(1, abs=1e-5)


def test_a_question_has_its_terms_with_their_idf_in_the_index(snapshot: EmbeddedSnapshot) -> None:
    encoding = HashEmbedder().encode_query("Was aid grain, or aid gold?")
    question = question_of("Was aid grain, or aid gold?", encoding, snapshot)
    assert question.terms == ("aid", "grain", "aid", "gold")
    assert question.idf == pytest.approx(
        {"aid": log(1 + 0.5 / 4.5), "grain": log(1 + 1.5 / 3.5), "gold": log(1 + 4.5 / 0.5)}
    )
    assert question.lexical_most == pytest.approx(2.2 * sum(question.idf.values()))
    np.testing.assert_array_equal(question.token_vectors, rotated(encoding.token_vectors))
    was, aid, grain, _, _, again, gold, mark = question.token_weights
    assert was == mark == min(question.token_weights)
    assert aid == again
    assert gold > grain > aid > was


def test_a_question_without_a_term_has_only_its_vectors(snapshot: EmbeddedSnapshot) -> None:
    question = question_of("what is it?", HashEmbedder().encode_query("what is it?"), snapshot)
    assert (question.terms, question.idf, question.lexical_most) == ((), {}, 0.0)
    assert question.token_weights.tolist() == [0.25] * 4


def test_the_rare_name_of_a_question_has_the_largest_weight(
    seeds_index: Path, embedder: Embedder
) -> None:
    text = "How many people did the Zwickledorf bakery feed in the winter?"
    encoding = embedder.encode_query(text)
    snapshot = EmbeddedSnapshot.open(seeds_index)
    question = question_of(text, encoding, snapshot)
    snapshot.close()
    weight_of = {"Zwickledorf": 0.0, "people": 0.0, "the": 0.0}
    for (start, end), weight in zip(encoding.offsets, question.token_weights, strict=True):
        for word in weight_of:
            if text.index(word) <= start < end <= text.index(word) + len(word):
                weight_of[word] += float(weight)
    assert weight_of["Zwickledorf"] > weight_of["people"] > weight_of["the"] > 0
