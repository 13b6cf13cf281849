"""FAISS: nearest chunks by inner product. The one module that imports faiss.

The index is derived from the store and published as immutable files. FAISS crashes if an index is
changed while it is searched, so one that is searched is never changed: catching up happens on a
copy that nobody searches yet.
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
"""From this size on a file is memory-mapped: it opens uncopied, and processes share it."""

Codes = NDArray[np.uint8]
"""Shape (n, bytes): the list that each vector belongs to, then its code."""

_VECTORS, _SHAPE = "vectors.faiss", "shape.json"
_ROUNDS = 5
_MANY = 20  # a search within this part of all chunks, or a larger one, is made as one of all
_VECTORS_A_LIST = 20


@contextmanager
def threads(n: int) -> Iterator[None]:
    """Within it, what FAISS is asked for in this thread is shared by n cores: by all, unless told
    otherwise, and told for one thread of the program is not told for the others."""
    before = faiss.omp_get_max_threads()
    faiss.omp_set_num_threads(n)
    try:
        yield
    finally:
        faiss.omp_set_num_threads(before)


class FaissIndex:
    """A VectorIndex, flat and exact as it is made, or over inverted lists: see `trained`.

    Over inverted lists a search meets the chunks of some lists only, so it may miss a few of the k
    nearest, a share that was measured when the lists were made (`shape`), and scores are off by
    some .001: vectors are kept at eight bits a dimension. Ties go to the smaller chunk_id among the
    chunks met, there are fewer than k hits only when there are fewer chunks, and a search within
    chunks so few that all lists are to be looked into misses none.
    """

    _mapped: Unchanged | None = None

    def __init__(self, dimension: int) -> None:
        self.shape = Shape()
        self._index: Any = faiss.IndexIDMap2(faiss.IndexFlatIP(dimension))

    @classmethod
    def trained(cls, sample: Matrix, n_lists: int) -> "FaissIndex":
        """An empty index over inverted lists, whose centroids are fitted to a sample; the same
        sample in the same order gives the same centroids."""
        n, dimension = sample.shape
        index = cls(dimension)
        index._index = faiss.IndexIVFScalarQuantizer(
            faiss.IndexFlatIP(dimension),
            dimension,
            n_lists,
            faiss.ScalarQuantizer.QT_8bit,
            faiss.METRIC_INNER_PRODUCT,
            False,  # the vectors themselves, not what they differ by from their centroid
        )
        index._index.cp.spherical = True
        index._index.cp.niter = _ROUNDS
        # FAISS writes to stderr about fewer.
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
        """Add chunks. FAISS accepts an id twice without a word, so an id must not be there yet."""
        if len(ids):
            self._index.add_with_ids(np.ascontiguousarray(vectors, dtype=np.float32), ids)

    def encode(self, vectors: Matrix) -> Codes:
        """What `add_encoded` takes, of an index over inverted lists; as good as `add`, in parts."""
        codes: Codes = self._index.sa_encode(np.ascontiguousarray(vectors, dtype=np.float32))
        return codes

    def add_encoded(self, ids: Ids, codes: Codes) -> None:
        if len(ids):
            self._index.add_sa_codes(np.ascontiguousarray(codes), ids)

    def remove(self, ids: Ids) -> None:
        """Remove chunks; ids that are not there are passed over."""
        if len(ids):
            self._index.remove_ids(faiss.IDSelectorBatch(ids))

    def search(self, query: Vector, k: int, within: Ids | None = None) -> Hits:
        if query.shape != (self.dimension,):
            raise IndexMismatch(
                f"the index holds {self.dimension}-d vectors but the query's has shape "
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
        # As many chunks are met as in a search of all.
        n_probed = ceil(self.shape.n_probed * len(self) / available)
        return self._found(query, wanted, available, selector, n_probed)

    def _found_and_kept(self, query: Vector, wanted: int, within: Ids) -> Hits:
        """The best of so many hits that `wanted` of them should lie within some chunks, ascending;
        fewer if they do not. For FAISS takes a microsecond for every chunk it is to look for."""
        fetched = min(len(self), 2 * wanted * len(self) // len(within) + 1)
        hits = self._found(query, fetched, len(self), None, self.shape.n_probed)
        places = np.minimum(np.searchsorted(within, hits.ids), len(within) - 1)
        kept = np.flatnonzero(within[places] == hits.ids)[:wanted]
        return Hits(hits.ids[kept], hits.scores[kept])

    def _found(
        self, query: Vector, wanted: int, available: int, selector: Any, n_probed: int
    ) -> Hits:
        """The best of the chunks in so many lists, and in more where these hold too few."""
        hits = self._met(query, wanted, available, selector, n_probed)
        while len(hits) < wanted and n_probed < self.shape.n_lists:
            n_probed *= 4
            hits = self._met(query, wanted, available, selector, n_probed)
        return hits

    def _met(
        self, query: Vector, wanted: int, available: int, selector: Any, n_probed: int
    ) -> Hits:
        """The best of the chunks in the lists that are looked into; all, without lists."""
        parameters = self._parameters(selector, n_probed)
        fetched = wanted
        while fetched:
            # One more than wanted, and more until the last differs in score from the k-th, shows
            # every chunk that ties with it: which of those are in must not be left to chance.
            fetched = min(fetched + 1, available)
            # A second thread gains one query nothing, and keeps a core busy waiting for more.
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
        """The lists that encoded vectors belong to, (n,)."""
        width = int(self._index.coarse_code_size())
        weights = np.left_shift(1, 8 * np.arange(width, dtype=np.int64))
        return np.asarray(codes[:, :width].astype(np.int64) @ weights)

    def lists_by_nearness(self, queries: Matrix) -> Ids:
        """For each query all lists, those looked into first at the front, (n, n_lists)."""
        lists: Ids = self._index.quantizer.search(queries, self.shape.n_lists)[1]
        return lists

    def ids(self) -> Ids:
        """The chunks that there are, in no order."""
        if self.shape.exact:
            return np.asarray(faiss.vector_to_array(self._index.id_map))
        parts = [self._list(number)[0] for number in range(self.shape.n_lists)]
        return np.concatenate(parts)

    def contents(self, n: int) -> Iterator[tuple[Ids, Matrix]]:
        """The chunks and their vectors, as they are kept, (n, d): so many at once, or a list."""
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
        """What `from_array` makes the index of again, its shape apart."""
        content: NDArray[np.uint8] = faiss.serialize_index(self._index)
        return content

    @classmethod
    def from_array(cls, content: NDArray[np.uint8], n_lists: int) -> "FaissIndex":
        index = cls.__new__(cls)
        index._index = faiss.deserialize_index(content)
        index.shape = Shape(n_lists, n_lists)
        return index

    def save(self, path: Path) -> None:
        """As a folder, made if there is none."""
        make_private_folder(path)
        # Through Python's own I/O, for paths that are not ASCII and for errors that are exceptions.
        with open_private(path / _VECTORS) as stream:
            writer = faiss.PyCallbackIOWriter(stream.write, 2**20)  # type: ignore[attr-defined]
            faiss.write_index(self._index, writer)
        write_private(path / _SHAPE, json.dumps(asdict(self.shape)))

    @classmethod
    def load(cls, path: Path, *, to_change: bool = False) -> "FaissIndex":
        """An index from files whose checksums the caller has verified: FAISS itself loads flipped
        bits without a word. One loaded to be changed is always a copy in memory."""
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
    """How many vectors `trained` is best given for so many lists."""
    return n_lists * _VECTORS_A_LIST


def exact_nearest(queries: Matrix, vectors: Matrix, k: int) -> tuple[Matrix, Ids]:
    """Each query's k best of some vectors, as scores and rows, (n, min(k, rows)), best first."""
    scores, rows = faiss.knn(queries, vectors, min(k, len(vectors)), faiss.METRIC_INNER_PRODUCT)
    return scores, rows
