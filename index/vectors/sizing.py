"""The choice between exact search and inverted lists for a dense index.

Exact search of 30,000 vectors of 384 dimensions takes 1.8 ms on one core, and the time grows with
their number. Larger indexes use inverted lists (Jégou, Douze and Schmid 2011). A search probes so
many lists that recall@10 is 0.996 on questions made from the index's own vectors
(index.vectors.faiss_build). That takes about 1.5 ms for 100,000 vectors and 6 ms for a million.
"""

from dataclasses import dataclass
from math import ceil, sqrt


@dataclass(frozen=True, slots=True)
class Shape:
    """How an index is searched, and the measurements behind this choice.

    n_lists:  number of inverted lists; 0 if a search compares the query with every vector
    n_probed: number of lists that a search probes: those with the nearest centroids
    n_chosen: number of vectors when lists were built or tried; 0 if they never were
    recall:   recall@10 of the lists at that time, with 100 hits rescored; None if not measured
    """

    n_lists: int = 0
    n_probed: int = 0
    n_chosen: int = 0
    recall: float | None = None

    @property
    def exact(self) -> bool:
        return self.n_lists == 0


@dataclass(frozen=True, slots=True)
class Sizing:
    """Limits that decide the shape of an index.

    exact_up_to: a new index with at most this many vectors is exact
    growth:      lists are rebuilt if the number of vectors grows or shrinks by this factor
    recall:      minimum recall@10 of a search with lists; above the goal of 0.98, because it is
                 measured on only n_questions questions
    n_questions: number of questions in that measurement
    at_once:     maximum number of vectors in memory during a build, besides the index itself
    """

    exact_up_to: int = 30_000
    growth: float = 4.0
    recall: float = 0.996
    n_questions: int = 400
    at_once: int = 50_000

    def suits(self, shape: Shape, n_vectors: int) -> bool:
        """Return whether an index with this shape can keep it for n_vectors vectors.

        >>> Sizing().suits(Shape(), 30_001)
        False
        >>> Sizing().suits(Shape(n_lists=1000, n_probed=50, n_chosen=60_000), 30_000)
        True
        """
        # Lists are kept down to half the limit, so that an index near the limit is not rebuilt at
        # every change.
        if n_vectors <= self.exact_up_to // (1 if shape.exact else 2):
            return shape.exact
        return n_vectors <= self.growth * shape.n_chosen and shape.n_chosen <= (
            self.growth * n_vectors
        )

    def n_lists(self, n_vectors: int) -> int:
        """Return 4 * sqrt(n_vectors), rounded up, at least 2.

        With 2 * sqrt(n_vectors), a search with the same recall takes twice as long. More lists take
        longer to train and do not speed up a search, which compares the query with more centroids.
        """
        return max(2, ceil(4 * sqrt(n_vectors)))
