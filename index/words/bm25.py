"""BM25's parts that do not depend on the engine (Robertson and Zaragoza 2009)."""

from collections.abc import Iterable
from math import log

K1 = 1.2
"""The saturation of term frequency; tantivy's, which cannot be set."""


def idf_of(document_frequency: int, n_chunks: int) -> float:
    """The inverse document frequency of a term, in Lucene's form; never negative."""
    return log(1 + (n_chunks - document_frequency + 0.5) / (document_frequency + 0.5))


def upper_bound(idf: Iterable[float]) -> float:
    """The most that distinct terms of these idf can score, without pairs: the limit for a chunk
    that repeats each of them without end."""
    return (K1 + 1) * sum(idf)
