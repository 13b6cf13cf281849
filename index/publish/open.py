"""FAISS and BM25 as a reader opens them: of the store's generation, or else of the published one.

A reader publishes what is not published yet, unless that is not possible now: another process is
at it, however long it takes, or the index cannot be written. Then it answers from what was
published before, without the chunks that were removed since.
"""

import logging
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from index.backend import State
from index.errors import IndexBusy, IndexDamaged, IndexProblem, StorageFull
from index.protocols import LexicalIndex, VectorIndex
from index.publish.manifest import Manifest
from index.publish.publish import publish
from index.publish.remaining import RemainingTexts, RemainingVectors, present
from index.store.store import Store
from index.types import Ids
from index.vectors.faiss_index import FaissIndex
from index.words.tantivy_index import TantivyIndex

_PATIENCE_S = 5.0
"""How long a reader waits for another process where nothing that was published can be used."""

_ATTEMPTS = 20
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Derived:
    """The two indexes of one generation."""

    generation: int
    dense: VectorIndex
    lexical: LexicalIndex


def open_derived(folder: Path, store: Store) -> Derived:
    """The indexes of the generation that `store` is pinned at when this returns; of an earlier one,
    with a warning, while those cannot be made.

    Where the published ones are of an earlier generation they are caught up, where they are
    damaged, missing or of another format rebuilt, and published.

    Raises IndexBusy if another process is at that and what is published cannot be used.
    """
    derived = _derived(folder, store, None)
    assert derived is not None
    return derived


def newer_derived(folder: Path, store: Store, than: State) -> Derived | None:
    """The same, for a reader that has the published generation `than` open: None while there is
    no other to be had. Nothing is waited for."""
    return _derived(folder, store, than)


def _derived(folder: Path, store: Store, than: State | None) -> Derived | None:
    # Another process may publish between our steps; then what we looked at is gone, and we look
    # again.
    for _ in range(_ATTEMPTS):
        generation = store.pin()
        manifest = Manifest.read(folder, store)
        if manifest is not None and manifest.generation == generation and manifest.intact(folder):
            # FAISS and tantivy each have their own word for a file that is not there any more.
            with suppress(IndexDamaged, OSError, RuntimeError, ValueError):
                return _load(folder, manifest)
            continue
        try:
            _publish(folder, store, 0)
        except IndexDamaged:
            raise
        except IndexProblem as hindrance:
            if manifest is not None and (manifest.generation, manifest.token) == than:
                return None
            with suppress(IndexDamaged, OSError, RuntimeError, ValueError):
                published = _published(folder, store, hindrance)
                if published is not None:
                    return published
            if not isinstance(hindrance, IndexBusy):
                raise
            if than is not None:
                return None
            _publish(folder, store, _PATIENCE_S)
    raise IndexProblem(f"{folder} changed {_ATTEMPTS} times while it was being opened; try again")


def _publish(folder: Path, store: Store, patience_s: float) -> None:
    why = store.read_only
    if isinstance(why, StorageFull):
        raise why
    if why is not None:
        raise IndexProblem(
            f"{why}, and its index files are missing, damaged or behind its database; run "
            f"`rag info --index {folder}` as a user who may write to it"
        )
    publish(folder, store, patience_s=patience_s)


def _load(folder: Path, manifest: Manifest) -> Derived:
    return Derived(
        generation=manifest.generation,
        dense=FaissIndex.load(folder / manifest.dense),
        lexical=TantivyIndex(folder / manifest.lexical),
    )


def _published(folder: Path, store: Store, hindrance: IndexProblem) -> Derived | None:
    """What is published without what was removed since; None if it cannot be used, or nothing
    would be left of it. hindrance: why it is not brought up to the store."""
    generation = store.pin()
    manifest = Manifest.read(folder, store)
    if manifest is None or not manifest.intact(folder):
        return None
    whole = _load(folder, manifest)
    removed = present(whole.dense, _removed_since(store, manifest))
    if len(removed) == len(whole.dense) and store.count()[1]:
        return None
    if whole.generation < generation:
        _log.warning(
            "answering from generation %d of %d, without what was added since: %s",
            whole.generation,
            generation,
            hindrance,
        )
    return Derived(
        whole.generation,
        RemainingVectors(whole.dense, removed),
        RemainingTexts(whole.lexical, removed),
    )


def _removed_since(store: Store, manifest: Manifest) -> Ids:
    """The chunks that are not, or not as they were published, in the store. That the store has the
    manifest's token says that it has the tombstones, too: see Store.forget_before."""
    changes = store.changes_since(manifest.generation)
    if manifest.fingerprint != store.fingerprint.digest:
        # Another model's vectors: a rebuild has put in every chunk anew.
        return changes.removed
    # An id stands for a text: what was put in again is what it was.
    return np.setdiff1d(changes.removed, changes.added, assume_unique=True)
