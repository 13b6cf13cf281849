"""The documents that people name on the command line: by id, pattern, path, or a file's base name.

Over HTTP documents are named by ids and patterns alone: a client's paths mean nothing there.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from glob import escape
from pathlib import Path, PurePosixPath

from index.backends import backend_at
from index.errors import BadInput, NotFound
from index.ingest.file_ids import display_path, is_missing
from index.ingest.files import resolved
from index.types import DocumentRecord
from rag.check_query import check_names
from rag.name_patterns import NamePatterns, is_pattern
from rag.results import Filter

_MAX_NAMED = 5
"""Documents that a message names."""


@dataclass(frozen=True, slots=True)
class NamedDocuments:
    """The documents that a name stands for. is_pattern: whether the name stands for as many as
    there are, and not for one alone."""

    name: str
    rows: Sequence[DocumentRecord]
    is_pattern: bool


def documents_in(folder: Path) -> Sequence[DocumentRecord]:
    """The documents of an index, in order of their ids. Raises IndexMissing or IndexDamaged."""
    with backend_at(folder).reader() as reader:
        return reader.records()


def find_named(rows: Sequence[DocumentRecord], name: str) -> NamedDocuments:
    """The documents among `rows` that a name stands for: the one with this id; or else those whose
    ids match it as a pattern; the one whose file is at this path; the only one whose file has this
    base name.

    Raises NotFound if there is none, BadInput if several have the base name or it is a folder.
    """
    same_id = [row for row in rows if row.doc_id == name]
    if same_id:
        return NamedDocuments(name, same_id, is_pattern=False)
    if is_pattern(name):
        pattern = NamePatterns([name])
        matched = [row for row in rows if pattern.match(row.doc_id)]
        if matched:
            return NamedDocuments(name, matched, is_pattern=True)
    same_file = _at_path(rows, name) or [row for row in rows if _base_name(row) == name]
    if len(same_file) == 1:
        return NamedDocuments(name, same_file, is_pattern=False)
    if not rows:
        raise NotFound(
            f"no document {name!r}: the index contains no documents; add some with "
            "`rag ingest PATH`"
        )
    folder = name.rstrip("/")
    if not same_file and any(row.doc_id.startswith(f"{folder}/") for row in rows):
        raise BadInput(
            f"{name!r} is a folder; choose its documents with a pattern: '{escape(folder)}/*'"
        )
    if not same_file:
        raise NotFound(f"no document {name!r}; `rag list` lists all documents")
    raise BadInput(
        f"{name!r} matches several documents: {_first_ids(same_file)}; choose one by its id or path"
    )


def find_all_named(rows: Sequence[DocumentRecord], names: Iterable[str]) -> list[DocumentRecord]:
    """All documents that one of the names stands for, each once, in order of their ids.

    Raises BadInput as `find_named` does.
    """
    rows_by_id = {row.doc_id: row for name in names for row in find_named(rows, name).rows}
    return [rows_by_id[doc_id] for doc_id in sorted(rows_by_id)]


def filter_of(folder: Path, names: Sequence[str]) -> Filter:
    """A filter that lets the documents through that these names stand for in an index; at least
    one name.

    Raises BadInput as `find_named` does, or if names are too many or too long; IndexMissing.
    """
    check_names(names)
    rows = documents_in(folder)
    selections = [find_named(rows, name) for name in names]
    # An id with marks in it would, as a pattern, let others through.
    texts = [
        selection.name if selection.is_pattern else escape(selection.rows[0].doc_id)
        for selection in selections
    ]
    check_names(texts)  # base names stand for ids that may be longer
    return Filter(doc_id=texts)


def _at_path(rows: Sequence[DocumentRecord], name: str) -> list[DocumentRecord]:
    if not name or "\0" in name:
        return []
    path = resolved(Path(name))
    same_path = [row for row in rows if row.path == str(path)]
    # A folder that was moved with its index: the ids are still right, the paths are not.
    return same_path or [
        row
        for row in rows
        if row.doc_id == display_path(path) and row.path and is_missing(row.path)
    ]


def _base_name(row: DocumentRecord) -> str:
    return PurePosixPath(row.path or row.doc_id).name


def _first_ids(rows: Sequence[DocumentRecord]) -> str:
    more = f", and {len(rows) - _MAX_NAMED:,} more" if len(rows) > _MAX_NAMED else ""
    return ", ".join(row.doc_id for row in rows[:_MAX_NAMED]) + more
