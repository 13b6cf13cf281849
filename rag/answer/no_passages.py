"""Messages: why a search returned no passage, and which words the model could not read."""

from index.backend import Snapshot
from index.words.analyze import terms_of
from rag.search.question import Question

NO_DOCUMENTS = "The index contains no documents; add some with `rag ingest PATH`."
NONE_PASSES = "No document matches the filter."
NO_TERM = "The question contains no word to search for."
NO_MATCH = "No word of the question occurs in the documents."
NO_MATCH_WITHIN = "No word of the question occurs in the documents that match the filter."

BY_WORDS_ALONE = "The model cannot read this question; only its words were searched for."
PARTLY_READ = "The model cannot read a part of this question; only the words of this part count."


def reason_for(snapshot: Snapshot, query: str, n_within: int | None) -> str:
    """Return the reason why a search returned no passage.

    n_within: number of chunks that pass the filter; None without a filter
    """
    if not snapshot.n_searched:
        return NO_DOCUMENTS
    if n_within == 0:
        return NONE_PASSES
    if not terms_of(query):
        return NO_TERM
    return NO_MATCH if n_within is None else NO_MATCH_WITHIN


def note_on(question: Question) -> str | None:
    """Return a message if the model cannot read all of a question, else None."""
    if not question.unread:
        return None
    return BY_WORDS_ALONE if question.by_words_alone else PARTLY_READ
