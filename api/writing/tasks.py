"""The changes of single documents that a job consists of."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

from api.writing.etag import Preconditions
from api.writing.uploads import Upload
from index.documents.isolation import ParserProcess
from index.documents.load import LoadedFile
from index.ingest.edit import Edited, Edits
from index.ingest.progress import Watch


class Task(Protocol):
    """A change of one document. It is prepared without the index's lock, then applied with it."""

    @property
    def doc_id(self) -> str: ...

    def prepare(self, parser: ParserProcess) -> int:
        """Do what needs no index; return the number of characters to encode.

        Raises UnreadableDocument or BadInput.
        """
        ...

    def apply(self, edits: Edits, watch: Watch) -> Edited:
        """Make the change. Raises PreconditionFailed, NotFound and errors of the index."""
        ...


@dataclass(slots=True)
class PutTask:
    """Put a document in. The bytes are released when they are parsed."""

    doc_id: str
    upload: Upload | None
    conditions: Preconditions
    _loaded: LoadedFile | None = field(default=None, init=False)

    def prepare(self, parser: ParserProcess) -> int:
        assert self.upload is not None
        self._loaded = self.upload.load(parser)
        self.upload = None
        return len(self._loaded.document.text)

    def apply(self, edits: Edits, watch: Watch) -> Edited:
        assert self._loaded is not None
        edited = edits.put(self._loaded, self.conditions.check, watch)
        self._loaded = None
        return edited


@dataclass(frozen=True, slots=True)
class PatchTask:
    """Change the metadata of a document."""

    doc_id: str
    changes: Mapping[str, str | None]
    conditions: Preconditions

    def prepare(self, parser: ParserProcess) -> int:
        return 0

    def apply(self, edits: Edits, watch: Watch) -> Edited:
        return edits.change_metadata(self.doc_id, self.changes, self.conditions.check)


@dataclass(frozen=True, slots=True)
class DeleteTask:
    """Remove a document."""

    doc_id: str
    conditions: Preconditions

    def prepare(self, parser: ParserProcess) -> int:
        return 0

    def apply(self, edits: Edits, watch: Watch) -> Edited:
        return edits.delete(self.doc_id, self.conditions.check)
