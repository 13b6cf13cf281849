"""The passage that a user expects: a document or some of its lines, and its chunks."""

from collections.abc import Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import PurePosixPath

from index.backend import Snapshot
from index.errors import SpanOutOfRange
from index.types import Chunk, Document, Span

_N_NEAR = 3
"""The maximum number of documents with similar names in a message."""


@dataclass(frozen=True, slots=True)
class Expected:
    """A document, or some of its lines: the first and the last, counted from 1."""

    doc_id: str
    lines: tuple[int, int] | None = None

    def span_in(self, document: Document) -> Span:
        """Return the expected span. Raises SpanOutOfRange if the document lacks a line."""
        if self.lines is None:
            return Span(0, len(document.text))
        first, last = self.lines
        if not 1 <= first <= last <= document.n_lines:
            named = f"{first}" if first == last else f"{first}-{last}"
            raise SpanOutOfRange(
                f"{self.doc_id} has no line {named}; choose one from 1 to {document.n_lines:,}"
            )
        return document.span_of_lines(first, last)

    def __str__(self) -> str:
        """Return the form of search results: `doc_id:first-last`."""
        if self.lines is None:
            return self.doc_id
        first, last = self.lines
        return f"{self.doc_id}:{first}" + (f"-{last}" if last != first else "")


def chunks_of(snapshot: Snapshot, doc_id: str) -> list[Chunk]:
    """Return a document's chunks, in document order."""
    chunks = snapshot.chunks(snapshot.chunk_ids_of(doc_ids=[doc_id]).tolist())
    return sorted(chunks, key=lambda chunk: chunk.ordinal)


def chunks_within(document: Document, chunks: Sequence[Chunk], span: Span) -> list[Chunk]:
    """Return a document's chunks that overlap a span; none if the span is only white space."""
    if not span.of(document.text).strip():
        return []
    return [c for c in chunks if c.span.overlaps(span)]


def similar_names(snapshot: Snapshot, doc_id: str) -> list[str]:
    """Return ids of documents with similar file names, without extension; most similar first."""
    by_name: dict[str, list[str]] = {}
    for record in snapshot.records():
        by_name.setdefault(_file_name(record.doc_id), []).append(record.doc_id)
    names = get_close_matches(_file_name(doc_id), by_name, n=_N_NEAR)
    return [near for name in names for near in by_name[name]][:_N_NEAR]


def _file_name(doc_id: str) -> str:
    return PurePosixPath(doc_id).stem.casefold()
