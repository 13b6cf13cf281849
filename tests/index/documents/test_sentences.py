"""Long texts are split into sentences in slices, without loss."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from documents import documents, examples
from index.documents.sentences import LONGEST, sentences_of
from index.types import Document, Span

SENTENCES = [
    "The pump is on.", "Dr. Smith left it at 5 p.m. on Monday.", "Was it 3.5 bar?", "漢字を読む。",
    "Насос включён.", "Er kam am 3. Mai an.", "“It works!” she said.",
]  # fmt: skip


@examples(100)
@given(document=documents(), longest=st.sampled_from([2, 16, 100]))
def test_sentences_of_slices_contain_everything_visible(document: Document, longest: int) -> None:
    text, end = document.text, 1
    for span in sentences_of(text, Span(1, len(text)), longest):
        assert not text[end : span.start].strip()
        piece = span.of(text)
        assert piece == piece.strip() != ""
        end = span.end
    assert not text[end:].strip()


@examples(100)
@given(chosen=st.lists(st.sampled_from(SENTENCES), max_size=60))
def test_sentences_of_slices_are_those_of_the_whole_text(chosen: list[str]) -> None:
    text = " ".join(chosen)
    whole = sentences_of(text, Span(0, len(text)))
    assert sentences_of(text, Span(0, len(text)), 400) == whole


@pytest.mark.parametrize("character", ["a", "漢", "“", "e\u0301", "=", "ﷺ"])
def test_a_text_without_sentence_ends_is_split_in_slices(character: str) -> None:
    text = character * (4 * LONGEST)
    spans = sentences_of(text, Span(0, len(text)))
    assert max(span.end - span.start for span in spans) <= LONGEST
    assert all(a.end == b.start for a, b in pairwise(spans))
    assert (spans[0].start, spans[-1].end) == (0, len(text))


@pytest.mark.parametrize(
    "sentences",
    [
        ["It weighs approx. 5 kg and no. 5 is best.", "See fig. 3 for more."],
        ["It runs on .NET 8 and on Mono.", "Nothing else is needed."],
        ["Use `git log -- ?` to see.", "The `?` matches one character."],
        ["* Proxy support. (#900)"],
        ["**How long is it?**"],
        ["See Art. 5 para. 2 of the Act.", "It was built ca. 1850 by J. R. Smith."],
        ["**Note.**", "The port is 80. [1]", "It was **closed.**", "Again."],
    ],
)
def test_sentences_end_where_a_reader_would_end_them(sentences: list[str]) -> None:
    text = " ".join(sentences)
    assert [span.of(text) for span in sentences_of(text, Span(0, len(text)))] == sentences
