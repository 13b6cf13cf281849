"""Corrections of a reranker's scores by what the vectors do not show.

A passage that lacks an exact term of the question (an identifier, a number, a quoted phrase, an
acronym, a name) loses part of its score: the vectors of E106 and E107 are nearly the same. A list
of contents scores 0, because it names the sections and says nothing of what they say.
"""

import numpy as np
from numpy.typing import NDArray

from index.backend import Snapshot
from index.words.analyze import terms_of
from rag.search.candidates import Candidates
from rag.search.exact_terms import exact_terms
from rag.search.question import Question

LACKING = 0.1
"""What a passage loses that lacks all terms of the question, if all are exact."""


def adjusted(
    snapshot: Snapshot, question: Question, head: Candidates, scores: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Return the scores of the candidates, (n,), in [0, 1]."""
    lower = scores - LACKING * lacking_share(snapshot, question, head)
    ids = head.signals["chunk_id"]
    lower[np.isin(ids, snapshot.contents_lists(ids.tolist()))] = 0.0
    return np.clip(lower, 0.0, 1.0)


def lacking_share(snapshot: Snapshot, question: Question, head: Candidates) -> NDArray[np.float64]:
    """Return the idf-weighted share of the question's terms that are exact and that neither the
    passage nor its title and headings have, (n,), in [0, 1]."""
    exact = {term for each in exact_terms(question.text) for term in terms_of(each.text)}
    terms = [term for term in question.idf if term in exact]
    if not terms:
        return np.zeros(len(head))
    idf = np.array([question.idf[term] for term in terms])
    has = snapshot.having(terms, head.signals["chunk_id"])
    return np.asarray(~has @ idf / max(sum(question.idf.values()), 1e-12))
