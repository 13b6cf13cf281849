"""The chunks of the documents that a filter lets through."""

from index.backend import Snapshot
from index.types import Ids
from rag.name_patterns import NamePatterns, is_pattern
from rag.results import Filter


def chunks_within(snapshot: Snapshot, filter: Filter) -> Ids:
    """The ids of the chunks that a filter lets through, ascending."""
    if filter.doc_id is None or not any(map(is_pattern, filter.doc_id)):
        return snapshot.chunk_ids_of(doc_ids=filter.doc_id, media_types=filter.media_type)
    # One compiled expression, not SQLite's GLOB, which has `[^a]` where fnmatch has `[!a]` and
    # takes ten times as long.
    matches = NamePatterns(filter.doc_id).match
    return snapshot.chunk_ids_of(media_types=filter.media_type, matches=matches)
