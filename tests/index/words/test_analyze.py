"""Search terms: which words match, and the position of each term."""

import unicodedata
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from documents import WORDS, examples
from index.words.analyze import MAX_TERM, STOP_WORDS, analyze, terms_of

ANY_WORDS = st.lists(st.one_of(WORDS, st.text(max_size=8)), max_size=12).map(" ".join)


@pytest.mark.parametrize(
    ("text", "terms"),
    [
        ("The U.S. paid $1,500 to farmers’ unions", ["us", "paid", "1500", "farmer", "union"]),
        ("U.S.A. and USA", ["usa", "usa"]),
        ("A.I.D.S. or AIDS", ["aid", "aid"]),
        ("É.U. EU", ["eu", "eu"]),
        ("I.T. it", ["it"]),  # no acronym is a function word
        ("who funds the WHO", ["fund", "who"]),
        ("WHO FUNDS THE U.S.", ["fund", "us"]),  # capitals alone mark nothing
        ("e.g. this", ["e", "g"]),
        ("3.14 1,234,567.8 2021-08-15 43%", ["3.14", "1234567.8", "2021", "08", "15", "43"]),
        ("x² ½ ①", ["x2", "1⁄2", "1"]),
        ("Afghanistan's Afghanistan’s farmers'", ["afghanistan", "afghanistan", "farmer"]),
        ("don't", ["don"]),
        ("Café CAFÉ cafe\u0301 cafe", ["cafe"] * 4),
        ("Straße STRASSE", ["strass", "strass"]),
        ("İstanbul istanbul", ["istanbul", "istanbul"]),
        ("ﬁnance finance ＡＢＣ", ["financ", "financ", "abc"]),
        ("running runs ran", ["run", "run", "ran"]),
        ("東京都庁へ", ["東京", "京都", "都庁", "庁へ"]),
        ("水", ["水"]),
        ("AI研究", ["ai", "研究"]),
        ("ราคา", ["รา", "าค", "คา"]),
        ("नमस्ते हिन्दी", ["नमस्ते", "हिन्दी"]),  # vowel signs are not diacritics
        ("Ελλάδα ёлка", ["ελλαδα", "елка"]),
        ("the of and", []),
        ("?!— \n", []),
    ],
)
def test_terms_equal_values_worked_by_hand(text: str, terms: list[str]) -> None:
    assert terms_of(text) == terms


@given(ANY_WORDS)
@examples(300)
def test_the_text_at_a_terms_offsets_gives_that_term(text: str) -> None:
    for term in analyze(text):
        assert terms_of(text[term.start : term.end]) == [term.text]


@given(ANY_WORDS)
@examples(300)
def test_terms_are_in_order_and_only_pairs_overlap(text: str) -> None:
    terms = list(analyze(text))
    assert [t.start for t in terms] == sorted({t.start for t in terms})
    for a, b in pairwise(terms):
        assert a.end <= b.start or (a.end - a.start, b.start - a.start) == (2, 1)


@given(ANY_WORDS)
@examples(300)
def test_a_term_is_one_word_within_the_limit_of_an_engine(text: str) -> None:
    for term in terms_of(text):
        assert term
        assert len(term.split()) == 1
        assert len(term) <= MAX_TERM


@pytest.mark.parametrize("word", ["x" * 5000, "A." * 5000, "1," * 5000 + "1", "ﷺ" * 500])
def test_a_long_word_is_shortened_to_one_term(word: str) -> None:
    (term,) = analyze(word)
    assert len(term.text) == MAX_TERM
    assert (term.start, term.end) == (0, len(word))


@pytest.mark.parametrize("word", ["ﷺ", "ﷻ", "ﱞ"])
def test_a_ligature_of_several_words_is_one_term(word: str) -> None:
    (term,) = terms_of(word)
    assert term == "".join(unicodedata.normalize("NFKD", word).split())


@given(st.text(st.sampled_from("aeouncéüñå ÉÜ'x."), max_size=30))
@examples(200)
def test_composed_and_decomposed_text_have_the_same_terms(text: str) -> None:
    composed = terms_of(unicodedata.normalize("NFC", text))
    assert terms_of(unicodedata.normalize("NFD", text)) == composed


def test_a_stop_word_is_left_out_but_kept_in_capitals_among_other_words() -> None:
    for word in STOP_WORDS:
        assert terms_of(f"{word} {word.title()}") == []
        assert terms_of(f"{word.upper()} {word.upper()}") == []
        kept = [] if len(word) == 1 else terms_of(word.upper())
        assert terms_of(f"a {word.upper()}") == kept
        assert len(kept) == (len(word) > 1)
