"""Change single documents that have no file: put one, change its metadata, delete it.

Each change is one transaction. All changes of a session are published together at its end.
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Literal

from index.backend import Backend, Writer
from index.documents.load import LoadedFile
from index.errors import NotFound
from index.fingerprint import ChunkSettings, Fingerprint
from index.ingest.batches import Source
from index.ingest.collection import check_collection_in
from index.ingest.file_ids import check_storable
from index.ingest.progress import Progress, Report, Watch
from index.ingest.writer import IngestRun
from index.protocols import Embedder
from index.types import DocumentRecord

Check = Callable[[DocumentRecord | None], None]
"""Called with the present document, or None, before a change. It raises to prevent the change."""

Result = Literal["created", "replaced", "changed", "unchanged", "removed"]


@dataclass(frozen=True, slots=True)
class Edited:
    """The result of a change. record: the document after it, or the removed document."""

    result: Result
    record: DocumentRecord


class Edits:
    """The changes of one session. Its owner holds the index's lock."""

    def __init__(self, writer: Writer, embedder: Embedder) -> None:
        self._writer = writer
        self._embedder = embedder

    def put(self, loaded: LoadedFile, check: Check, watch: Watch) -> Edited:
        """Put a document in. It replaces the document with the same id, and then has no file.

        If the index has the same document already, nothing changes.

        Raises what `check` raises; BadInput as check_storable.
        """
        document = loaded.document
        check_storable(document)
        before = self._writer.record(document.doc_id)
        check(before)
        same = before is not None and _is_same(before, loaded)
        if before is not None and same and self._writer.is_intact(document.doc_id):
            return Edited("unchanged", before)
        source = Source(None, document, len(document.text), loaded.blocks, loaded.version)
        with self._writer.transaction() as transaction:
            self._run(source, watch).put_into(transaction, [source])
        return Edited("created" if before is None else "replaced", self._record(document.doc_id))

    def _run(self, source: Source, watch: Watch) -> IngestRun:
        settings = ChunkSettings.of(self._embedder.fingerprint)
        progress = Progress(n_documents=1, size=source.size)
        return IngestRun(self._writer, self._embedder, settings, Report(), progress, watch)

    def change_metadata(
        self, doc_id: str, changes: Mapping[str, str | None], check: Check
    ) -> Edited:
        """Set these metadata of a document; None deletes one. The others stay, and so does its
        text.

        Raises what `check` raises; NotFound; BadInput for an invalid name of a collection.
        """
        check_collection_in(changes)
        before = self._writer.record(doc_id)
        check(before)
        if before is None:
            raise NotFound.document(doc_id)
        merged = {**before.metadata, **changes}
        metadata = {name: value for name, value in merged.items() if value is not None}
        if metadata == before.metadata:
            return Edited("unchanged", before)
        with self._writer.transaction() as transaction:
            transaction.set_metadata(doc_id, metadata)
        return Edited("changed", self._record(doc_id))

    def delete(self, doc_id: str, check: Check) -> Edited:
        """Delete a document. Raises what `check` raises; NotFound."""
        before = self._writer.record(doc_id)
        check(before)
        if before is None:
            raise NotFound.document(doc_id)
        with self._writer.transaction() as transaction:
            transaction.delete(doc_id)
        return Edited("removed", before)

    def _record(self, doc_id: str) -> DocumentRecord:
        record = self._writer.record(doc_id)
        assert record is not None
        return record


@contextmanager
def editing(index: Backend, embedder: Embedder) -> Iterator[Edits]:
    """Provide the changes of an existing index. At the end of the block they are published.

    Raises IndexMissing, IndexBusy if another process is writing, IndexMismatch if the index has
    another model or chunker, StorageFull.
    """
    mine = Fingerprint.of(embedder.fingerprint)
    with index.lock(existing=True), index.writer(lambda: mine) as writer:
        writer.fingerprint.check(mine, index.place)
        yield Edits(writer, embedder)


def _is_same(record: DocumentRecord, loaded: LoadedFile) -> bool:
    document = loaded.document
    stored = (record.sha256, record.source, record.title, record.media_type, dict(record.metadata))
    return (
        record.path is None
        and record.file_version == loaded.version
        and stored
        == (
            document.sha256,
            document.source,
            document.title,
            document.media_type,
            dict(document.metadata),
        )
    )
