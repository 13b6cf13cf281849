"""FAISS: exact nearest chunks by inner product. The one module that imports faiss.

The index is derived from the store and published as an immutable file. FAISS crashes if an index is
changed while it is searched, so one that is searched is never changed: catching up happens on a
copy that nobody searches yet.
"""

from pathlib import Path
from typing import Any

import faiss
import numpy as np

from index.errors import IndexMismatch
from index.types import Hit, Ids, Matrix, Vector

# One query gains nothing from two OpenMP threads and loses by their start: several searches at once
# are several threads with one each.
faiss.omp_set_num_threads(1)

VERSION: str = faiss.__version__

MMAP_FROM_BYTES = 64 * 2**20
"""From this size on a file is memory-mapped: it opens uncopied, and processes share it."""


class FaissIndex:
    """A VectorIndex over a flat FAISS index, so its results are exact."""

    def __init__(self, dimension: int) -> None:
        self._index: Any = faiss.IndexIDMap2(faiss.IndexFlatIP(dimension))

    def __len__(self) -> int:
        return int(self._index.ntotal)

    @property
    def dimension(self) -> int:
        return int(self._index.d)

    def add(self, ids: Ids, vectors: Matrix) -> None:
        """Add chunks. FAISS accepts an id twice without a word, so an id must not be there yet."""
        if len(ids):
            self._index.add_with_ids(np.ascontiguousarray(vectors, dtype=np.float32), ids)

    def remove(self, ids: Ids) -> None:
        """Remove chunks; ids that are not there are passed over."""
        if len(ids):
            self._index.remove_ids(faiss.IDSelectorBatch(ids))

    def search(self, query: Vector, k: int, within: Ids | None = None) -> list[Hit]:
        if query.shape != (self.dimension,):
            raise IndexMismatch(
                f"the index holds {self.dimension}-d vectors but the query's has shape "
                f"{query.shape}; run `rag ingest --rebuild`"
            )
        parameters: Any = None
        available = len(self)
        if within is not None:
            available = min(available, len(within))
            selector = faiss.IDSelectorBatch(np.ascontiguousarray(within, dtype=np.int64))
            parameters = faiss.SearchParameters(sel=selector)  # type: ignore[call-arg]
        wanted = min(k, available)
        fetched = wanted
        while fetched:
            # One more than wanted, and more until the last differs in score from the k-th, shows
            # every chunk that ties with it: which of those are in must not be left to chance.
            fetched = min(fetched + 1, available)
            scores, ids = self._index.search(query[None, :], fetched, params=parameters)
            found = ids[0] >= 0
            scores, ids = scores[0][found], ids[0][found]
            if fetched == available or len(ids) < fetched or scores[wanted - 1] > scores[-1]:
                order = np.lexsort((ids, -scores))[:wanted]
                return [Hit(int(ids[i]), float(scores[i]), r) for r, i in enumerate(order, 1)]
            fetched *= 2
        return []

    def save(self, path: Path) -> None:
        # Through Python's own I/O, for paths that are not ASCII and for errors that are exceptions.
        path.write_bytes(faiss.serialize_index(self._index).tobytes())

    @classmethod
    def load(cls, path: Path, *, to_change: bool = False) -> "FaissIndex":
        """An index from a file whose checksum the caller has verified: FAISS itself loads flipped
        bits without a word. One loaded to be changed is always a copy in memory."""
        index = cls.__new__(cls)
        if not to_change and path.stat().st_size >= MMAP_FROM_BYTES:
            index._index = faiss.read_index(str(path), faiss.IO_FLAG_MMAP_IFC)
        else:
            index._index = faiss.deserialize_index(np.frombuffer(path.read_bytes(), np.uint8))
        return index
