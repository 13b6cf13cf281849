"""A citation is verified to be its slice of the document; otherwise there is none."""

import sqlite3
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fakes import HashEmbedder
from index.documents.load import document_of
from index.errors import CitationBroken, IndexDamaged
from index.ingest.ingest import ingest_documents
from index.types import Chunk, Span, digest_of
from rag.answer.cite import cite, highlight
from rag.pipeline import Pipeline

TEXT = "# Aid\n\nFirst line\nsecond line.\n\n## Grain\n\nThird — “line”."
DOCUMENT = document_of(TEXT, "d", media_type="text/markdown", name="d", source="where")


def chunk_of(span: Span, ordinal: int = 0) -> Chunk:
    return Chunk(1, "d", ordinal, span, (span,), digest_of(span.of(TEXT)))


def test_a_citation_has_the_place_of_the_passage() -> None:
    start = TEXT.index("Third")
    citation = cite(DOCUMENT, [chunk_of(Span(start, len(TEXT)))])
    assert citation.quote == "Third — “line”."
    assert TEXT[citation.start : citation.end] == citation.quote
    assert (citation.line_start, citation.line_end) == (8, 8)
    assert citation.headings == ["Aid", "Grain"]
    assert (citation.source, citation.title) == ("where", "Aid")
    assert citation.sha256 == DOCUMENT.sha256
    assert (citation.page_start, citation.page_end) == (None, None)


def test_a_citation_has_up_to_32_characters_before_and_after_the_quote() -> None:
    start = TEXT.index("## Grain")
    citation = cite(DOCUMENT, [chunk_of(Span(start, start + 8))])
    assert citation.prefix == "# Aid\n\nFirst line\nsecond line.\n\n"[-32:]
    assert citation.suffix == "\n\nThird — “line”."
    whole = cite(DOCUMENT, [chunk_of(Span(0, len(TEXT)))])
    assert (whole.prefix, whole.suffix) == ("", "")


@given(start=st.integers(0, len(TEXT) - 1), length=st.integers(1, len(TEXT)))
def test_prefix_quote_and_suffix_are_adjacent_in_the_document(start: int, length: int) -> None:
    end = min(start + length, len(TEXT))
    citation = cite(DOCUMENT, [chunk_of(Span(start, end))])
    together = citation.prefix + citation.quote + citation.suffix
    assert TEXT[start - len(citation.prefix) :].startswith(together)
    assert len(citation.prefix) == min(start, 32)
    assert len(citation.suffix) == min(len(TEXT) - end, 32)


def test_pages_are_counted_if_the_document_has_any() -> None:
    paged = replace(DOCUMENT, pages=(0, 20, 40))
    citation = cite(paged, [chunk_of(Span(7, 45))])
    assert (citation.page_start, citation.page_end) == (1, 3)


@pytest.mark.parametrize(
    "text",
    [
        TEXT.replace("Third", "third"),
        " " + TEXT,
        TEXT[: TEXT.index("Third") + 3],
        TEXT.replace("“line”", '"line"'),
    ],
)
def test_a_changed_document_cannot_be_cited(text: str) -> None:
    stored = chunk_of(Span(TEXT.index("Third"), len(TEXT)))
    with pytest.raises(CitationBroken, match="differs from the indexed text"):
        cite(replace(DOCUMENT, text=text), [stored])


def test_neighbours_are_cited_as_one_span() -> None:
    first, second = TEXT.index("## Grain"), TEXT.index("Third")
    parts = [chunk_of(Span(0, first - 2)), chunk_of(Span(first, len(TEXT)), 1)]
    assert cite(DOCUMENT, parts).quote == TEXT
    # Half of one and all of the other, like an answer of two sentences.
    assert cite(DOCUMENT, parts, Span(19, second + 5)).quote == TEXT[19 : second + 5]


def test_only_neighbours_are_cited_together() -> None:
    parts = [chunk_of(Span(0, 5)), chunk_of(Span(TEXT.index("## Grain"), len(TEXT)), 2)]
    with pytest.raises(CitationBroken, match="has text between joined passages"):
        cite(DOCUMENT, parts)


def test_a_span_outside_its_passage_cannot_be_cited() -> None:
    with pytest.raises(CitationBroken, match="is outside"):
        cite(DOCUMENT, [chunk_of(Span(7, 30))], Span(6, 17))


def test_a_highlight_outside_its_passage_is_refused() -> None:
    assert highlight(DOCUMENT, Span(7, 17), Span(7, 30)).quote == "First line"
    with pytest.raises(CitationBroken, match="outside its passage"):
        highlight(DOCUMENT, Span(7, 31), Span(7, 30))


def test_a_search_over_a_changed_store_fails_and_does_not_misquote(tmp_path: Path) -> None:
    embedder = HashEmbedder()
    ingest_documents(tmp_path, [DOCUMENT], embedder)
    with sqlite3.connect(tmp_path / "rag.db") as connection:
        changed = connection.execute("UPDATE documents SET text = replace(text, 'line', 'lime')")
        assert changed.rowcount == 1
    connection.close()
    pipeline = Pipeline.over(tmp_path, embedder)
    with pytest.raises(IndexDamaged, match="d differs from what was stored"):
        pipeline.search("line")
    pipeline.close()
