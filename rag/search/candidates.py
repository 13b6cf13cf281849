"""The candidates of a question and their signals.

A question has about 150 candidates, and a result shows five. So the signals of all candidates are
arrays, and a candidate's chunk is read from the index only when a `Candidate` is created.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import isnan
from typing import NamedTuple, overload

import numpy as np
from numpy.typing import NDArray

from index.backend import Snapshot
from index.types import Chunk, ChunkVectors, Matrix
from rag.search.late_interaction import Interaction


@dataclass(frozen=True, slots=True, eq=False)
class Candidate:
    """A chunk with its signals, ranks and scores.

    dense:         cosine of its vector and the question's, in [-1, 1]
    sentence:      cosine of its best sentence's vector, in [-1, 1]
    lexical:       BM25, at least 0
    lexical_share: BM25 divided by the highest value it can have for the question, in [0, 1]
    dense_rank, lexical_rank: rank among the candidates by vector and by BM25, from 1; None if the
                   chunk is not one of them
    first_score:   weighted sum of the signals, in [0, 1]
    score:         final score, in [0, 1]
    sentences:     the cosine of each of its n sentences, (n,)
    first_rank:    rank by first_score, from 1
    first_weight:  weight of first_score in the final score
    reranked:      the reranker's score, in [0, 1]; None if the reranker did not score the chunk
    interaction:   late interaction of the question and the chunk; None if not computed
    """

    chunk: Chunk
    dense: float
    sentence: float
    lexical: float
    lexical_share: float
    dense_rank: int | None
    lexical_rank: int | None
    first_score: float
    score: float
    sentences: NDArray[np.float32]
    first_rank: int = 0
    first_weight: float = 1.0
    reranked: float | None = None
    interaction: Interaction | None = None


class _Signals(NamedTuple):
    """A row of Candidates.signals.

    place:       index of the chunk in Candidates.vectors
    interaction: index in Candidates.interactions, or -1
    Where a Candidate has None, a rank is 0 and `reranked` is NaN.
    """

    chunk_id: int
    place: int
    n_sentences: int
    dense: float
    sentence: float
    lexical: float
    lexical_share: float
    dense_rank: int
    lexical_rank: int
    first_score: float
    first_rank: int
    reranked: float
    interaction: int
    score: float


SIGNALS = np.dtype(list(_Signals.__annotations__.items()))
"""The dtype of Candidates.signals: int64 and float64 fields."""


@dataclass(frozen=True, eq=False)
class Candidates(Sequence[Candidate]):
    """The candidates of a question, best first.

    signals:      dtype SIGNALS, (n,)
    vectors:      vectors of the candidates' chunks and sentences, ordered by chunk id
    cosines:      float32, (rows,): cosine of each of these vectors and the question's
    first_weight: weight of first_score in the final score
    interactions: late interactions that the reranker computed
    """

    snapshot: Snapshot
    signals: NDArray[np.void]
    vectors: ChunkVectors
    cosines: NDArray[np.float32]
    first_weight: float = 1.0
    interactions: Sequence[Interaction] = ()

    def __len__(self) -> int:
        return len(self.signals)

    @overload
    def __getitem__(self, i: int) -> Candidate: ...
    @overload
    def __getitem__(self, i: slice) -> list[Candidate]: ...
    def __getitem__(self, i: int | slice) -> Candidate | list[Candidate]:
        rows = range(len(self))[i]
        return self.at(rows) if isinstance(rows, range) else self.at([rows])[0]

    def at(self, rows: Sequence[int]) -> list[Candidate]:
        """Return the candidates of these rows. Their chunks are read in one query."""
        if not rows:
            return []
        signals = self.signals[list(rows)]
        chunks = self.snapshot.chunks(signals["chunk_id"].tolist())
        by_id = {chunk.chunk_id: chunk for chunk in chunks}
        # tolist converts all values to Python numbers at once; reading them one by one is slow.
        rows_of_numbers = map(_Signals._make, signals.tolist())
        return [self._candidate(row, by_id[row.chunk_id]) for row in rows_of_numbers]

    def _candidate(self, row: _Signals, chunk: Chunk) -> Candidate:
        first_sentence = int(self.vectors.firsts[row.place]) + 1
        return Candidate(
            chunk=chunk,
            dense=row.dense,
            sentence=row.sentence,
            lexical=row.lexical,
            lexical_share=row.lexical_share,
            dense_rank=row.dense_rank or None,
            lexical_rank=row.lexical_rank or None,
            first_score=row.first_score,
            score=row.score,
            sentences=self.cosines[first_sentence : first_sentence + row.n_sentences],
            first_rank=row.first_rank,
            first_weight=self.first_weight,
            reranked=None if isnan(row.reranked) else row.reranked,
            interaction=None if row.interaction < 0 else self.interactions[row.interaction],
        )

    def own_vectors(self) -> Matrix:
        """The chunks' own vectors, (n, d), in the candidates' order."""
        return self.vectors.own(self.signals["place"])

    def head(self, n: int) -> "Candidates":
        """Return the first n candidates. They share the signals array with this object."""
        return replace(self, signals=self.signals[:n])

    def in_order(self, n: int | None = None) -> "Candidates":
        """Return the candidates sorted by score, best first; ties go to the smaller chunk_id.

        With n, only the first n are sorted, and the others keep their order after them.
        """
        head = self.signals[:n]
        order = np.arange(len(self))
        order[:n] = np.lexsort((head["chunk_id"], -head["score"]))
        return self.at_rows(order)

    def at_rows(self, rows: NDArray[np.int64]) -> "Candidates":
        """Return the candidates of these rows, in this order."""
        return replace(self, signals=self.signals[rows])
