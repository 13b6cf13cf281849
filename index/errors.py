"""The errors of this project.

    RagError
    ├── BadInput             the request is invalid
    │   ├── BadQuery
    │   ├── NotFound
    │   ├── SpanOutOfRange
    │   ├── NoRectangles     the document has no pages with rectangles
    │   ├── FileChanged      the file is not the one that was indexed
    │   ├── BadDataset
    │   ├── PreconditionFailed
    │   ├── JobNotFound
    │   └── UnsupportedType
    ├── UnreadableDocument   ingest skips the file and reports the reason
    ├── ModelUnusable
    ├── IndexProblem
    │   ├── IndexMissing
    │   ├── IndexMismatch    another model or chunker built the index
    │   ├── IndexBusy        another process is writing
    │   ├── IndexDamaged
    │   └── StorageFull
    ├── Overloaded           the queue of questions is full
    │   └── TooManyChanges
    ├── ServiceStopping      the service stopped before a change was complete
    └── CitationBroken       a bug: a passage differs from its slice of the document

A message says what happened, the value, and how to fix it.
"""

from typing import Literal

SkipKind = Literal[
    "unreadable",  # the system does not permit reading it
    "link",  # a symbolic link that leads nowhere, to a folder, or out of the given paths
    "special",  # a pipe, a socket, a device
    "other-type",
    "name",  # not valid Unicode
    "too-large",
    "empty",
    "binary",
    "encoding",  # no encoding fits its bytes
    "damaged",  # not a file of its format, or cut off
    "password",  # encrypted
    "no-text",  # scanned pages or pictures only
    "collection",  # its document is in another collection than that of the run
    "generated",  # code that nobody wrote: minified, or made by a program
    "limit",  # its loader took too much time or memory
    "taken",  # a document without a file has its id
]
"""Why a file was not read."""


class RagError(Exception):
    """The base class; the message is for people."""


class BadInput(RagError):
    """The request is invalid."""


class BadQuery(BadInput):
    """The question is empty or too long, or `k` is out of range."""


class NotFound(BadInput):
    """No document has this id."""

    @classmethod
    def document(cls, doc_id: str) -> "NotFound":
        """Return the error for an id that no document has."""
        return cls(f"no document {doc_id!r}; `GET /v1/documents` lists all documents")


class SpanOutOfRange(BadInput):
    """A span is not within its document."""


class NoRectangles(BadInput):
    """The document is not of a format whose quotes have rectangles, or it has no file."""


class FileChanged(BadInput):
    """The document's file is missing or has changed since it was indexed."""


class BadDataset(BadInput):
    """An evaluation set is missing a file or has a malformed line."""


class PreconditionFailed(BadInput):
    """The document is not, or no longer, what `If-Match` or `If-None-Match` requires."""


class JobNotFound(BadInput):
    """No job has this id, or it ended so long ago that it is no longer kept."""


class UnsupportedType(BadInput):
    """No loader reads documents of this media type."""


class UnreadableDocument(RagError):
    """A file cannot be read as a document."""

    def __init__(self, message: str, kind: SkipKind = "unreadable") -> None:
        super().__init__(message)
        self.kind: SkipKind = kind


class ModelUnusable(RagError):
    """A model is missing, damaged, or not supported."""


class IndexProblem(RagError):
    """The index directory cannot be used."""


class IndexMissing(IndexProblem):
    """There is no index at this path."""


class IndexMismatch(IndexProblem):
    """Another model or chunker built the index."""


class IndexBusy(IndexProblem):
    """Another process is writing to the index."""


class IndexDamaged(IndexProblem):
    """The index's database cannot be read."""


class StorageFull(IndexProblem):
    """The disk is full."""


class Overloaded(RagError):
    """The queue of questions is full; try again soon."""


class TooManyChanges(Overloaded):
    """Too many changes wait, or their uploads have too many bytes; try again soon."""


class ServiceStopping(RagError):
    """The service stopped before the change was complete; send it again after its restart."""


class CitationBroken(RagError):
    """A passage differs from its slice of the document."""
