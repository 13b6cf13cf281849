"""FAISS: nearest chunks by inner product. Only this module imports faiss.

The index is derived from the store and published as immutable files. FAISS crashes if an index
changes during a search. So an update changes a copy, which is searched only when it is complete.
"""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from math import ceil
from pathlib import Path
from typing import Any

import faiss
import numpy as np
from numpy.typing import NDArray

from index.disk.private import make_private_folder, open_private, write_private
from index.disk.unchanged import Unchanged
from index.errors import IndexMismatch
from index.types import Hits, Ids, IndexDescription, Matrix, Vector
from index.vectors.sizing import Shape

VERSION: str = faiss.__version__

MMAP_FROM_BYTES = 64 * 2**20
"""Files of this size or larger are memory-mapped: not copied on open, and shared by processes."""

Codes = NDArray[np.uint8]
"""Shape (n, n_bytes): each row has the number of the vector's list, then its code."""

_VECTORS, _SHAPE = "vectors.faiss", "shape.json"
_ROUNDS = 5
_MANY = 20  # a search within 1/20 of all chunks or more first searches all and filters the hits
_VECTORS_A_LIST = 20


@contextmanager
def threads(n: int) -> Iterator[None]:
    """Limit FAISS to n threads in the block.

    OpenMP's setting applies to the calling thread only, and defaults to all cores.
    """
    before = faiss.omp_get_max_threads()
    faiss.omp_set_num_threads(n)
    try:
        yield
    finally:
        faiss.omp_set_num_threads(before)


class FaissIndex:
    """A VectorIndex: flat and exact, or with inverted lists if `trained` created it.

    With inverted lists, a search probes only some lists and may miss a few of the k nearest chunks.
    `shape` has the recall, measured when the lists were built. Vectors have 8 bits per dimension,
    so scores have an error of about 0.001. Ties go to the smaller chunk_id among the chunks in the
    probed lists. A search returns fewer than k hits only if there are fewer chunks. A search within
    few chunks probes all lists and misses none.
    """

    _mapped: Unchanged | None = None

    def __init__(self, dimension: int) -> None:
        self.shape = Shape()
        self._index: Any = faiss.IndexIDMap2(faiss.IndexFlatIP(dimension))

    @classmethod
    def trained(cls, sample: Matrix, n_lists: int) -> "FaissIndex":
        """Return an empty index with inverted lists; train the centroids on a sample.

        sample: float32, shape (n, d). The same sample in the same order gives the same centroids.
        """
        n, dimension = sample.shape
        index = cls(dimension)
        index._index = faiss.IndexIVFScalarQuantizer(
            faiss.IndexFlatIP(dimension),
            dimension,
            n_lists,
            faiss.ScalarQuantizer.QT_8bit,
            faiss.METRIC_INNER_PRODUCT,
            False,  # encode the vectors, not their differences from the centroid
        )
        index._index.cp.spherical = True
        index._index.cp.niter = _ROUNDS
        # With fewer points per centroid, FAISS writes a warning to stderr.
        index._index.cp.min_points_per_centroid = 1
        index._index.cp.max_points_per_centroid = max(1, ceil(n / n_lists))
        index._index.train(np.ascontiguousarray(sample, dtype=np.float32))
        index.shape = Shape(n_lists, n_lists)
        return index

    def __len__(self) -> int:
        return int(self._index.ntotal)

    @property
    def dimension(self) -> int:
        return int(self._index.d)

    @property
    def description(self) -> IndexDescription:
        width = self.dimension * 4 if self.shape.exact else self.dimension
        return IndexDescription(
            kind="exact" if self.shape.exact else "inverted lists",
            n_vectors=len(self),
            n_bytes=len(self) * (width + 8) + self.shape.n_lists * self.dimension * 4,
            n_lists=self.shape.n_lists,
            n_probed=self.shape.n_probed,
            recall=self.shape.recall,
        )

    @property
    def changed(self) -> bool:
        return self._mapped is not None and self._mapped.changed is not None

    def add(self, ids: Ids, vectors: Matrix) -> None:
        """Add chunks. The ids must be new: FAISS accepts a duplicate id without an error."""
        if len(ids):
            self._index.add_with_ids(np.ascontiguousarray(vectors, dtype=np.float32), ids)

    def encode(self, vectors: Matrix) -> Codes:
        """Return codes for `add_encoded`. Needs inverted lists; both steps together equal `add`."""
        codes: Codes = self._index.sa_encode(np.ascontiguousarray(vectors, dtype=np.float32))
        return codes

    def add_encoded(self, ids: Ids, codes: Codes) -> None:
        if len(ids):
            self._index.add_sa_codes(np.ascontiguousarray(codes), ids)

    def remove(self, ids: Ids) -> None:
        """Remove chunks; ignore ids that are not in the index."""
        if len(ids):
            self._index.remove_ids(faiss.IDSelectorBatch(ids))

    def search(self, query: Vector, k: int, within: Ids | None = None) -> Hits:
        if query.shape != (self.dimension,):
            raise IndexMismatch(
                f"the index has {self.dimension}-d vectors, but the query's vector has shape "
                f"{query.shape}; run `rag ingest --rebuild`"
            )
        if self._mapped is not None:
            self._mapped.check()
        if within is None:
            return self._found(query, min(k, len(self)), len(self), None, self.shape.n_probed)
        if (within[1:] <= within[:-1]).any():
            within = np.unique(within)
        available = min(len(self), len(within))
        wanted = min(k, available)
        if not wanted:
            return Hits.none()
        if len(within) * _MANY >= len(self):
            hits = self._found_and_kept(query, wanted, within)
            if len(hits) == wanted:
                return hits
        selector = faiss.IDSelectorBatch(np.ascontiguousarray(within, dtype=np.int64))
        # Probe as many of the available chunks as a search of all chunks would.
        n_probed = ceil(self.shape.n_probed * len(self) / available)
        return self._found(query, wanted, available, selector, n_probed)

    def _found_and_kept(self, query: Vector, wanted: int, within: Ids) -> Hits:
        """Search all chunks and return the best hits in `within`, at most `wanted`.

        Fetches so many hits that `wanted` of them are likely in `within`; may return fewer. This is
        faster than a selector: FAISS takes 1 µs for each chunk in a selector.
        """
        fetched = min(len(self), 2 * wanted * len(self) // len(within) + 1)
        hits = self._found(query, fetched, len(self), None, self.shape.n_probed)
        places = np.minimum(np.searchsorted(within, hits.ids), len(within) - 1)
        kept = np.flatnonzero(within[places] == hits.ids)[:wanted]
        return Hits(hits.ids[kept], hits.scores[kept])

    def _found(
        self, query: Vector, wanted: int, available: int, selector: Any, n_probed: int
    ) -> Hits:
        """Return the best chunks in n_probed lists, or in more if these contain too few."""
        hits = self._met(query, wanted, available, selector, n_probed)
        while len(hits) < wanted and n_probed < self.shape.n_lists:
            n_probed *= 4
            hits = self._met(query, wanted, available, selector, n_probed)
        return hits

    def _met(
        self, query: Vector, wanted: int, available: int, selector: Any, n_probed: int
    ) -> Hits:
        """Return the best chunks in the probed lists, or of all chunks if the index is exact."""
        parameters = self._parameters(selector, n_probed)
        fetched = wanted
        while fetched:
            # Fetch more hits until the last one scores lower than the k-th. Then all ties with the
            # k-th are fetched, and the chunk_id decides which are returned.
            fetched = min(fetched + 1, available)
            # A second thread does not speed up a single query, and busy-waits on a core.
            with threads(1):
                scores, ids = self._index.search(query[None, :], fetched, params=parameters)
            found = ids[0] >= 0
            scores, ids = scores[0][found].astype(np.float64), ids[0][found]
            if fetched == available or len(ids) < fetched or scores[wanted - 1] > scores[-1]:
                return Hits.ordered(ids, scores, wanted)
            fetched *= 2
        return Hits.none()

    def _parameters(self, selector: Any, n_probed: int) -> Any:
        if self.shape.exact:
            return faiss.SearchParameters(sel=selector)  # type: ignore[call-arg]
        return faiss.SearchParametersIVF(  # type: ignore[call-arg]
            sel=selector, nprobe=min(n_probed, self.shape.n_lists)
        )

    def lists_of(self, codes: Codes) -> Ids:
        """Return the number of the list of each encoded vector, int64, shape (n,)."""
        width = int(self._index.coarse_code_size())
        weights = np.left_shift(1, 8 * np.arange(width, dtype=np.int64))
        return np.asarray(codes[:, :width].astype(np.int64) @ weights)

    def lists_by_nearness(self, queries: Matrix) -> Ids:
        """Return all lists for each query, nearest centroid first, shape (n, n_lists)."""
        lists: Ids = self._index.quantizer.search(queries, self.shape.n_lists)[1]
        return lists

    def ids(self) -> Ids:
        """Return the ids of all chunks, in no particular order."""
        if self.shape.exact:
            return np.asarray(faiss.vector_to_array(self._index.id_map))
        parts = [self._list(number)[0] for number in range(self.shape.n_lists)]
        return np.concatenate(parts)

    def contents(self, n: int) -> Iterator[tuple[Ids, Matrix]]:
        """Yield all chunk ids with their vectors, decoded from the index, in batches.

        A batch has shape (n, d), with fewer rows at the end, or is one inverted list of any size.
        """
        if not self.shape.exact:
            yield from map(self._list, range(self.shape.n_lists))
            return
        ids = self.ids()
        for first in range(0, len(ids), n):
            few = ids[first : first + n]
            yield few, self._index.index.reconstruct_n(first, len(few))

    def _list(self, number: int) -> tuple[Ids, Matrix]:
        lists = self._index.invlists
        size = lists.list_size(number)
        if not size:
            return np.zeros(0, np.int64), np.zeros((0, self.dimension), np.float32)
        ids = faiss.rev_swig_ptr(lists.get_ids(number), size).copy()
        codes = faiss.rev_swig_ptr(lists.get_codes(number), size * self.dimension)
        vectors: Matrix = self._index.sq.decode(codes.reshape(size, self.dimension))
        return ids, vectors

    def to_array(self) -> NDArray[np.uint8]:
        """Return the index as bytes for `from_array`, without its shape."""
        content: NDArray[np.uint8] = faiss.serialize_index(self._index)
        return content

    @classmethod
    def from_array(cls, content: NDArray[np.uint8], n_lists: int) -> "FaissIndex":
        index = cls.__new__(cls)
        index._index = faiss.deserialize_index(content)
        index.shape = Shape(n_lists, n_lists)
        return index

    def save(self, path: Path) -> None:
        """Write the index to a folder; create the folder if it is missing. Raises OSError."""
        make_private_folder(path)
        # Python's I/O supports non-ASCII paths, and its errors are exceptions.
        with open_private(path / _VECTORS) as stream:
            writer = faiss.PyCallbackIOWriter(stream.write, 2**20)  # type: ignore[attr-defined]
            faiss.write_index(self._index, writer)
        write_private(path / _SHAPE, json.dumps(asdict(self.shape)))

    @classmethod
    def load(cls, path: Path, *, to_change: bool = False) -> "FaissIndex":
        """Load an index from a folder.

        The caller must verify the checksums: FAISS does not detect flipped bits.
        to_change: load a copy into memory, never map the file.
        """
        index = cls.__new__(cls)
        index.shape = Shape(**json.loads((path / _SHAPE).read_text()))
        file = path / _VECTORS
        if not to_change and file.stat().st_size >= MMAP_FROM_BYTES:
            index._mapped = Unchanged([file])
            index._index = faiss.read_index(str(file), faiss.IO_FLAG_MMAP_IFC)
        else:
            with file.open("rb") as stream:
                reader = faiss.PyCallbackIOReader(stream.read, 2**20)  # type: ignore[attr-defined]
                index._index = faiss.read_index(reader)
        return index


def sample_size(n_lists: int) -> int:
    """Return the suitable number of sample vectors to train n_lists lists."""
    return n_lists * _VECTORS_A_LIST


def exact_nearest(queries: Matrix, vectors: Matrix, k: int) -> tuple[Matrix, Ids]:
    """Return the scores and rows of the k vectors nearest to each query, best first.

    Both have shape (n_queries, min(k, n_vectors)). Scores are inner products.
    """
    scores, rows = faiss.knn(queries, vectors, min(k, len(vectors)), faiss.METRIC_INNER_PRODUCT)
    return scores, rows
