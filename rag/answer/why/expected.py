"""A passage that a person expects: a document or some of its lines, and the chunks that hold it."""

from collections.abc import Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import PurePosixPath

from index.backend import Snapshot
from index.errors import SpanOutOfRange
from index.types import Chunk, Document, Span

_N_NEAR = 3
"""Documents of a similar name that are named."""


@dataclass(frozen=True, slots=True)
class Expected:
    """A document, or the lines from the first to the last of it, counted from 1."""

    doc_id: str
    lines: tuple[int, int] | None = None

    def span_in(self, document: Document) -> Span:
        """Raises SpanOutOfRange if the document lacks a line."""
        if self.lines is None:
            return Span(0, len(document.text))
        first, last = self.lines
        if not 1 <= first <= last <= document.n_lines:
            named = f"{first}" if first == last else f"{first}-{last}"
            raise SpanOutOfRange(
                f"{self.doc_id} has no line {named}; name one from 1 to {document.n_lines:,}"
            )
        return document.span_of_lines(first, last)

    def __str__(self) -> str:
        """As search results name a passage: `doc_id:first-last`."""
        if self.lines is None:
            return self.doc_id
        first, last = self.lines
        return f"{self.doc_id}:{first}" + (f"-{last}" if last != first else "")


def chunks_of(snapshot: Snapshot, doc_id: str) -> list[Chunk]:
    """A document's chunks, in their order."""
    chunks = snapshot.chunks(snapshot.chunk_ids_of(doc_ids=[doc_id]).tolist())
    return sorted(chunks, key=lambda chunk: chunk.ordinal)


def chunks_within(document: Document, chunks: Sequence[Chunk], span: Span) -> list[Chunk]:
    """Those of a document's chunks that hold a part of a span; none of a span of white space."""
    if not span.of(document.text).strip():
        return []
    return [c for c in chunks if c.span.start < span.end and span.start < c.span.end]


def similar_names(snapshot: Snapshot, doc_id: str) -> list[str]:
    """The ids of documents whose file name is like this id's, its ending aside; the most similar
    first."""
    by_name: dict[str, list[str]] = {}
    for record in snapshot.records():
        by_name.setdefault(_file_name(record.doc_id), []).append(record.doc_id)
    names = get_close_matches(_file_name(doc_id), by_name, n=_N_NEAR)
    return [near for name in names for near in by_name[name]][:_N_NEAR]


def _file_name(doc_id: str) -> str:
    return PurePosixPath(doc_id).stem.casefold()
