"""The chunks of the documents that a filter lets through."""

from index.publish.snapshot import Snapshot
from index.types import Ids
from rag.name_patterns import NamePatterns, is_pattern
from rag.results import Filter


def chunks_within(snapshot: Snapshot, filter: Filter) -> Ids:
    """The ids of the chunks that a filter lets through, ascending."""
    media_types = filter.media_type
    if media_types is not None:
        # SQLite's json_each ends a text at a NUL, which no media type has.
        media_types = [each for each in media_types if "\0" not in each]
    if filter.doc_id is None:
        return snapshot.chunk_ids_of(media_types=media_types)
    if not any(is_pattern(text) or "\0" in text for text in filter.doc_id):
        return snapshot.chunk_ids_of(doc_ids=filter.doc_id, media_types=media_types)
    # Not in SQLite: its GLOB has `[^a]` where fnmatch has `[!a]` and takes ten times as long as
    # one expression, and a Python function that it calls waits for the interpreter's lock at
    # every row.
    names = NamePatterns(filter.doc_id)
    rows = [row for row, doc_id in snapshot.doc_ids() if names.match(doc_id)]
    return snapshot.chunk_ids_of(rows, media_types=media_types)
