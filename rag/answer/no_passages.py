"""Messages: why a search returned no passage, and what to know of how a reply was made."""

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
NO_CALIBRATION = (
    "This model has no calibration: an answer is stated only if it contains every word of the "
    "question, and there is no confidence; run `rag eval calibrate` to make one."
)


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


def note_on(question: Question, *, is_calibrated: bool) -> str | None:
    """Return what to know of a reply: that the model cannot read all of the question, that it has
    no calibration, or both; None if there is nothing.

    is_calibrated: whether the model has a calibration; also true if there is no model
    """
    notes = []
    if question.unread:
        notes.append(BY_WORDS_ALONE if question.by_words_alone else PARTLY_READ)
    if not is_calibrated:
        notes.append(NO_CALIBRATION)
    return " ".join(notes) or None
