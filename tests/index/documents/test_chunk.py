"""Chunks are exact slices that follow a document's structure and never exceed the window."""

from itertools import pairwise
from math import ceil
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from command import ROOT
from documents import documents, examples
from fakes import WordTokenizer
from index.documents.chunk import CHARACTERS_PER_TOKEN, chunk
from index.documents.formats import MARKDOWN
from index.documents.load import blocks_of, document_of, read
from index.documents.sentences import sentences_of
from index.fingerprint import ChunkSettings
from index.protocols import Embedder, Tokenizer
from index.types import Chunk, Document, Span, digest_of

ARTICLE = "seeds/000_7140c98bc3163d31.txt"
SETTINGS = st.sampled_from(
    [ChunkSettings(), ChunkSettings(4, 4), ChunkSettings(12, 8), ChunkSettings(30, 100)]
)


class BeginningTokenizer(WordTokenizer):
    """Like some tokenizers, it makes two tokens of the first word of a text and one of the word
    elsewhere: a sentence alone has more tokens than within its paragraph."""

    def offsets(self, text: str) -> list[tuple[int, int]]:
        first, *others = [*super().offsets(text), (0, 0)]
        start, end = first
        halves = [(start, start + 1), (start + 1, end)] if end > start + 1 else [first]
        return [*halves, *others][:-1]


@pytest.fixture(scope="session", params=["words", "beginnings", "model"])
def tokenizer(request: pytest.FixtureRequest, embedder: Embedder) -> Tokenizer:
    made = {"words": WordTokenizer(), "beginnings": BeginningTokenizer()}
    return made.get(request.param, embedder.tokenizer)


def document(text: str, media_type: str = "text/plain") -> Document:
    return document_of(text, "doc", media_type=media_type, name="name")


def chunks_of(
    document: Document, tokenizer: Tokenizer, settings: ChunkSettings = ChunkSettings()
) -> list[Chunk]:
    return chunk(document, blocks_of(document), tokenizer, settings)


def cost(text: str, tokenizer: Tokenizer) -> int:
    return max(len(tokenizer.offsets(text)), ceil(len(text) / CHARACTERS_PER_TOKEN))


def visible(text: str) -> set[int]:
    return {i for i, character in enumerate(text) if not character.isspace()}


def kept_whole(document: Document) -> list[Span]:
    """What is never split if it fits: headings, sentences of paragraphs, lines of other blocks."""
    spans: list[Span] = []
    for block in blocks_of(document):
        if block.kind == "heading":
            spans.append(block.span)
        elif block.kind == "paragraph":
            spans += sentences_of(document.text, block.span)
        else:
            start = block.span.start
            for line in block.span.of(document.text).split("\n"):
                spans.append(Span(start, start + len(line)))
                start += len(line) + 1
    return spans


@examples(150)
@given(document=documents(), settings=SETTINGS)
@example(document=document("a" * 50_000), settings=ChunkSettings())
@example(document=document("Some word. " * 2000), settings=ChunkSettings())
@example(document=document("One two three. " * 9), settings=ChunkSettings(4, 4))
@example(document=document("a" + " " * 3000 + "b"), settings=ChunkSettings())
@example(document=document("```\n\x1cx\x1c\n```", MARKDOWN), settings=ChunkSettings())
def test_chunks_are_the_document_split_within_the_limit(
    tokenizer: Tokenizer, document: Document, settings: ChunkSettings
) -> None:
    chunks, text = chunks_of(document, tokenizer, settings), document.text
    assert [c.ordinal for c in chunks] == list(range(len(chunks)))
    assert all(a.span.end <= b.span.start for a, b in pairwise(chunks))
    covered = {i for c in chunks for i in range(c.span.start, c.span.end)}
    assert visible(text) <= covered
    for c in chunks:
        piece = text[c.span.start : c.span.end]
        assert piece == piece.strip() != ""
        assert c.digest == digest_of(piece)
        assert len(tokenizer.offsets(piece)) <= settings.limit
        assert len(piece) <= settings.limit * CHARACTERS_PER_TOKEN
    assert len({c.chunk_id for c in chunks}) == len(chunks)
    assert all(0 < c.chunk_id < 2**63 for c in chunks)
    assert chunks_of(document, tokenizer, settings) == chunks


@examples(150)
@given(document=documents(), settings=SETTINGS)
@example(document=document("a" + " " * 3000 + "b"), settings=ChunkSettings())
@example(document=document("```\n\x1cx\x1c\n```", MARKDOWN), settings=ChunkSettings())
def test_sentences_are_in_their_chunk_in_order_and_without_edge_white_space(
    tokenizer: Tokenizer, document: Document, settings: ChunkSettings
) -> None:
    for c in chunks_of(document, tokenizer, settings):
        assert all(c.span.contains(sentence) for sentence in c.sentences)
        assert all(a.end <= b.start for a, b in pairwise(c.sentences))
        assert c.sentences[-1].end == c.span.end
        for sentence in c.sentences:
            piece = sentence.of(document.text)
            assert piece == piece.strip() != ""


@examples(150)
@given(document=documents(), settings=SETTINGS)
def test_a_chunk_never_extends_into_the_next_section(
    tokenizer: Tokenizer, document: Document, settings: ChunkSettings
) -> None:
    blocks = blocks_of(document)
    for c in chunks_of(document, tokenizer, settings):
        kinds = [
            block.kind == "heading"
            for block in blocks
            if block.span.start < c.span.end and c.span.start < block.span.end
        ]
        # Headings come first: none comes after another block.
        assert kinds == sorted(kinds, reverse=True)


@examples(150)
@given(document=documents(), settings=SETTINGS)
def test_a_sentence_that_fits_is_not_split(
    tokenizer: Tokenizer, document: Document, settings: ChunkSettings
) -> None:
    chunks = chunks_of(document, tokenizer, settings)
    for span in kept_whole(document):
        piece = span.of(document.text)
        if piece.strip() and cost(piece, tokenizer) <= settings.limit:
            left = len(piece) - len(piece.lstrip())
            inner = Span(span.start + left, span.start + len(piece.rstrip()))
            assert any(c.span.contains(inner) for c in chunks), piece


def test_the_seed_article_has_these_chunks_under_these_headings(tokenizer: Tokenizer) -> None:
    article = read(ROOT / ARTICLE, ARTICLE)
    lines = article.text.split("\n")
    found = [(*article.lines_of(c.span), article.headings_of(c.span)) for c in
             chunks_of(article, tokenizer)]  # fmt: skip
    sections = [(2, [(1, 3), (4, 4)]), (5, [(5, 6), (7, 7)]), (8, [(8, 9), (10, 10)]),
                (11, [(11, 12), (13, 13)]), (14, [(14, 15), (16, 16)])]  # fmt: skip
    assert found == [
        (first, last, (lines[heading - 1],))
        for heading, paragraphs in sections
        for first, last in paragraphs
    ]
    assert article.title == lines[0]


def test_a_heading_belongs_to_its_first_chunk_but_to_none_of_its_sentences() -> None:
    doc = document("# One\n\nFirst words. Second words.\n\n## Two\n", MARKDOWN)
    one, two = chunks_of(doc, WordTokenizer())
    assert one.span.of(doc.text) == "# One\n\nFirst words. Second words."
    assert [s.of(doc.text) for s in one.sentences] == ["First words.", "Second words."]
    assert [s.of(doc.text) for s in two.sentences] == ["## Two"]


def test_hard_wrapped_lines_are_one_paragraph_with_sentences_across_lines() -> None:
    text = (
        "The ministry announced on Monday that the\nharvest had failed in two provinces. The\n"
        "governor denied it and left.\n\nShort line.\n"
        "Another line that stands alone and is much longer.\n"
    )
    doc = document(text)
    (only,) = chunks_of(doc, WordTokenizer())
    assert [s.of(text) for s in only.sentences] == [
        "The ministry announced on Monday that the\nharvest had failed in two provinces.",
        "The\ngovernor denied it and left.",
        "Short line.",
        "Another line that stands alone and is much longer.",
    ]


def test_a_list_of_names_in_title_case_is_not_a_run_of_headings() -> None:
    names = "Ada Lovelace\nGrace Hopper\nAlan Turing\nKurt Gödel"
    text = f"{names}\nThey are remembered for what they wrote."
    assert document(text).headings == ()
    three = document(text.removeprefix("Ada Lovelace\n"))
    assert [h.text for h in three.headings] == ["Grace Hopper", "Alan Turing", "Kurt Gödel"]
    assert document(names).headings == ()  # no text comes after them


def test_markdown_headings_are_nested_by_their_level() -> None:
    text = (
        "---\ntitle: Manual\n---\n# Pump #\n\nIntro.\n\n## Parts\n\nSeal.\n\n### Seal ring\n\n"
        "Ring.\n\nSetext\n------\n\nMore.\n\n# Motor\n\n```\n# no heading\n```\n"
    )
    doc = document(text, MARKDOWN)
    paths = {
        text[c.span.start : c.span.end].split("\n")[-1]: doc.headings_of(c.span)
        for c in chunks_of(doc, WordTokenizer())
    }
    assert paths == {
        "---": (),
        "Intro.": ("Pump",),
        "Seal.": ("Pump", "Parts"),
        "Ring.": ("Pump", "Parts", "Seal ring"),
        "More.": ("Pump", "Setext"),
        "```": ("Motor",),
    }
    assert doc.title == "Manual"
    assert [(h.level, h.text) for h in doc.headings] == [
        (1, "Pump"), (2, "Parts"), (3, "Seal ring"), (2, "Setext"), (1, "Motor"),
    ]  # fmt: skip


def test_short_paragraphs_are_joined_up_to_the_target_and_long_ones_are_split_evenly() -> None:
    # Three words and a full stop are 4 tokens and fewer than 4 * 8 characters.
    sentences = [f"one two x{i}." for i in range(9)]
    doc = document("\n\n".join(sentences))
    assert [len(c.sentences) for c in chunks_of(doc, WordTokenizer(), ChunkSettings(16, 8))] == [
        2, 2, 2, 2, 1,
    ]  # fmt: skip
    doc = document(" ".join(sentences))  # 36 tokens need three chunks of 16, so 12 each
    assert [len(c.sentences) for c in chunks_of(doc, WordTokenizer(), ChunkSettings(16, 8))] == [
        3, 3, 3,
    ]  # fmt: skip


class CountingTokenizer(WordTokenizer):
    """It counts the characters that it reads."""

    def __init__(self) -> None:
        self.n_characters = 0

    def offsets(self, text: str) -> list[tuple[int, int]]:
        self.n_characters += len(text)
        return super().offsets(text)


@pytest.mark.parametrize("word", ["a", "漢 ", "lorem "])
def test_a_very_long_sentence_is_tokenized_in_linear_time(word: str) -> None:
    n_read = []
    for length in (20_000, 80_000):
        tokenizer = CountingTokenizer()
        text = (word * length)[:length].strip()
        assert len(chunks_of(document(text), tokenizer)) >= length / (254 * 8)
        n_read.append(tokenizer.n_characters)
    assert n_read[1] <= 4.5 * n_read[0]


@pytest.mark.parametrize(
    "text",
    ["漢字" * 20_000, "漢字。" * 10_000, "“a " * 10_000, "a+/b" * 10_000, "a" + "\u0301" * 20_000],
    ids=["han", "han sentences", "open quotes", "base64", "marks"],
)
def test_one_long_line_is_split_within_the_limit_of_the_model(
    embedder: Embedder, text: str
) -> None:
    chunks = chunks_of(document(text), embedder.tokenizer)
    longest = embedder.fingerprint.window - embedder.fingerprint.special
    end = 0
    for c in chunks:
        assert not text[end : c.span.start].strip()
        assert len(embedder.tokenizer.offsets(c.span.of(text))) <= longest
        end = c.span.end
    assert end == len(text.rstrip())


@examples(60)
@given(
    words=st.lists(st.text(st.characters(exclude_categories=["Cs"]), min_size=1), min_size=1),
    n=st.integers(1, 300),
    gap=st.sampled_from(["", " ", "\n\n"]),
)
@example(words=["ﷺ"], n=3000, gap="")
@example(words=["㌀", "각"], n=1000, gap="")
@example(words=["a" + "\u0301" * 3000], n=2, gap=" ")
def test_every_chunk_of_any_script_fits_the_window_of_the_model(
    embedder: Embedder, words: list[str], n: int, gap: str
) -> None:
    text = gap.join(words * n)[:6000]
    if text.isspace():
        return
    longest = embedder.fingerprint.window - embedder.fingerprint.special
    end, doc = 0, document(text)
    for c in chunks_of(doc, embedder.tokenizer):
        assert not text[end : c.span.start].strip()
        assert len(embedder.tokenizer.offsets(c.span.of(text))) <= longest
        end = c.span.end
    assert not text[end:].strip()


def test_the_chunk_ids_of_a_text_depend_on_its_document(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("Same words.")
    one, two = (read(tmp_path / "a.txt", doc_id) for doc_id in ("one", "two"))
    (a,), (b,) = (chunks_of(d, WordTokenizer()) for d in (one, two))
    assert a.digest == b.digest
    assert a.chunk_id != b.chunk_id
