"""When a dense index compares a query with every vector, and when with a part of them.

Exact search of 30,000 vectors of 384 dimensions takes 1.8 ms on one core, and the time grows with
their number. Beyond, vectors lie in inverted lists (Jégou, Douze and Schmid 2011), and a search
looks into so many of them that recall@10 is .996 on questions made of the index's own vectors
(index.vectors.faiss_build): some 1.5 ms among 100,000 vectors, 6 ms among a million.
"""

from dataclasses import dataclass
from math import ceil, sqrt


@dataclass(frozen=True, slots=True)
class Shape:
    """How the vectors of an index are searched, and what it was chosen for.

    n_lists:  of the inverted lists; 0 where a query is compared with every vector
    n_probed: how many of them a search looks into, of those whose centroid is nearest
    n_chosen: how many vectors there were when lists were made or tried; 0 if they never were
    recall:   recall@10 that lists reached then, the 100 found rescored; None if never measured
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
    """The bounds within which an index keeps its shape.

    exact_up_to: most vectors that a new index searches exactly
    growth:      lists are made anew when there are so many times more, or fewer, vectors
    recall:      least recall@10 of a search that does not look into every list; above the .98 that
                 is wanted, for it is measured on n_questions only
    at_once:     most vectors in memory while an index is built, its own apart
    """

    exact_up_to: int = 30_000
    growth: float = 4.0
    recall: float = 0.996
    n_questions: int = 400
    at_once: int = 50_000

    def suits(self, shape: Shape, n_vectors: int) -> bool:
        """Whether an index of this shape goes on as it is with so many vectors.

        >>> Sizing().suits(Shape(), 30_001)
        False
        >>> Sizing().suits(Shape(n_lists=1000, n_probed=50, n_chosen=60_000), 30_000)
        True
        """
        # Lists last until half the bound, so that an index that hovers around it is not made anew
        # with every change.
        if n_vectors <= self.exact_up_to // (1 if shape.exact else 2):
            return shape.exact
        return n_vectors <= self.growth * shape.n_chosen and shape.n_chosen <= (
            self.growth * n_vectors
        )

    def n_lists(self, n_vectors: int) -> int:
        """Four times the root. With twice, a search for the same recall takes twice as long; more
        lists cost more to fit, and a search gains nothing that comparing with more centroids does
        not take again."""
        return max(2, ceil(4 * sqrt(n_vectors)))
