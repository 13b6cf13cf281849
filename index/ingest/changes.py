"""Find the files that changed, and load them.

First, compare the size, change time and load options of each file with the stored ones. If they are
equal, the file is unchanged and is not opened. Then read each other file once. If its bytes are
the stored ones, it is unchanged; else load it.
"""

import os
import shlex
from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from index.backend import KnownDocuments, Writer
from index.documents.formats import format_of_file, notation_of
from index.documents.load import LoadedFile, changed_ns, load, read_file
from index.documents.loader import LoadOptions
from index.errors import UnreadableDocument
from index.ingest.batches import Source
from index.ingest.collection import belongs_elsewhere, collection_of, in_collection
from index.ingest.file_ids import (
    display_path,
    doc_id_of,
    is_taken,
    is_unicode,
    printable_path,
    row_of,
)
from index.ingest.progress import EncodingWarning, Move, Progress, Report, SkippedFile, Watch
from index.types import DocumentRecord, FileVersion


@dataclass(frozen=True, slots=True)
class EncodingChoice:
    """The user's choice of encoding.

    encoding: for all files of the run; None to detect it
    remember: whether to use the encodings that the user named in earlier runs
    """

    encoding: str | None = None
    remember: bool = True

    def options(self, row: DocumentRecord | None) -> LoadOptions:
        """Return the options to load the file of this document; row is None for a new document."""
        given = row.metadata.get("encoding_given") if row is not None and self.remember else None
        return LoadOptions(self.encoding, given)


@dataclass(frozen=True, slots=True)
class _Candidate:
    """A file that may have changed.

    size:   in bytes; 0 if it cannot be read
    row:    its document in the index; None if it has none
    intact: whether the stored text of this document is undamaged
    """

    path: Path
    size: int
    doc_id: str
    row: DocumentRecord | None
    intact: bool
    options: LoadOptions


class FileChanges:
    """The files of one run. This class reports the skipped and the unchanged ones.

    first: a file of a new index that is already loaded
    collection: of the documents
    """

    def __init__(
        self,
        choice: EncodingChoice,
        report: Report,
        progress: Progress,
        watch: Watch,
        first: LoadedFile | None = None,
        collection: str = "",
    ) -> None:
        self._choice = choice
        self._report = report
        self._progress = progress
        self._watch = watch
        self._first = first
        self._collection = collection
        self._candidates: list[_Candidate] = []
        self._unchanged: dict[Path, str] = {}
        self._doubts: dict[Path, EncodingWarning] = {}
        self._versions: dict[str, tuple[str, FileVersion]] = {}
        self._moved = False
        self._new: dict[str, list[str]] = {}

    def look_at(self, known: KnownDocuments, files: Sequence[Path]) -> None:
        """Find the files that may have changed, without opening any."""
        self._progress.n_files = len(files)
        for i, file in enumerate(files, 1):
            if is_unicode(file):
                self._look(known, file)
            else:
                reason = "its name is not valid Unicode; rename it"
                self._report.skipped.append(SkippedFile(printable_path(file), "name", reason))
            self._progress.files_checked = i - len(self._candidates)
            self._watch(self._progress)
        self._progress.n_documents = len(self._candidates)
        self._progress.size = sum(each.size for each in self._candidates)

    def _look(self, known: KnownDocuments, file: Path) -> None:
        row = row_of(known, file)
        if row is None and is_taken(known, file):
            self._skip_taken(file)
            return
        if row is not None and collection_of(row) != self._collection:
            reason = belongs_elsewhere(row)
            self._report.left_out.append(SkippedFile(display_path(file), "collection", reason))
            return
        options = self._choice.options(row)
        intact = row is not None and known.is_intact(row.doc_id)
        status = _status_of(file)
        if row is not None and intact and row.path == str(file) and status is not None:
            version = row.file_version
            if version is not None and _is_at(version, status) and _is_of(version, file, options):
                self._keep(file, row, version)
                return
        doc_id = row.doc_id if row is not None else doc_id_of(known, file)
        size = status.st_size if status is not None else 0
        self._candidates.append(_Candidate(file, size, doc_id, row, intact, options))

    def _skip_taken(self, file: Path) -> None:
        name = display_path(file)
        reason = (
            "a document that was put over HTTP or by a program has its id; to read the file "
            f"instead, run `rag remove {shlex.quote(name)}` first"
        )
        self._report.skipped.append(SkippedFile(name, "taken", reason))

    def sources(self) -> Iterator[Source | None]:
        """Yield the source of each file that may have changed; None if it is unchanged or skipped.

        This does not use the store, so another thread can iterate.
        """
        for each in self._candidates:
            source = self._source(each)
            self._progress.size += (source.size if source is not None else 0) - each.size
            self._progress.n_documents -= source is None
            self._progress.files_checked += 1
            yield source

    def _source(self, each: _Candidate) -> Source | None:
        try:
            loaded = self._loaded(each)
        except UnreadableDocument as reason:
            note = "; its previous version stays in the index" if each.row is not None else ""
            text = f"{reason}{note}"
            # Nobody wrote generated code to be read: leaving it out is no fault of the run.
            is_generated = reason.kind == "generated"
            unread = self._report.left_out if is_generated else self._report.skipped
            unread.append(SkippedFile(display_path(each.path), reason.kind, text))
            return None
        if loaded is None:
            return None
        loaded = in_collection(loaded, self._collection)
        if each.row is not None and each.intact and not _differs(each.row, loaded):
            self._keep(each.path, each.row, loaded.version)
            return None
        document, version = loaded.document, loaded.version
        self._note_doubt(each.path, document.metadata.get("encoding"), version.warning)
        if each.row is None:
            self._new.setdefault(version.sha256, []).append(each.doc_id)
        return Source(str(each.path), document, version.n_bytes, loaded.blocks, version)

    def _loaded(self, each: _Candidate) -> LoadedFile | None:
        """Return the loaded file, or None if its bytes and load options are those in the index."""
        first = self._first
        if first is not None and each.row is None and first.document.doc_id == each.doc_id:
            self._first = None
            return first
        file = read_file(each.path)
        known = each.row.file_version if each.row is not None and each.intact else None
        if (
            each.row is not None
            and known is not None
            and known.sha256 == file.sha256
            and _is_of(known, each.path, each.options)
        ):
            self._keep(each.path, each.row, replace(known, changed_ns=file.changed_ns))
            return None
        return load(file, each.doc_id, each.options)

    def _keep(self, file: Path, row: DocumentRecord, version: FileVersion) -> None:
        """Record that the document is unchanged and that its file now has this version."""
        self._unchanged[file] = row.doc_id
        self._note_doubt(file, row.metadata.get("encoding"), version.warning)
        if (row.path, row.file_version) != (str(file), version):
            self._versions[row.doc_id] = (str(file), version)
            self._moved = self._moved or row.path != str(file)

    def _note_doubt(self, file: Path, encoding: str | None, warning: str | None) -> None:
        if warning is not None:
            self._doubts[file] = EncodingWarning(display_path(file), encoding or "utf-8", warning)

    def moves(self, missing: Sequence[DocumentRecord]) -> list[Move]:
        """Return a move for each missing file whose bytes are those of a new one, in order.

        A new file belongs to one move at most. Call this after `sources` has ended.
        """
        new = {sha256: deque(sorted(doc_ids)) for sha256, doc_ids in self._new.items()}
        moves = []
        for row in missing:
            same = new.get(row.file_version.sha256) if row.file_version is not None else None
            if same:
                moves.append(Move(row.doc_id, same.popleft()))
        return moves

    def end(self, writer: Writer) -> None:
        """Store new paths and versions of unchanged files, and report these files."""
        if self._versions:
            with writer.transaction(makes_generation=self._moved) as transaction:
                for doc_id, (path, version) in self._versions.items():
                    transaction.note_file(doc_id, path, version)
        self.report_unchanged()

    def report_unchanged(self) -> None:
        """Report the unchanged files and the doubtful encodings, sorted by path."""
        self._report.unchanged += [self._unchanged[file] for file in sorted(self._unchanged)]
        self._report.doubts += [self._doubts[file] for file in sorted(self._doubts)]


def _status_of(file: Path) -> os.stat_result | None:
    try:
        return file.stat()
    except OSError:
        return None


def _is_at(version: FileVersion, status: os.stat_result) -> bool:
    """Return whether a file has the size and change time of a version."""
    now = (status.st_size, changed_ns(status))
    return (version.n_bytes, version.changed_ns) == now


def _is_of(version: FileVersion, file: Path, options: LoadOptions) -> bool:
    """Return whether the loader and options of a version are those for the file now."""
    format = format_of_file(file)
    return format is not None and (version.loader, version.options) == (format.key, options.key)


def _differs(row: DocumentRecord, loaded: LoadedFile) -> bool:
    """Return whether a document differs from the stored one, or has another loader."""
    known, document = row.file_version, loaded.document
    if notation_of(document.media_type) == "blocks":
        return True  # the same text can have another title, other pages or other places
    return (known is not None and known.loader != loaded.version.loader) or (
        (row.sha256, row.media_type, dict(row.metadata))
        != (document.sha256, document.media_type, dict(document.metadata))
    )
