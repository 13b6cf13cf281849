"""The best sentence, with and without late interaction, and the matching words."""

from itertools import pairwise

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from fakes import candidate_with, chunk_with, question_with
from index.types import Span
from rag.answer.highlight import best_sentence, matches, sentence_scores
from rag.search.late_interaction import Interaction

TEXT = "Aid was cut. Aid from Kabul was cut. The river rose."
SENTENCES = (Span(0, 12), Span(13, 36), Span(37, 52))


def best(question: str, *cosines: float) -> str:
    """The best of three sentences whose vectors have these cosines with the question's."""
    candidate = candidate_with(chunk_with(TEXT, SENTENCES), sentences=np.array(cosines))
    return best_sentence(TEXT, candidate, question_with(question)).of(TEXT)


def test_the_interaction_decides_if_there_is_one() -> None:
    scores = np.array([0.2, 0.1, 0.30000004], dtype=np.float32)
    interaction = Interaction(np.zeros((1, 3), np.float32), np.zeros(1, np.float32), scores, 0.5)
    stored = chunk_with(TEXT, SENTENCES)
    candidate = candidate_with(stored, sentences=np.array([1, 1, 0]), interaction=interaction)
    question = question_with("aid from Kabul")
    assert best_sentence(TEXT, candidate, question) == SENTENCES[2]
    assert sentence_scores(TEXT, candidate, question).tolist() == [0.2, 0.1, 0.3]


def test_rare_words_weigh_more_than_common_ones() -> None:
    question = question_with("aid in the river", idf={"aid": 1.0, "river": 3.0})
    candidate = candidate_with(chunk_with(TEXT, SENTENCES))
    assert sentence_scores(TEXT, candidate, question).tolist() == [1 / 8, 1 / 8, 3 / 8]


def test_shared_words_decide_between_similar_sentences() -> None:
    assert best("aid from Kabul", 0.5, 0.5, 0.5) == "Aid from Kabul was cut."


def test_the_vector_decides_if_no_word_is_shared() -> None:
    assert best("flooding", 0.1, 0.2, 0.6) == "The river rose."


def test_words_and_vector_are_added() -> None:
    # Half of the terms and a cosine of .2, against no term and .6; then against .8.
    assert best("Kabul flooding", 0.0, 0.2, 0.6) == "Aid from Kabul was cut."
    assert best("Kabul flooding", 0.0, 0.2, 0.8) == "The river rose."


def test_of_equal_sentences_the_first_is_chosen() -> None:
    assert best("?", 0.3, 0.3, 0.3) == "Aid was cut."


def test_words_match_by_their_stem_and_keep_their_position() -> None:
    text = "Their economies, he said, collapsed; the cafés did not."
    found = matches("Why did the economy collapse near the Cafe?", text)
    assert [span.of(text) for span in found] == ["economies", "collapsed", "cafés"]
    assert [s.of("東京都庁") for s in matches("東京都", "東京都庁")] == ["東京都"]


@given(st.text(), st.text())
def test_matches_are_in_order_disjoint_and_within_the_text(query: str, text: str) -> None:
    spans = matches(query, text)
    assert all(0 <= span.start < span.end <= len(text) for span in spans)
    assert all(a.end < b.start for a, b in pairwise(spans))
