"""Compare FAISS and BM25 with the database: chunks, vectors and terms must be the same."""

from collections import Counter
from pathlib import Path

import numpy as np

from index.errors import IndexDamaged
from index.maintain.checked import Checked, Flaw
from index.publish.manifest import MANIFEST, Manifest
from index.store.store import Store
from index.vectors.faiss_index import FaissIndex
from index.words.analyze import terms_of
from index.words.tantivy_index import TantivyIndex

Published = tuple[FaissIndex, TantivyIndex]

_ATTEMPTS = 20
_AT_ONCE = 5_000
_LEAST_COSINE = 0.99
"""The minimum cosine between a vector and FAISS's copy with 8 bits per dimension."""


def open_published(folder: Path, store: Store) -> Published | Flaw:
    """Pin the store and return the published indexes of its generation, or a flaw.

    The indexes are open, so a later publication does not change them.
    """
    for _ in range(_ATTEMPTS):
        try:
            generation = store.pin()
            found = _opened(folder, store)
            # Another process may have published a later generation since the store was pinned.
            if not isinstance(found, Flaw) or store.pin() == generation:
                return found
        except IndexDamaged as error:  # the published generation is later than the database's
            return Flaw("lost", str(error))
    return found


def _opened(folder: Path, store: Store) -> Published | Flaw:
    manifest = Manifest.read(folder, store)
    if manifest is None:
        return Flaw("derived", f"{folder / MANIFEST} does not belong to this database")
    if manifest.generation != store.generation:
        return Flaw(
            "derived",
            f"{folder / MANIFEST} has generation {manifest.generation}, but the database has "
            f"{store.generation}: an ingest is running or was stopped",
        )
    if not manifest.intact(folder):
        return Flaw("derived", "files of FAISS or BM25 differ from what was published")
    try:
        return FaissIndex.load(folder / manifest.dense), TantivyIndex(folder / manifest.lexical)
    except (OSError, RuntimeError, ValueError) as error:
        return Flaw("derived", f"files of FAISS or BM25 cannot be opened: {error}")


def check_published(store: Store, published: Published, checked: Checked) -> None:
    """Compare the published indexes with the store; add the flaws to `checked`."""
    dense, lexical = published
    _check_dense(store, dense, checked)
    _check_lexical(store, lexical, checked)


def _check_dense(store: Store, dense: FaissIndex, checked: Checked) -> None:
    ids, checked.n_dense = store.changes_since(0).added, len(dense)
    if not np.array_equal(np.sort(dense.ids()), ids):
        checked.add("derived", f"the chunks in FAISS differ from the {len(ids)} in the database")
        return
    for found, kept in dense.contents(_AT_ONCE):
        order = np.argsort(found)
        vectors = store.vectors(found[order])
        cosines = np.einsum("nd,nd->n", vectors, kept[order])
        if (cosines < _LEAST_COSINE * np.einsum("nd,nd->n", vectors, vectors)).any():
            checked.add("derived", "the vectors in FAISS differ from those in the database")
            return


def _check_lexical(store: Store, lexical: TantivyIndex, checked: Checked) -> None:
    ids, checked.n_lexical = store.changes_since(0).added, len(lexical)
    if not np.array_equal(lexical.ids(), ids):
        checked.add("derived", f"the chunks in BM25 differ from the {len(ids)} in the database")
        return
    frequencies = Counter[str]()
    for _, text, above in store.texts(ids):
        frequencies.update({term for each in (text, *above) for term in terms_of(each)})
    theirs = lexical.document_frequencies(list(frequencies))
    wrong = sum(n != m for n, m in zip(theirs, frequencies.values(), strict=True))
    if wrong:
        checked.add("derived", f"the counts of {wrong} terms in BM25 differ from the database")
