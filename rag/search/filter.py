"""Find the chunks of the documents that match a filter."""

from collections.abc import Collection

import numpy as np

from index.backend import Snapshot
from index.conditions import COLLECTION, AllOf, AnyOf, Comparison, Condition
from index.types import Ids, Span
from rag.name_patterns import NamePatterns, is_pattern
from rag.results import Filter
from rag.search.where import parse_where


def chunks_within(snapshot: Snapshot, filter: Filter) -> Ids:
    """Return the ids of the chunks whose documents match the filter, ascending."""
    where = _condition(filter)
    if filter.doc_id is None or not any(map(is_pattern, filter.doc_id)):
        return snapshot.chunk_ids_of(
            doc_ids=filter.doc_id, media_types=filter.media_type, where=where
        )
    # Not SQLite's GLOB: it negates with `[^a]`, fnmatch with `[!a]`, and it is ten times slower.
    matches = NamePatterns(filter.doc_id).match
    return snapshot.chunk_ids_of(media_types=filter.media_type, matches=matches, where=where)


def _condition(filter: Filter) -> Condition | None:
    """Return what the properties of a document must be; None if they may be any."""
    parts: list[Condition] = [] if filter.where is None else [parse_where(filter.where)]
    if filter.collection is not None:
        names = [Comparison(COLLECTION, "=", name) for name in filter.collection]
        parts.append(AnyOf(tuple(names)))
    return AllOf(tuple(parts)) if parts else None


def chunks_without(snapshot: Snapshot, spans: Collection[tuple[str, Span]]) -> Ids:
    """The ids, ascending, of the chunks that overlap none of these spans of documents."""
    doc_ids = sorted({doc_id for doc_id, _ in spans})
    chunks = snapshot.chunks(snapshot.chunk_ids_of(doc_ids=doc_ids).tolist())
    overlapping = [
        chunk.chunk_id
        for chunk in chunks
        if any(doc_id == chunk.doc_id and chunk.span.overlaps(span) for doc_id, span in spans)
    ]
    return np.setdiff1d(snapshot.chunk_ids_of(), overlapping, assume_unique=True)
