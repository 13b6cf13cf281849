"""The frame of all that is written to an index: one writer at a time; published when it is done."""

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
    """One writer at a time, in a directory that an index may be in; it is made if it is missing.

    existing: whether there has to be an index; where there is none, no folder and no lock is made.

    Raises IndexBusy if another process is writing, IndexProblem if this user may not write to it,
    and, if there has to be an index, what Store.open does.
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
    """Before a lock is made, whose name would say nothing to people."""
    paths = [path for path in (folder, folder / LOCK, folder / DATABASE) if path.exists()]
    if not all(os.access(path, os.W_OK) for path in paths):
        raise IndexProblem(
            f"the index in {folder} is read-only for this user; run the command as a user who may "
            "write to it, or name another folder with --index"
        )


@contextmanager
def published(folder: Path, store: Store) -> Iterator[Store]:
    """The store, closed at the end. On leaving, FAISS and BM25 are brought up to it."""
    with closing(store):
        Manifest.read(folder, store)  # nothing is written to a database that lost commits
        yield store
        publish(folder, store)
        store.unpin()
        store.forget_before(store.generation)
        store.empty_log()
