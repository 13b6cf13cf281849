"""Map files to documents.

The resolved path of a file identifies its document. The document's id is the path at the first
ingest: relative to the working directory if the file was below it, else absolute.
"""

import os
import re
import stat
from collections.abc import Collection, Iterable
from pathlib import Path

from index.backend import Backend, KnownDocuments
from index.errors import BadInput, IndexMissing
from index.ingest.collection import collection_of
from index.ingest.selection import Scope
from index.types import Document, DocumentRecord

_SURROGATE = re.compile("[\ud800-\udfff]")


def display_path(path: Path) -> str:
    """Return the path relative to the working directory if it is below it, else absolute."""
    here = Path.cwd().resolve()
    return (path.relative_to(here) if path.is_relative_to(here) else path).as_posix()


def printable_path(path: Path) -> str:
    """Return the display path with `?` for each character that is not valid Unicode."""
    return display_path(path).encode(errors="replace").decode()


def is_unicode(path: Path) -> bool:
    """Return whether a path is valid Unicode. On Linux, a file name can be any bytes."""
    return _SURROGATE.search(str(path)) is None


def check_storable(document: Document) -> None:
    """Raise BadInput if a document has an empty doc_id, or a text that is not valid Unicode."""
    if not document.doc_id:
        raise BadInput("a document has an empty id; give it an id")
    texts = (document.doc_id, document.source, document.title, document.text)
    if any(_SURROGATE.search(text) for text in texts):
        name = document.doc_id.encode(errors="replace").decode()
        raise BadInput(f"the document {name} is not valid Unicode; remove its surrogates")


def is_missing(path: str) -> bool:
    """Return whether a document's file does not exist, or a folder has its path.

    A file that cannot be examined, such as one in a folder without permission, is not missing.
    """
    try:
        return stat.S_ISDIR(os.stat(path).st_mode)  # noqa: PTH116, Path.exists hides the error
    except (FileNotFoundError, NotADirectoryError):
        return True
    except (OSError, ValueError):
        return False


def row_of(known: KnownDocuments, path: Path) -> DocumentRecord | None:
    """Return the document of a file, or None.

    If no document has this path, return the one with the file's display path as id if its own file
    is missing. This happens if the folder with the documents and the index was moved.
    """
    row = known.record_of_file(str(path))
    if row is not None:
        return row
    other = known.record(display_path(path))
    return other if other is not None and other.path and is_missing(other.path) else None


def is_taken(known: KnownDocuments, path: Path) -> bool:
    """Return whether a document without a file has the id that a new file would get.

    It was put into the index over HTTP or by a program, and would be lost.
    """
    other = known.record(display_path(path))
    return other is not None and other.path is None


def doc_id_of(known: KnownDocuments, path: Path) -> str:
    """Return the existing id of the file's document, else a new one.

    A new id is the display path. If the document of another existing file has this id (from a run
    in another directory), it is the absolute path.
    """
    row = row_of(known, path)
    if row is not None:
        return row.doc_id
    other = known.record(display_path(path))
    return path.as_posix() if other is not None and other.path else display_path(path)


def records_under(backend: Backend, root: Path) -> list[DocumentRecord]:
    """Return the documents of the file `root` or of files below it; [] if there is no index."""
    try:
        with backend.reader() as reader:
            return [record for record in reader.records() if _is_under(record, [root])]
    except IndexMissing:
        return []


def missing_files(
    known: KnownDocuments, scope: Scope, present: Collection[Path] = ()
) -> tuple[list[DocumentRecord], list[DocumentRecord]]:
    """Return the documents in this scope whose files are missing, and those whose files are ignored
    by .gitignore or .ragignore.

    present: files that are known to exist, and are not checked
    """
    there = set(map(str, present))
    missing, ignored = [], []
    for row in known.records():
        if not row.path or row.path in there or not scope.selects(Path(row.path)):
            continue
        if collection_of(row) != scope.selection.collection:
            continue
        if is_missing(row.path):
            missing.append(row)
        elif scope.ignored_by(Path(row.path)) is not None:
            ignored.append(row)
    return missing, ignored


def _is_under(row: DocumentRecord, roots: Iterable[Path]) -> bool:
    if row.path is None:
        return False
    path = Path(row.path)
    return any(root == path or root in path.parents for root in roots)
