"""Remove documents from an index, without a model."""

from collections.abc import Iterable
from pathlib import Path

from index.backend import Writer
from index.backends import EMBEDDED, backend_at
from index.errors import IndexMissing
from index.fingerprint import Fingerprint
from index.ingest.progress import Report


def remove(folder: Path, doc_ids: Iterable[str], backend: str = EMBEDDED) -> Report:
    """Remove these documents from the index in one transaction.

    `removed` in the report lists those that were in the index, sorted. If the file of a document
    still exists, the next ingest of this file adds the document again.

    Raises IndexMissing if there is no index, IndexBusy if another process is writing.
    """

    def missing() -> Fingerprint:
        raise IndexMissing(f"no index at {folder}; create one with `rag ingest PATH`")

    index, report = backend_at(folder, backend), Report()
    with index.lock(existing=True):
        with index.writer(missing) as writer:
            present = [doc_id for doc_id in sorted(set(doc_ids)) if writer.record(doc_id)]
            report.removed = delete_all(writer, present)
        report.generation = index.state()[0]
    return report


def delete_all(writer: Writer, doc_ids: list[str]) -> list[str]:
    """Delete these documents in one transaction, if there are any; return their ids."""
    if doc_ids:
        with writer.transaction() as transaction:
            for doc_id in doc_ids:
                transaction.delete(doc_id)
    return doc_ids
