"""Update a dense index from the store, or build a new one of suitable shape.

The centroids of the lists are trained on a sample of the stored vectors. Artificial questions
decide how many lists a search probes (nprobe). A question is a stored vector plus noise, with a
cosine of 0.45 to that vector. Its relevant chunks are the ten nearest ones that are not near copies
of the original chunk. nprobe is chosen for a recall@10 of 0.996 on these questions. Sentences of
texts outside the index then have a recall@10 of 0.98 or more, in indexes of 40,000 to 1,000,000
chunks. Questions without noise, and vectors of stored sentences, overestimate recall by up to 0.05.
If all but 4,000 of a million chunks are copies, recall is 0.97, because the ten copies of a chunk
are in one or two lists. The minimum of nprobe raises it to 0.99. Slow steps are stored in
checkpoints.
"""

from collections.abc import Iterator, Sequence
from functools import partial
from math import ceil
from pathlib import Path

import numpy as np

from index.store.rows import GenerationChanges
from index.store.store import Store
from index.types import Ids, Matrix
from index.vectors.checkpoints import Arrays, Checkpoints
from index.vectors.faiss_index import FaissIndex, sample_size
from index.vectors.sizing import Shape, Sizing

_DEPTH = 10
_QUESTION_COSINE = 0.45
_COPY_COSINE = 0.7
_ROWS_AT_ONCE = 5_000
_MOST_PROBED = 2  # nprobe <= n_lists / 2: a search of more lists is hardly faster than an exact one
_LEAST_PROBED = 32  # nprobe >= n_lists / 32: the questions mislead if nearly all chunks are copies


def update_index(
    store: Store, published: Path, changes: GenerationChanges, sizing: Sizing, dimension: int
) -> FaissIndex | None:
    """Return a published index with the changes applied; None if its shape is unsuitable now."""
    index = FaissIndex.load(published, to_change=True)
    if index.dimension != dimension or not sizing.suits(index.shape, store.count()[1]):
        return None
    index.remove(changes.removed)
    for ids in _slices(changes.added, sizing):
        index.add(ids, store.vectors(ids))
    return index


def build_index(
    store: Store, ids: Ids, checkpoints: Checkpoints, sizing: Sizing, dimension: int
) -> FaissIndex:
    """Build an index of all stored chunks. ids: theirs, ascending.

    If inverted lists do not reach the required recall, the index is exact and its shape holds the
    recall that the lists reached.
    """
    shape = Shape()
    if len(ids) > sizing.exact_up_to:
        index = _with_lists(store, ids, checkpoints, sizing)
        if not index.shape.exact:
            return index
        shape = index.shape
    index = FaissIndex(dimension)
    index.shape = shape
    for part in _slices(ids, sizing):
        index.add(part, store.vectors(part))
    return index


def _with_lists(store: Store, ids: Ids, checkpoints: Checkpoints, sizing: Sizing) -> FaissIndex:
    """Return an index with all vectors in inverted lists.

    If a search would have to probe too many lists, its shape is exact and the caller must discard
    the index.
    """
    index = _trained(store, ids, checkpoints, sizing)
    sample = store.vectors(_every(ids, sizing.n_questions))
    questions = turned(sample, _QUESTION_COSINE)
    parts = []
    for number, part in enumerate(_slices(ids, sizing)):
        encoded = partial(_encoded, store, index, part, sample, questions)
        parts.append(checkpoints.load_or_make(f"part-{number:05d}", encoded))
        index.add_encoded(part, parts[-1].pop("codes"))
    index.shape = _shape(index, _places(index, questions, parts), sizing)
    return index


def _trained(store: Store, ids: Ids, checkpoints: Checkpoints, sizing: Sizing) -> FaissIndex:
    n_lists = sizing.n_lists(len(ids))

    def train() -> Arrays:
        # Ids are hashes, so every n-th id in ascending order is a random sample.
        sample = _every(ids, sample_size(n_lists))
        return {"index": FaissIndex.trained(store.vectors(sample), n_lists).to_array()}

    return FaissIndex.from_array(checkpoints.load_or_make("trained", train)["index"], n_lists)


def turned(vectors: Matrix, cosine: float) -> Matrix:
    """Return unit vectors with this cosine to the given unit vectors, in random directions.

    vectors: shape (n, d). Every call returns the same, because the seed is fixed.
    """
    noise = np.random.default_rng(0).standard_normal(vectors.shape)
    noise -= np.einsum("nd,nd->n", noise, vectors)[:, None] * vectors
    noise /= np.linalg.norm(noise, axis=1, keepdims=True)
    return np.asarray(cosine * vectors + np.sqrt(1 - cosine**2) * noise, dtype=np.float32)


def _encoded(
    store: Store, index: FaissIndex, ids: Ids, sample: Matrix, questions: Matrix
) -> Arrays:
    """Return a part's codes, and the cosines and lists of each question's nearest chunks in it.

    Cosines and lists have shape (n, k).
    """
    vectors = store.vectors(ids)
    codes = index.encode(vectors)
    scores, rows = nearest(vectors, sample, questions)
    return {"codes": codes, "scores": scores, "lists": index.lists_of(codes)[rows]}


def nearest(vectors: Matrix, sample: Matrix, questions: Matrix) -> tuple[Matrix, Ids]:
    """Return the nearest vectors of each question, as cosines and rows, (n, k), in any order.

    Near copies of the sample vector from which a question was made get the cosine -inf.
    """
    scores = np.full((len(questions), _DEPTH), -np.inf, dtype=np.float32)
    rows = np.zeros((len(questions), _DEPTH), dtype=np.int64)
    for first in range(0, len(vectors), _ROWS_AT_ONCE):
        few = vectors[first : first + _ROWS_AT_ONCE]
        cosines = np.where(sample @ few.T > _COPY_COSINE, -np.inf, questions @ few.T)
        few_rows = np.broadcast_to(np.arange(first, first + len(few)), cosines.shape)
        scores, rows = _best(np.hstack([scores, cosines]), np.hstack([rows, few_rows]))
    return scores, rows


def _best(scores: Matrix, which: Ids) -> tuple[Matrix, Ids]:
    """Return the k highest scores of each row, in any order, and their entries of `which`."""
    best = np.argpartition(-scores, _DEPTH - 1, axis=1)[:, :_DEPTH]
    return np.take_along_axis(scores, best, axis=1), np.take_along_axis(which, best, axis=1)


def _places(index: FaissIndex, questions: Matrix, parts: Sequence[Arrays]) -> Ids:
    """Return, for every nearest chunk of every question, the rank of its list for the question.

    A question probes its lists in order of rank, from 0. The result is ascending, over all
    questions and parts.
    """
    scores, lists = (np.hstack([part[name] for part in parts]) for name in ("scores", "lists"))
    best, nearest_lists = _best(scores, lists)
    place_of = np.argsort(index.lists_by_nearness(questions), axis=1)
    places = np.take_along_axis(place_of, nearest_lists, axis=1)
    return np.asarray(np.sort(places[np.isfinite(best)]))


def _shape(index: FaissIndex, places: Ids, sizing: Sizing) -> Shape:
    """Return the shape with the smallest nprobe that reaches the recall, within the bounds.

    A chunk counts as found if its list is probed: of 100 hits with 8-bit vectors, which are
    rescored afterwards, none of the ten best was ever missing.
    """
    n_lists, n_chosen = index.shape.n_lists, len(index)
    if not len(places):  # every chunk is a near copy of every other
        return Shape(n_chosen=n_chosen)
    needed = ceil(sizing.recall * len(places))
    n_probed = max(int(places[needed - 1]) + 1, n_lists // _LEAST_PROBED)
    most = n_lists // _MOST_PROBED
    if n_probed <= most:
        return Shape(n_lists, n_probed, n_chosen, round(float(np.mean(places < n_probed)), 4))
    return Shape(n_chosen=n_chosen, recall=round(float(np.mean(places < most)), 4))


def _every(ids: Ids, n: int) -> Ids:
    """Return at most n of the ids, evenly spaced."""
    return ids[np.unique(np.linspace(0, len(ids) - 1, min(n, len(ids))).astype(np.int64))]


def _slices(ids: Ids, sizing: Sizing) -> Iterator[Ids]:
    for first in range(0, len(ids), sizing.at_once):
        yield ids[first : first + sizing.at_once]
