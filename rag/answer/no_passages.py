"""Why a question got no passage at all, in words for people."""

from index.backend import Snapshot
from index.words.analyze import terms_of

NO_DOCUMENTS = "The index holds no documents; `rag ingest PATH` adds some."
NONE_PASSES = "The filter lets no document through."
NO_TERM = "The question has no word to search for."
NO_MATCH = "No word of the question occurs in the documents."
NO_MATCH_WITHIN = "No word of the question occurs in the documents that the filter lets through."


def reason_for(snapshot: Snapshot, query: str, n_within: int | None) -> str:
    """The first of the reasons above that holds.

    n_within: how many chunks the filter lets through; None without a filter
    """
    if not snapshot.n_searched:
        return NO_DOCUMENTS
    if n_within == 0:
        return NONE_PASSES
    if not terms_of(query):
        return NO_TERM
    return NO_MATCH if n_within is None else NO_MATCH_WITHIN
