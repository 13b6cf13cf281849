"""How far an ingest is, and what it did."""

from collections.abc import Callable
from dataclasses import dataclass, field

from index.errors import SkipKind


@dataclass(slots=True)
class Progress:
    """How far an ingest is. First each file is looked at; then those that may have changed are
    read, and the documents that did are put in. Chunks are these documents', encoded or re-used.

    files_checked: files that were read, or need not be
    n_documents:   that may have changed, less those that were read and had not
    size:          of these, each as Source says
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
    """A file, folder or link that was not read. `path` is valid Unicode whatever its name is."""

    path: str
    kind: SkipKind
    reason: str


@dataclass(frozen=True, slots=True)
class EncodingWarning:
    """A file that was read, and what a person should check about its encoding."""

    path: str
    encoding: str
    reason: str


@dataclass(slots=True)
class Report:
    """What an ingest did. The lists of str hold doc_ids.

    gone:      documents under the given paths whose files are not there, and that were kept
    skipped:   what should have been read and could not be
    left_out:  what is not meant to be read
    doubts:    files whose encoding is a guess, or that hold bytes not valid in it
    n_chunks:  how many chunks were encoded
    n_reused:  how many took over the encoding of an equal chunk, of the index or of this run
    """

    added: list[str] = field(default_factory=list)
    updated: list[str] = field(default_factory=list)
    unchanged: list[str] = field(default_factory=list)
    removed: list[str] = field(default_factory=list)
    gone: list[str] = field(default_factory=list)
    skipped: list[SkippedFile] = field(default_factory=list)
    left_out: list[SkippedFile] = field(default_factory=list)
    doubts: list[EncodingWarning] = field(default_factory=list)
    n_chunks: int = 0
    n_reused: int = 0
    generation: int = 0
