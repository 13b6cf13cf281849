"""The sentence of a passage that answers best, and the words of it that the question shares."""

import numpy as np
from numpy.typing import NDArray

from index.types import Span
from index.words.analyze import analyze, terms_of
from rag.search.candidates import Candidate
from rag.search.question import Question

_DECIMALS = 6


def sentence_scores(text: str, candidate: Candidate, question: Question) -> NDArray[np.float64]:
    """How well each sentence of a chunk answers, (n,), each at most 1; rounded, so that noise
    does not choose between equal ones.

    By late interaction where the model allows. Otherwise the mean of the sentence's cosine and its
    idf-weighted share of the question's terms: a sentence's vector alone knows what it is about but
    not which of two neighbours holds the name that was asked for.

    text: the document's.
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
    """The span of the sentence that answers best; the earlier of two equal ones."""
    best = int(np.argmax(sentence_scores(text, candidate, question)))
    return candidate.chunk.sentences[best]


def matches(query: str, text: str) -> list[Span]:
    """The words of `text` that match a word of the query, in order, overlaps joined."""
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
