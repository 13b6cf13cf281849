"""Every error this project raises on purpose.

    RagError
    ├── BadInput             what the caller asked for cannot be done as asked
    │   ├── BadQuery
    │   ├── NotFound
    │   ├── SpanOutOfRange
    │   └── BadDataset
    ├── UnreadableDocument   a file that ingest skips, with its reason
    ├── ModelUnusable
    ├── IndexProblem
    │   ├── IndexMissing
    │   ├── IndexMismatch    built with another model or chunker
    │   ├── IndexBusy        another process is writing
    │   ├── IndexDamaged
    │   └── StorageFull
    ├── Overloaded           more questions wait than may
    └── CitationBroken       a bug: a passage is not the slice it claims to be

A message says what happened, the value seen, and what mends it.
"""

from typing import Literal

SkipKind = Literal[
    "unreadable",  # the system refuses to read it
    "link",  # a symbolic link that leads nowhere, to a folder, or out of the given paths
    "special",  # a pipe, a socket, a device
    "other-type",
    "name",  # not valid Unicode
    "too-large",
    "empty",
    "binary",
    "encoding",  # no encoding fits its bytes
]
"""Why something was not read."""


class RagError(Exception):
    """The root of the tree; the message is for people."""


class BadInput(RagError):
    """What was asked for cannot be done as asked."""


class BadQuery(BadInput):
    """The question is empty or too long, or `k` is out of range."""


class NotFound(BadInput):
    """No document has this id."""


class SpanOutOfRange(BadInput):
    """A span does not lie within its document."""


class BadDataset(BadInput):
    """An evaluation set is missing a file or has a malformed line."""


class UnreadableDocument(RagError):
    """A file that cannot become a document."""

    def __init__(self, message: str, kind: SkipKind = "unreadable") -> None:
        super().__init__(message)
        self.kind: SkipKind = kind


class ModelUnusable(RagError):
    """A model is missing, damaged, or of a kind that cannot be used here."""


class IndexProblem(RagError):
    """Something is wrong with the index directory."""


class IndexMissing(IndexProblem):
    """There is no index where one was expected."""


class IndexMismatch(IndexProblem):
    """The index was built with another model or chunker."""


class IndexBusy(IndexProblem):
    """Another process is writing to the index."""


class IndexDamaged(IndexProblem):
    """The index's database cannot be read."""


class StorageFull(IndexProblem):
    """The disk is full."""


class Overloaded(RagError):
    """More questions are waiting than the service takes on; ask the same one again soon."""


class CitationBroken(RagError):
    """A passage is not the slice of its document that it claims to be."""
