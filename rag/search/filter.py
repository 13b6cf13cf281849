"""Find the chunks of the documents that match a filter."""

from index.backend import Snapshot
from index.types import Ids
from rag.name_patterns import NamePatterns, is_pattern
from rag.results import Filter


def chunks_within(snapshot: Snapshot, filter: Filter) -> Ids:
    """Return the ids of the chunks whose documents match the filter, ascending."""
    if filter.doc_id is None or not any(map(is_pattern, filter.doc_id)):
        return snapshot.chunk_ids_of(doc_ids=filter.doc_id, media_types=filter.media_type)
    # Not SQLite's GLOB: it negates with `[^a]`, fnmatch with `[!a]`, and it is ten times slower.
    matches = NamePatterns(filter.doc_id).match
    return snapshot.chunk_ids_of(media_types=filter.media_type, matches=matches)
