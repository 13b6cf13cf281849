"""Publish FAISS and BM25: update or rebuild their files from the store, and check them.

The manifest names both and is replaced atomically (index.publish.manifest). A crash at any time
leaves the previous state, and checkpoints of the dense index for the next attempt.
"""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from index.cores import cores
from index.disk.locks import held
from index.disk.os_errors import os_errors_translated
from index.disk.owned import SEAL, folders_in, make_folder, remove_folder
from index.disk.private import close_to_others, link
from index.errors import IndexDamaged
from index.protocols import LexicalIndex, VectorIndex
from index.publish.manifest import FORMAT, MANIFEST, Manifest
from index.store.rows import GenerationChanges
from index.store.store import Store
from index.types import Ids
from index.vectors.checkpoints import Checkpoints
from index.vectors.faiss_build import build_index, update_index
from index.vectors.faiss_index import FaissIndex, threads
from index.vectors.sizing import Sizing
from index.words.analyze import terms_of
from index.words.tantivy_files import LexicalText, build, update
from index.words.tantivy_index import TantivyIndex

__all__ = ["LOCK", "MANIFEST", "publish"]

LOCK = "publish.lock"

_PATIENCE_S = 600.0
"""How long an ingest waits while another process builds the index files."""

_log = logging.getLogger(__name__)


def publish(
    folder: Path,
    store: Store,
    sizing: Sizing = Sizing(),
    n_threads: int | None = None,
    *,
    patience_s: float = _PATIENCE_S,
) -> None:
    """Publish the store's generation in `folder`, unless it is published already.

    n_threads: default: all cores that the process may use.
    patience_s: how long to wait for another process that publishes.

    Raises IndexBusy if that process takes longer, IndexDamaged if the database is damaged.
    """
    with _publishing(folder, patience_s), os_errors_translated(folder):
        generation = store.pin()
        manifest = Manifest.read(folder, store)
        if manifest is not None and not manifest.intact(folder):
            _log.warning("the index files in %s are damaged; rebuilding them", folder)
            manifest = None
        if manifest is not None and manifest.generation == generation:
            return
        checkpoints = Checkpoints(folder, f"{FORMAT}, {sizing}, {store.token(generation)}")
        _sweep(folder, manifest, checkpoints)
        delta = _Delta.of(folder, store, manifest)
        vectors, words = f"dense-{generation:08d}", f"lexical-{generation:08d}"
        with threads(n_threads or cores()):
            index = _build_dense(store, delta, folder / vectors, sizing, checkpoints)
        _build_lexical(store, delta, folder / words)
        _check_whole(folder, store, index, TantivyIndex(folder / words))
        for part in (vectors, words):
            close_to_others(folder / part)
        Manifest.of(folder, store, generation, vectors, words, manifest).write(folder)
        checkpoints.drop()


def _check_whole(folder: Path, store: Store, dense: VectorIndex, lexical: LexicalIndex) -> None:
    """Raise IndexDamaged unless both indexes have as many chunks as the store counts."""
    n_chunks = store.count()[1]
    if not len(dense) == len(lexical) == n_chunks:
        raise IndexDamaged(
            f"the database in {folder} is damaged: it counts {n_chunks} chunks, but has "
            f"{len(dense)} vectors and {len(lexical)} texts; run `rag check --repair`"
        )


@contextmanager
def _publishing(folder: Path, patience_s: float) -> Iterator[None]:
    """Let only one process publish at a time."""
    what = f"another process is building the index files in {folder}"
    with held(folder / LOCK, what, patience_s):
        yield


def _sweep(folder: Path, manifest: Manifest | None, checkpoints: Checkpoints) -> None:
    """Remove this program's folders that the manifest does not name: leftovers of a crash, and
    generations before the published one.

    The published one stays until the next sweep, because a reader may be about to open it."""
    keep = {checkpoints.folder.name}
    if manifest is not None:
        keep |= {manifest.dense, manifest.lexical}
    listed = Manifest.listed(folder)
    for path in folders_in(folder):
        if path.name not in keep:
            remove_folder(path, listed)


@dataclass(frozen=True)
class _Delta:
    """What the published files lack.

    dense, lexical: the published files; None if all is built anew
    changes:        since their generation, or since the first one
    """

    store: Store
    dense: Path | None
    lexical: Path | None
    changes: GenerationChanges

    @classmethod
    def of(cls, folder: Path, store: Store, manifest: Manifest | None) -> "_Delta":
        if manifest is None:
            return cls(store, None, None, store.changes_since(0))
        changes = store.changes_since(manifest.generation)
        return cls(store, folder / manifest.dense, folder / manifest.lexical, changes)

    @cached_property
    def all_ids(self) -> Ids:
        """The ids of all chunks, ascending."""
        whole = self.changes if self.dense is None else self.store.changes_since(0)
        return whole.added

    @property
    def is_empty(self) -> bool:
        return not len(self.changes.removed) and not len(self.changes.added)


def _build_dense(
    store: Store, delta: _Delta, path: Path, sizing: Sizing, checkpoints: Checkpoints
) -> VectorIndex:
    index, dimension = None, store.fingerprint.model.dimension
    if delta.dense is not None:
        if delta.is_empty:
            _share(delta.dense, path)
            return FaissIndex.load(path)
        index = update_index(store, delta.dense, delta.changes, sizing, dimension)
    if index is None:
        index = build_index(store, delta.all_ids, checkpoints, sizing, dimension)
    make_folder(path)
    index.save(path)
    return index


def _build_lexical(store: Store, delta: _Delta, path: Path) -> None:
    make_folder(path)
    if delta.lexical is None:
        build(path, len(delta.all_ids), _lexical_texts(store, delta.all_ids))
    else:
        changes = delta.changes
        rows = _lexical_texts(store, changes.added)
        update(path, delta.lexical, changes.removed, len(changes.added), rows)


def _lexical_texts(store: Store, ids: Ids) -> Iterator[LexicalText]:
    for i, text, above in store.texts(ids):
        yield LexicalText(i, terms_of(text), [t for each in above for t in terms_of(each)])


def _share(source: Path, target: Path) -> None:
    """Create a folder with links to the same files, which never change."""
    make_folder(target)
    for file in source.iterdir():
        if file.name != SEAL:
            link(file, target / file.name)
