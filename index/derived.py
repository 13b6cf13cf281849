"""FAISS and BM25 as files derived from the store: published whole, checked, caught up or rebuilt.

`derived.json` names the two, the generation they were built from and the sha256 of every file and
of itself. It is replaced in one step, and files are never changed once it names them. So a crash at
any instant leaves the former state, and a flipped bit is seen before anything is read from it.
"""

import json
import logging
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from hashlib import file_digest, sha256
from pathlib import Path
from typing import Any

from filelock import FileLock

from index import dense, lexical
from index.analyze import terms_of
from index.dense import FaissIndex
from index.errors import IndexProblem
from index.lexical import LexicalText, TantivyIndex
from index.protocols import LexicalIndex, VectorIndex
from index.sqlite import translated
from index.store import Store
from index.types import Ids

MANIFEST = "derived.json"
FORMAT = f"2, faiss {dense.VERSION}, tantivy {lexical.VERSION}"
"""Raised when files of an earlier program must be rebuilt: another analysis, schema or layout."""

_VECTORS_AT_ONCE = 50_000
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Manifest:
    """What is published: names within the index directory; `files` maps each to its sha256.

    token: the store's own for the generation, so that files are never taken for those of another
    database, as when it was deleted and made anew or replaced by an older copy
    """

    format: str
    generation: int
    token: str
    dense: str
    lexical: str
    files: dict[str, str]


@dataclass(frozen=True, slots=True)
class Derived:
    """The two indexes of one generation."""

    generation: int
    dense: VectorIndex
    lexical: LexicalIndex


def open_derived(folder: Path, store: Store) -> Derived:
    """The indexes of the generation that `store` is pinned at when this returns.

    Where the published ones are of an earlier generation they are caught up, where they are
    damaged, missing or of another format rebuilt, and published.
    """
    # Another process may publish between our steps; then what we looked at is gone, and we look
    # again.
    for _ in range(20):
        generation = store.pin()
        manifest = _read_manifest(folder, store)
        if manifest is None or manifest.generation < generation or not _intact(folder, manifest):
            publish(folder, store)
            continue
        # FAISS and tantivy each have their own word for a file that is not there any more.
        with suppress(OSError, RuntimeError, ValueError):
            return _load(folder, manifest)
    raise IndexProblem(f"{folder} changed twenty times while it was being opened; try again")


def publish(folder: Path, store: Store) -> None:
    """Bring the files of `folder` up to the store's generation, if they are not there yet."""
    with _publishing(folder), translated(folder):
        generation = store.pin()
        manifest = _read_manifest(folder, store)
        if manifest is not None and not _intact(folder, manifest):
            _log.warning("the index files in %s are damaged; rebuilding them", folder)
            manifest = None
        if manifest is not None and manifest.generation == generation:
            return
        _sweep(folder, manifest)
        name = f"{generation:08d}"
        dense, words = f"dense-{name}.faiss", f"lexical-{name}"
        _build_dense(folder, store, manifest, folder / dense)
        _build_lexical(folder, store, manifest, folder / words)
        files = {file: _sha256(folder / file) for file in _files(folder, dense, words)}
        token = store.token(generation) or ""
        _write_manifest(folder, Manifest(FORMAT, generation, token, dense, words, files))


@contextmanager
def _publishing(folder: Path) -> Iterator[None]:
    """One process at a time; the system lets go of the lock when a process dies."""
    with FileLock(folder / "publish.lock"):
        yield


def _read_manifest(folder: Path, store: Store) -> Manifest | None:
    """What is published, if it is whole, of this format, and was derived from this store."""
    try:
        fields = json.loads((folder / MANIFEST).read_bytes())
        if fields.pop("sha256") != _digest(fields):
            raise ValueError("checksum")
        manifest = Manifest(**fields)
    except FileNotFoundError:
        return None
    except (AttributeError, KeyError, OSError, TypeError, ValueError):
        _log.warning("%s is damaged; rebuilding the index files", folder / MANIFEST)
        return None
    mine = manifest.format == FORMAT and manifest.token == store.token(manifest.generation)
    return manifest if mine else None


def _digest(fields: dict[str, Any]) -> str:
    return sha256(json.dumps(fields, sort_keys=True).encode()).hexdigest()


def _write_manifest(folder: Path, manifest: Manifest) -> None:
    for name in manifest.files:
        _sync(folder / name)
    draft = folder / f"{MANIFEST}.draft"
    fields = asdict(manifest)
    draft.write_text(json.dumps({**fields, "sha256": _digest(fields)}, indent=1))
    _sync(draft)
    draft.replace(folder / MANIFEST)
    _sync(folder)


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _sha256(path: Path) -> str:
    with path.open("rb") as stream:
        return file_digest(stream, "sha256").hexdigest()


def _files(folder: Path, dense: str, words: str) -> list[str]:
    """The published files; tantivy's lock files are no part of the index."""
    published = (
        f"{words}/{path.name}"
        for path in (folder / words).iterdir()
        if not path.name.endswith(".lock")
    )
    return [dense, *sorted(published)]


def _intact(folder: Path, manifest: Manifest) -> bool:
    try:
        return all(_sha256(folder / name) == digest for name, digest in manifest.files.items())
    except OSError:
        return False


def _load(folder: Path, manifest: Manifest) -> Derived:
    return Derived(
        generation=manifest.generation,
        dense=FaissIndex.load(folder / manifest.dense),
        lexical=TantivyIndex(folder / manifest.lexical),
    )


def _sweep(folder: Path, manifest: Manifest | None) -> None:
    """Delete what the manifest does not name: leftovers, and generations before the published one.

    That one stays until the next sweep, for a reader that is just about to open it."""
    keep = {manifest.dense, manifest.lexical} if manifest is not None else set()
    for path in (*folder.glob("dense-*"), *folder.glob("lexical-*")):
        if path.name in keep:
            continue
        if path.is_dir():
            shutil.rmtree(path, ignore_errors=True)
        else:
            path.unlink(missing_ok=True)


def _build_dense(folder: Path, store: Store, manifest: Manifest | None, path: Path) -> None:
    changes = store.changes_since(manifest.generation if manifest is not None else 0)
    index = FaissIndex(store.fingerprint.model.dimension)
    if manifest is not None:
        former = FaissIndex.load(folder / manifest.dense, to_change=True)
        # After a rebuild with a model of another dimension, every chunk is among the added.
        if former.dimension == index.dimension:
            index = former
            index.remove(changes.removed)
    for ids in _slices(changes.added):
        index.add(ids, store.vectors(ids))
    index.save(path)


def _build_lexical(folder: Path, store: Store, manifest: Manifest | None, path: Path) -> None:
    changes = store.changes_since(manifest.generation if manifest is not None else 0)
    shutil.rmtree(path, ignore_errors=True)
    if manifest is None or len(changes.removed):
        path.mkdir()
        added = store.changes_since(0).added
    else:
        # tantivy writes a segment's files once, so the new folder can share them with the old one;
        # only its JSON files are replaced.
        shutil.copytree(
            folder / manifest.lexical,
            path,
            copy_function=_share,
            ignore=shutil.ignore_patterns("*.lock"),
        )
        added = changes.added
    lexical.append(
        path,
        (
            LexicalText(i, terms_of(text), [t for each in above for t in terms_of(each)])
            for i, text, above in store.texts(added)
        ),
    )


def _share(source: str, target: str) -> str:
    if source.endswith(".json"):
        return str(shutil.copy2(source, target))
    try:
        os.link(source, target)
    except OSError:  # a file system without hard links
        shutil.copy2(source, target)
    return target


def _slices(ids: Ids) -> Iterator[Ids]:
    for first in range(0, len(ids), _VECTORS_AT_ONCE):
        yield ids[first : first + _VECTORS_AT_ONCE]
