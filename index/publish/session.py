"""Write sessions of an index: one writer at a time, which publishes at the end."""

import os
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from index.disk.locks import held
from index.disk.os_errors import os_errors_translated
from index.disk.owned import check_directory, remove_restore_draft
from index.disk.private import make_private_folder
from index.errors import IndexProblem
from index.publish.manifest import Manifest
from index.publish.publish import publish
from index.store.store import DATABASE, Store

LOCK = "ingest.lock"


@contextmanager
def writing(folder: Path, *, existing: bool = False) -> Iterator[None]:
    """Hold the write lock of an index directory; create the directory if it is missing.

    existing: require an index. If there is none, no directory and no lock is created.

    Raises IndexBusy if another process is writing, IndexProblem if this user may not write,
    BadInput if the directory is unsuitable (index.disk.owned.check_directory), and with `existing`
    the errors of Store.open.
    """
    if existing:
        Store.open(folder).close()
    with os_errors_translated(folder):
        check_directory(folder, DATABASE)
        _check_writable(folder)
        make_private_folder(folder)
    with held(folder / LOCK, f"another process is writing to {folder}", 0):
        remove_restore_draft(folder)
        yield


def _check_writable(folder: Path) -> None:
    """Raise IndexProblem unless this user may write.

    Called before the lock is created, because an error about the lock file would be unclear.
    """
    paths = [path for path in (folder, folder / LOCK, folder / DATABASE) if path.exists()]
    if not all(os.access(path, os.W_OK) for path in paths):
        raise IndexProblem(
            f"the index in {folder} is read-only for this user; run the command as a user with "
            "write access, or choose another folder with --index"
        )


@contextmanager
def published(folder: Path, store: Store) -> Iterator[Store]:
    """Yield the store, then publish FAISS and BM25 if no error occurred; always close the store."""
    with closing(store):
        Manifest.read(folder, store)  # raises, before any write, if the database lost commits
        yield store
        publish(folder, store)
        store.unpin()
        store.forget_before(store.generation)
        store.empty_log()
