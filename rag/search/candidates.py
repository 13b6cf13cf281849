"""Candidates of a question: every signal of each, as arrays, and as objects where they are shown.

A question has some 150 candidates and shows five. What is computed for all of them is computed in
arrays; the chunk of a candidate, with its spans, is read only when it is asked for.
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
    """A chunk with what every signal gave it, and its score in [0, 1].

    dense, sentence:    cosines, in [-1, 1]
    lexical:            BM25, not negative; lexical_share: of the most it could be, in [0, 1]
    dense_rank, lexical_rank: among the candidates of FAISS and of BM25; None if it is not there
    first_score:        the sum of these, in [0, 1]; first_rank: by it; first_weight: its share of
                        the score
    sentences:          the cosine of each of its sentences, (n,); `sentence` is the best of them
    reranked:           the reranker's score, in [0, 1]; None if it did not look
    interaction:        the question's tokens against its own; None if not computed
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
    """A row of Candidates.signals. place: of the chunk in Candidates.vectors. Where a Candidate has
    None, ranks are 0, reranked is NaN, and interaction, which counts the rows of
    Candidates.interactions, is -1."""

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
"""Of Candidates.signals: int64 and float64, by name."""


@dataclass(frozen=True, eq=False)
class Candidates(Sequence[Candidate]):
    """The candidates of a question, best first.

    signals: of dtype SIGNALS, (n,)
    vectors: of their chunks, in the order of their ids
    cosines: of each of these vectors with the question's, float32, (rows,)
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
        chosen = range(len(self))[i]
        return self.at(chosen) if isinstance(chosen, range) else self.at([chosen])[0]

    def at(self, rows: Sequence[int]) -> list[Candidate]:
        """The candidates of these rows, their chunks read together."""
        if not rows:
            return []
        signals = self.signals[list(rows)]
        chunks = self.snapshot.chunks(signals["chunk_id"].tolist())
        by_id = {chunk.chunk_id: chunk for chunk in chunks}
        # As Python's own numbers, all at once: to take them from a row one by one is slow.
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
        """The first n, which share their signals with these."""
        return replace(self, signals=self.signals[:n])

    def in_order(self, n: int | None = None) -> "Candidates":
        """Best first; ties go to the smaller chunk_id. With n, the first n alone are put in order,
        and the others stay behind them as they are."""
        head = self.signals[:n]
        order = np.arange(len(self))
        order[:n] = np.lexsort((head["chunk_id"], -head["score"]))
        return replace(self, signals=self.signals[order])
