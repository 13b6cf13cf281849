"""The parts of BM25 that do not depend on the engine (Robertson and Zaragoza 2009)."""

from collections.abc import Iterable
from math import log

K1 = 1.2
"""The saturation of term frequency. tantivy uses this value and has no setting for it."""


def idf_of(document_frequency: int, n_chunks: int) -> float:
    """Return the inverse document frequency of a term, with Lucene's formula; never negative."""
    return log(1 + (n_chunks - document_frequency + 0.5) / (document_frequency + 0.5))


def upper_bound(idf: Iterable[float]) -> float:
    """Return the limit of the BM25 score of distinct terms with these idf, without pairs.

    A chunk approaches it if it repeats each term infinitely often.
    """
    return (K1 + 1) * sum(idf)
