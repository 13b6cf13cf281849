"""Open FAISS and BM25 for a reader: of the store's generation, or else of the published one.

If the store's generation is not published, the reader publishes it. If it cannot, because another
process is publishing or the index is not writable, it uses the last published generation without
the chunks removed since.
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
"""How long a reader waits for another process if no published index is usable."""

_ATTEMPTS = 20
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Derived:
    """The two indexes of one generation."""

    generation: int
    dense: VectorIndex
    lexical: LexicalIndex


def open_derived(folder: Path, store: Store) -> Derived:
    """Pin `store` and return the indexes of its generation.

    Updates and publishes indexes of an earlier generation. Rebuilds and publishes indexes that are
    damaged, missing or of another format. If it cannot publish, it logs a warning and returns the
    published indexes of an earlier generation.

    Raises IndexBusy if another process is publishing and the published indexes are unusable,
    IndexDamaged if the database is damaged, IndexProblem if the index cannot be written.
    """
    derived = _derived(folder, store, None)
    assert derived is not None
    return derived


def newer_derived(folder: Path, store: Store, than: State) -> Derived | None:
    """Do the same as `open_derived` for a reader that has the published state `than` open.

    None if no other state is available. Never waits for another process.
    """
    return _derived(folder, store, than)


def _derived(folder: Path, store: Store, than: State | None) -> Derived | None:
    # Another process may publish between two steps and delete the files we read; then try again.
    for _ in range(_ATTEMPTS):
        generation = store.pin()
        manifest = Manifest.read(folder, store)
        current = manifest is not None and manifest.generation == generation
        if manifest is not None and current and manifest.searchable(folder):
            # FAISS and tantivy raise different errors for a deleted file.
            with suppress(IndexDamaged, OSError, RuntimeError, ValueError):
                return _load(folder, manifest)
            if Manifest.read(folder, store) != manifest:
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
            f"{why}, and its FAISS and BM25 files are missing, damaged or outdated; run "
            f"`rag info --index {folder}` as a user with write access"
        )
    publish(folder, store, patience_s=patience_s)


def _load(folder: Path, manifest: Manifest) -> Derived:
    return Derived(
        generation=manifest.generation,
        dense=FaissIndex.load(folder / manifest.dense),
        lexical=TantivyIndex(folder / manifest.lexical),
    )


def _published(folder: Path, store: Store, hindrance: IndexProblem) -> Derived | None:
    """Return the published indexes without the chunks removed since.

    None if they are unusable or no chunk would remain. hindrance: why they cannot be updated.
    """
    generation = store.pin()
    manifest = Manifest.read(folder, store)
    if manifest is None or not manifest.searchable(folder):
        return None
    whole = _load(folder, manifest)
    removed = present(whole.dense, _removed_since(store, manifest))
    if len(removed) == len(whole.dense) and store.count()[1]:
        return None
    if whole.generation < generation:
        _log.warning(
            "searching generation %d of %d, without documents that were added since: %s",
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
    """Return the published chunks that the store removed or changed since.

    The store has the manifest's token, so it also has the tombstones: see Store.forget_before.
    """
    changes = store.changes_since(manifest.generation)
    if manifest.fingerprint != store.fingerprint.digest:
        # The vectors are from another model: a rebuild replaced every chunk.
        return changes.removed
    # An id identifies a text: a chunk that was removed and added again is unchanged.
    return np.setdiff1d(changes.removed, changes.added, assume_unique=True)
