"""Which file is which document.

A document is known by its file's resolved path. Its id is that path as people saw it when it was
first ingested: from the working directory if the file lay below it, else whole.
"""

import os
import re
import stat
from collections.abc import Collection, Iterable, Sequence
from pathlib import Path

from index.backend import Backend, Writer
from index.errors import BadInput, IndexMissing
from index.types import Document, DocumentRecord

_SURROGATE = re.compile("[\ud800-\udfff]")


def display_path(path: Path) -> str:
    """A path as people write it: from the working directory if it lies below, else whole."""
    here = Path.cwd().resolve()
    return (path.relative_to(here) if path.is_relative_to(here) else path).as_posix()


def printable_path(path: Path) -> str:
    """A path as shown, with `?` for what is not valid Unicode."""
    return display_path(path).encode(errors="replace").decode()


def is_unicode(path: Path) -> bool:
    """Whether a path can be stored and printed; on Linux a name is any bytes."""
    return _SURROGATE.search(str(path)) is None


def check_storable(document: Document) -> None:
    """Raise BadInput if a document has an empty doc_id, or a text that is not valid Unicode."""
    if not document.doc_id:
        raise BadInput("a document has an empty id; give each an id of its own")
    texts = (document.doc_id, document.source, document.title, document.text)
    if any(_SURROGATE.search(text) for text in texts):
        name = document.doc_id.encode(errors="replace").decode()
        raise BadInput(f"the document {name} is not valid Unicode; take out its surrogates")


def is_missing(path: str) -> bool:
    """Whether a document's file is not there: nothing has its name, or a folder has.

    A file that cannot be looked at, as in a folder without permission, is not gone.
    """
    try:
        return stat.S_ISDIR(os.stat(path).st_mode)  # noqa: PTH116, Path.exists hides the error
    except (FileNotFoundError, NotADirectoryError):
        return True
    except (OSError, ValueError):
        return False


def row_of(writer: Writer, path: Path) -> DocumentRecord | None:
    """The document of a file; or the one with its id whose own file is gone, as when the folder
    that holds documents and index was moved."""
    row = writer.record_of_file(str(path))
    if row is not None:
        return row
    other = writer.record(display_path(path))
    return other if other is not None and other.path and is_missing(other.path) else None


def doc_id_of(writer: Writer, path: Path) -> str:
    """The id the file has already; else its path as shown, unless another file that is still there
    has that id (from a run in another directory); then its whole path."""
    row = row_of(writer, path)
    if row is not None:
        return row.doc_id
    other = writer.record(display_path(path))
    return path.as_posix() if other is not None and other.path else display_path(path)


def records_under(backend: Backend, root: Path) -> list[DocumentRecord]:
    """The documents, in an index, of the file `root` or of files below it."""
    try:
        with backend.reader() as reader:
            return [record for record in reader.records() if _is_under(record, [root])]
    except IndexMissing:
        return []


def missing_files(
    writer: Writer, roots: Sequence[Path], present: Collection[Path] = ()
) -> list[DocumentRecord]:
    """The documents under these resolved paths whose files are no longer there; `present` are
    files that are known to be there."""
    there = set(map(str, present))
    return [
        row
        for row in writer.records()
        if row.path and row.path not in there and _is_under(row, roots) and is_missing(row.path)
    ]


def _is_under(row: DocumentRecord, roots: Iterable[Path]) -> bool:
    if row.path is None:
        return False
    path = Path(row.path)
    return any(root == path or root in path.parents for root in roots)
