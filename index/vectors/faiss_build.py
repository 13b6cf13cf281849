"""A dense index brought up to the store: caught up as it is, or made anew in the shape that suits.

Lists are fitted to a sample of the stored vectors. How many of them a search looks into is decided
by questions made of stored vectors, each turned away by noise until its cosine with the vector is
.45; what is to be found are the ten nearest chunks that are not near copies of the one it was made
of. With so many lists as give these a recall@10 of .996, sentences of texts that are not in the
index have .98 or more among 40,000 to 1,000,000 chunks. Stored vectors as they are flatter it by up
to .05, as do those of stored sentences. Where of a million chunks all but 4,000 are copies they
have .97, for ten copies of anything lie in a list or two; hence a least number of lists, which
gives them .99. What takes long is kept in checkpoints.
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
_MOST_PROBED = 2  # half of the lists: a search of more gains little over an exact one
_LEAST_PROBED = 32  # a part of them: made questions say too little where nearly all are copies


def update_index(
    store: Store, published: Path, changes: GenerationChanges, sizing: Sizing, dimension: int
) -> FaissIndex | None:
    """A published index with what has changed since; None if it would not suit any more."""
    former = FaissIndex.load(published)
    if former.dimension != dimension or not sizing.suits(former.shape, store.count()[1]):
        return None
    index = FaissIndex.load(published, to_change=True)
    index.remove(changes.removed)
    for ids in _slices(changes.added, sizing):
        index.add(ids, store.vectors(ids))
    return index


def build_index(
    store: Store, checkpoints: Checkpoints, sizing: Sizing, dimension: int
) -> FaissIndex:
    """An index of all that is stored. If lists do not reach the recall that is asked for it is
    exact, and its shape says what they reached."""
    ids = store.changes_since(0).added
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
    """All vectors in lists, and a shape that is exact if too many of these were to be looked into;
    then the index itself is of no use."""
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
        # Ids are hashes, so every n-th of them in their order is a random sample.
        sample = _every(ids, sample_size(n_lists))
        return {"index": FaissIndex.trained(store.vectors(sample), n_lists).to_array()}

    return FaissIndex.from_array(checkpoints.load_or_make("trained", train)["index"], n_lists)


def turned(vectors: Matrix, cosine: float) -> Matrix:
    """Unit vectors that have this cosine with the given ones, in random directions, the same for
    every call."""
    noise = np.random.default_rng(0).standard_normal(vectors.shape)
    noise -= np.einsum("nd,nd->n", noise, vectors)[:, None] * vectors
    noise /= np.linalg.norm(noise, axis=1, keepdims=True)
    return np.asarray(cosine * vectors + np.sqrt(1 - cosine**2) * noise, dtype=np.float32)


def _encoded(
    store: Store, index: FaissIndex, ids: Ids, sample: Matrix, questions: Matrix
) -> Arrays:
    """A part's codes, and the cosines and lists of each question's nearest in it, (n, k)."""
    vectors = store.vectors(ids)
    codes = index.encode(vectors)
    scores, rows = nearest(vectors, sample, questions)
    return {"codes": codes, "scores": scores, "lists": index.lists_of(codes)[rows]}


def nearest(vectors: Matrix, sample: Matrix, questions: Matrix) -> tuple[Matrix, Ids]:
    """Each question's nearest of some vectors, as cosines and rows, (n, k), in any order; but for
    those that are near copies of the sample's vector that it was made of, whose cosine is given as
    -inf."""
    scores = np.full((len(questions), _DEPTH), -np.inf, dtype=np.float32)
    rows = np.zeros((len(questions), _DEPTH), dtype=np.int64)
    for first in range(0, len(vectors), _ROWS_AT_ONCE):
        few = vectors[first : first + _ROWS_AT_ONCE]
        cosines = np.where(sample @ few.T > _COPY_COSINE, -np.inf, questions @ few.T)
        few_rows = np.broadcast_to(np.arange(first, first + len(few)), cosines.shape)
        scores, rows = _best(np.hstack([scores, cosines]), np.hstack([rows, few_rows]))
    return scores, rows


def _best(scores: Matrix, which: Ids) -> tuple[Matrix, Ids]:
    """The k highest scores of each row, and what they are of."""
    best = np.argpartition(-scores, _DEPTH - 1, axis=1)[:, :_DEPTH]
    return np.take_along_axis(scores, best, axis=1), np.take_along_axis(which, best, axis=1)


def _places(index: FaissIndex, questions: Matrix, parts: Sequence[Arrays]) -> Ids:
    """Of the nearest of all parts' chunks to all questions, the place that each one's list has
    among those that its question looks into; ascending."""
    scores, lists = (np.hstack([part[name] for part in parts]) for name in ("scores", "lists"))
    best, nearest_lists = _best(scores, lists)
    place_of = np.argsort(index.lists_by_nearness(questions), axis=1)
    places = np.take_along_axis(place_of, nearest_lists, axis=1)
    return np.asarray(np.sort(places[np.isfinite(best)]))


def _shape(index: FaissIndex, places: Ids, sizing: Sizing) -> Shape:
    """The fewest lists that hold the share of the nearest which is asked for, but not very few.

    Whatever lies in the lists looked into is found: among 100 hits by eight bits a dimension, to be
    rescored, none of the ten best was ever missing.
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
    """At most n of them, evenly apart."""
    return ids[np.unique(np.linspace(0, len(ids) - 1, min(n, len(ids))).astype(np.int64))]


def _slices(ids: Ids, sizing: Sizing) -> Iterator[Ids]:
    for first in range(0, len(ids), sizing.at_once):
        yield ids[first : first + sizing.at_once]
