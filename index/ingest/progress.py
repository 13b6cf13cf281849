"""The progress and the report of an ingest."""

from collections.abc import Callable
from dataclasses import dataclass, field

from index.errors import SkipKind


@dataclass(slots=True)
class Progress:
    """The progress of an ingest.

    An ingest examines each file, then reads the files that may have changed, and puts the changed
    documents into the index.

    n_files:        files to examine
    files_checked:  files that are read or known to be unchanged
    n_documents:    documents to put in; unchanged ones are subtracted when their files are read
    size:           of these documents, in the unit of Source.size
    documents_done: documents in the index
    size_done:      of these documents, in the same unit
    chunks_done:    chunks of these documents, encoded or reused
    """

    n_files: int = 0
    files_checked: int = 0
    n_documents: int = 0
    size: int = 0
    documents_done: int = 0
    size_done: int = 0
    chunks_done: int = 0


Watch = Callable[[Progress], None]


@dataclass(frozen=True, slots=True)
class SkippedFile:
    """A file, folder or link that was not read. `path` is valid Unicode even if the name is not."""

    path: str
    kind: SkipKind
    reason: str


@dataclass(frozen=True, slots=True)
class IgnoredPath:
    """A file of a supported type, or a folder, that was ignored. The path of a folder ends in `/`.

    by: the reason: .gitignore, .ragignore, --exclude or --include
    """

    path: str
    by: str


@dataclass(frozen=True, slots=True)
class Move:
    """A missing file and a new one with the same bytes, as doc_ids. The ids stay different."""

    old: str
    new: str


@dataclass(frozen=True, slots=True)
class EncodingWarning:
    """A file with a doubtful encoding. `reason` says what the user should check."""

    path: str
    encoding: str
    reason: str


@dataclass(slots=True)
class Report:
    """The result of an ingest. The lists of str contain doc_ids.

    gone:       documents under the given paths whose files are missing, or ignored by .gitignore
                or .ragignore, but that stay in the index
    gone_ignored: those of `gone` whose files exist and are ignored
    moved:      documents that are also in `added`, and whose old ones are in `gone` or `removed`
    skipped:    files, folders and links that should be read but could not be
    left_out:   files and links that need not be read: of other types, generated code
    ignored:    files and folders that the ignore files or the selection leave out; not what is in
                such a folder
    doubts:     files whose encoding is a guess, or that have bytes not valid in it
    n_chunks:   number of chunks that were encoded
    n_reused:   number of chunks with the encoding of an equal chunk in the index or in this run
    generation: of the index after the ingest
    """

    added: list[str] = field(default_factory=list)
    updated: list[str] = field(default_factory=list)
    unchanged: list[str] = field(default_factory=list)
    removed: list[str] = field(default_factory=list)
    gone: list[str] = field(default_factory=list)
    gone_ignored: list[str] = field(default_factory=list)
    moved: list[Move] = field(default_factory=list)
    skipped: list[SkippedFile] = field(default_factory=list)
    left_out: list[SkippedFile] = field(default_factory=list)
    ignored: list[IgnoredPath] = field(default_factory=list)
    doubts: list[EncodingWarning] = field(default_factory=list)
    n_chunks: int = 0
    n_reused: int = 0
    generation: int = 0
