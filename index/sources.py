"""Which file is which document.

A document is known by its file's resolved path. Its id is that path as people saw it when it was
first ingested: from the working directory if the file lay below it, else whole.
"""

from collections.abc import Iterable, Sequence
from contextlib import closing
from pathlib import Path

from index.errors import IndexMissing
from index.rows import StoredDocument
from index.store import Store


def shown(path: Path) -> str:
    """A path as people write it: from the working directory if it lies below, else whole."""
    here = Path.cwd().resolve()
    return (path.relative_to(here) if path.is_relative_to(here) else path).as_posix()


def is_unicode(path: Path) -> bool:
    """Whether a path can be stored and printed; on Linux a name is any bytes."""
    return not any("\ud800" <= character <= "\udfff" for character in str(path))


def row_of(store: Store, path: Path) -> StoredDocument | None:
    """The document of a file; or the one with its id whose own file is gone, as when the folder
    that holds documents and index was moved."""
    row = store.document_row(path=str(path))
    if row is not None:
        return row
    other = store.document_row(doc_id=shown(path))
    return other if other is not None and other.path and not Path(other.path).exists() else None


def doc_id_of(store: Store, path: Path) -> str:
    """The id the file has already; else its path as shown, unless another file that is still there
    has that id (from a run in another directory); then its whole path."""
    row = row_of(store, path)
    if row is not None:
        return row.doc_id
    other = store.document_row(doc_id=shown(path))
    return path.as_posix() if other is not None and other.path else shown(path)


def known_under(folder: Path, path: Path) -> bool:
    """Whether the index in a folder has a document of this file or of one below this folder."""
    try:
        store = Store.open(folder)
    except IndexMissing:
        return False
    with closing(store):
        return any(_is_under(row, [path.resolve()]) for row in store.documents())


def gone(store: Store, paths: Sequence[Path]) -> list[StoredDocument]:
    """The documents under these paths whose files are no longer there."""
    roots = [path.resolve() for path in paths]
    return [
        row
        for row in store.documents()
        if _is_under(row, roots) and row.path and not Path(row.path).exists()
    ]


def _is_under(row: StoredDocument, roots: Iterable[Path]) -> bool:
    if row.path is None:
        return False
    path = Path(row.path)
    return any(root == path or root in path.parents for root in roots)
