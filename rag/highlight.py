"""The sentence of a passage that answers best, and the words of it that the question shares."""

from collections.abc import Mapping
from math import log

import numpy as np

from index.analyze import analyze, terms_of
from index.rows import StoredChunk
from index.types import Span, Vector


def best_sentence(
    text: str,
    stored: StoredChunk,
    query: Vector,
    weights: Mapping[str, float],
) -> Span:
    """The span of the sentence with the greatest sum of cosine and idf-weighted share of the
    question's terms; the earlier of two equal ones.

    text: the document's. weights: the idf of each of the question's terms.

    A late-pooled vector alone knows what a sentence is about but not which of two neighbours holds
    the name that was asked for; the words alone miss a paraphrase.
    """
    sentences = stored.chunk.sentences
    cosines = stored.encoding.sentence_vectors @ query
    total = sum(weights.values()) or 1.0
    overlaps = [
        sum(weights[t] for t in weights.keys() & set(terms_of(s.of(text)))) / total
        for s in sentences
    ]
    scores = (cosines + np.array(overlaps)).round(6)
    return sentences[int(np.argmax(scores))]


def idf_of(document_frequency: int, n_chunks: int) -> float:
    """BM25's inverse document frequency of a term, as Lucene has it; never negative."""
    return log(1 + (n_chunks - document_frequency + 0.5) / (document_frequency + 0.5))


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
