"""Find the sentence of a passage that answers best, and the words that match the query."""

import numpy as np
from numpy.typing import NDArray

from index.types import Span
from index.words.analyze import analyze, terms_of
from rag.search.candidates import Candidate
from rag.search.question import Question

_DECIMALS = 6


def sentence_scores(text: str, candidate: Candidate, question: Question) -> NDArray[np.float64]:
    """Return the score of each sentence of a chunk, shape (n,), each at most 1.

    Scores are rounded to 6 decimals, so that noise does not decide between equal ones. The score is
    that of late interaction if the model has token vectors. Otherwise it is the mean of the
    sentence's cosine and its idf-weighted share of the question's terms: the vector represents the
    topic, but does not show which of two adjacent sentences has a name from the question.

    text: of the document.
    """
    if candidate.interaction is not None:
        return candidate.interaction.sentences.astype(np.float64).round(_DECIMALS)
    total = sum(question.idf.values()) or 1.0
    shares = [
        sum(question.idf[t] for t in question.idf.keys() & set(terms_of(sentence.of(text)))) / total
        for sentence in candidate.chunk.sentences
    ]
    scores = (candidate.sentences.astype(np.float64) + np.array(shares)) / 2
    return np.asarray(scores.round(_DECIMALS))


def best_sentence(text: str, candidate: Candidate, question: Question) -> Span:
    """Return the span of the sentence with the best score; ties go to the earlier one."""
    best = int(np.argmax(sentence_scores(text, candidate, question)))
    return candidate.chunk.sentences[best]


def matches(query: str, text: str) -> list[Span]:
    """Return the spans of `text` that match a term of the query, in order.

    Overlapping and touching spans are merged.
    """
    terms = set(terms_of(query))
    spans: list[Span] = []
    for term in analyze(text):
        if term.text not in terms:
            continue
        if spans and term.start <= spans[-1].end:
            spans[-1] = Span(spans[-1].start, term.end)
        else:
            spans.append(Span(term.start, term.end))
    return spans
