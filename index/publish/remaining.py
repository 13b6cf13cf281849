"""Published indexes without the chunks that were removed since.

They do not contain chunks added since. Vectors and BM25 scores are the published ones.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from index.protocols import LexicalIndex, VectorIndex
from index.types import Hits, Ids, IndexDescription


class RemainingVectors:
    """A VectorIndex that omits some chunks of another one."""

    def __init__(self, published: VectorIndex, removed: Ids) -> None:
        """removed: ascending ids of chunks that are all in the index; see `present`."""
        self._published = published
        self._removed = removed

    def __len__(self) -> int:
        return len(self._published) - len(self._removed)

    @property
    def dimension(self) -> int:
        return self._published.dimension

    @property
    def description(self) -> IndexDescription:
        return replace(self._published.description, n_vectors=len(self))

    @property
    def changed(self) -> bool:
        return self._published.changed

    def search(self, query: np.ndarray, k: int, within: Ids | None = None) -> Hits:
        if within is not None:
            return self._published.search(query, k, _without(within, self._removed))
        return _searched(lambda n: self._published.search(query, n), k, self._removed)


class RemainingTexts:
    """A LexicalIndex that omits some chunks of another one.

    Document frequencies and scores still include the removed chunks.
    """

    def __init__(self, published: LexicalIndex, removed: Ids) -> None:
        """removed: ascending ids of chunks that are all in the index."""
        self._published = published
        self._removed = removed

    def __len__(self) -> int:
        return len(self._published) - len(self._removed)

    def search(self, terms: Sequence[str], k: int, within: Ids | None = None) -> Hits:
        if within is not None:
            return self._published.search(terms, k, _without(within, self._removed))
        return _searched(lambda n: self._published.search(terms, n), k, self._removed)

    def document_frequencies(self, terms: Sequence[str]) -> list[int]:
        """Return the number of chunks that contain each term, including removed chunks.

        At most the number of remaining chunks.
        """
        return [min(n, len(self)) for n in self._published.document_frequencies(terms)]

    def having(self, terms: Sequence[str], ids: Ids) -> NDArray[np.bool_]:
        """See index.protocols.LexicalIndex. ids: of chunks that are not removed"""
        return self._published.having(terms, ids)

    @property
    def changed(self) -> bool:
        return self._published.changed


def present(index: VectorIndex, ids: Ids) -> Ids:
    """Return the ids whose chunks are in an index, ascending."""
    if not len(ids):
        return ids
    query = np.zeros(index.dimension, np.float32)
    query[0] = 1.0
    return np.sort(index.search(query, len(ids), ids).ids)


def _searched(search: Callable[[int], Hits], k: int, removed: Ids) -> Hits:
    """Return the k best hits without removed chunks. search: returns the n best hits of all."""
    most = k + len(removed)
    fetched = min(2 * k, most)
    while True:
        hits = search(fetched)
        kept = np.flatnonzero(~np.isin(hits.ids, removed))[:k]
        if len(kept) == k or len(hits) < fetched or fetched == most:
            return Hits(hits.ids[kept], hits.scores[kept])
        fetched = min(2 * fetched, most)


def _without(ids: Ids, removed: Ids) -> Ids:
    return ids[~np.isin(ids, removed)]
