"""A query in any script is read in parts that fit the window of the real tokenizer."""

import pytest
import tokenizers
from hypothesis import given, settings
from hypothesis import strategies as st

from index.encode.model_files import find_model
from index.encode.pooling import ModelTokenizer, QueryPart, parts_of, sentences_within
from index.types import Span

LONGEST = 254
_MODEL = tokenizers.Tokenizer.from_file(str(find_model().path / "tokenizer.json"))
_MODEL.no_truncation()
_MODEL.no_padding()
TOKENIZER = ModelTokenizer(_MODEL)

_CHARACTERS = st.characters(exclude_categories=["Cs"])
_WORDS = st.one_of(
    st.text(_CHARACTERS, min_size=1, max_size=12),
    st.sampled_from(
        ["안녕하세요", "㌀", "ﷺ", "a" + "\u0301" * 40, "👩‍👩‍👧", "Straßenbahnhaltestelle", "वाक्य"]
    ),
)


def _check(text: str, longest: int, prefix: str) -> None:
    parts = parts_of(text, TOKENIZER.offsets, longest, prefix)
    assert "".join(part.text for part in parts) == text
    assert all(text.startswith(part.text, part.start) for part in parts)
    most = longest + len(_MODEL.encode(prefix, add_special_tokens=False).ids)
    for part in parts:
        alone = _MODEL.encode(prefix + part.text, add_special_tokens=False).ids
        assert len(alone) <= most


@settings(max_examples=150, deadline=None, derandomize=True)
@given(
    words=st.lists(_WORDS, max_size=30),
    repeated=st.integers(1, 60),
    separator=st.sampled_from([" ", "", "-"]),
    longest=st.sampled_from([20, 60, LONGEST]),
    prefix=st.sampled_from(["", "query: "]),
)
def test_every_part_of_a_query_fits_the_window(
    words: list[str], repeated: int, separator: str, longest: int, prefix: str
) -> None:
    _check(separator.join(words * repeated)[:2000], longest, prefix)


@pytest.mark.parametrize(
    "word",
    [
        "안녕하세요 ",
        "㌀ ",
        "ﷺ ",
        "ﷺ-",
        "각",
        "a\u0301 ",
        "👩‍👩‍👧 ",
        "Straßenbahnen ",
        "где находится ",
    ],
)
def test_a_question_of_2000_characters_fits_in_any_script(word: str) -> None:
    _check((word * 2000)[:2000], LONGEST, "")


def test_a_short_question_with_many_tokens_per_character_is_read_in_parts() -> None:
    text = "대한민국 " * 40
    assert len(text) < LONGEST < len(_MODEL.encode(text).ids)
    assert len(parts_of(text, TOKENIZER.offsets, LONGEST)) > 1


def test_a_character_that_exceeds_the_window_is_omitted() -> None:
    assert len(TOKENIZER.offsets("각")) == 3
    parts = parts_of("wo 각 ist", TOKENIZER.offsets, 2)
    assert "각" not in "".join(part.text for part in parts)
    assert "".join(part.text for part in parts).split() == ["wo", "ist"]
    assert parts_of("각", TOKENIZER.offsets, 2) == [QueryPart(0, "")]


def test_a_short_ascii_question_is_not_tokenized_first() -> None:
    def offsets_of(text: str) -> list[tuple[int, int]]:
        raise AssertionError(text)

    text = "Why? " * 50
    assert parts_of(text, offsets_of, LONGEST) == [QueryPart(0, text)]


@settings(max_examples=150, deadline=None, derandomize=True)
@given(text=st.text(st.characters(max_codepoint=127), max_size=300))
def test_ascii_has_at_most_one_token_per_character(text: str) -> None:
    assert len(TOKENIZER.offsets(text)) <= len(text)


class BeginningTokenizer:
    """Like some tokenizers, it makes one more token of a text alone than within another text."""

    def offsets(self, text: str) -> list[tuple[int, int]]:
        return [(0, 0), *((i, i + 1) for i in range(len(text)))] if text else []


@pytest.mark.parametrize("prefix", ["", "p: "])
def test_a_sentence_encoded_separately_fits_the_window(prefix: str) -> None:
    offsets_of = BeginningTokenizer().offsets
    texts, spans = ["äbcdef", "ä. öh."], [[Span(0, 6)], [Span(0, 2), Span(3, 6)]]
    most = 6 + len(offsets_of(prefix))
    sentences = sentences_within(texts, spans, offsets_of, 6, prefix)
    assert [text[0] for text in sentences] == ["ä", "ä", "ö"]
    assert sentences[1:] == ["ä.", "öh."]
    assert all(len(offsets_of(prefix + sentence)) <= most for sentence in sentences)
    assert len(sentences[0]) >= 5


def test_an_empty_query_is_one_part() -> None:
    assert [part.text for part in parts_of("", TOKENIZER.offsets, LONGEST)] == [""]
