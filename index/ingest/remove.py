"""Taking documents out of an index; no model is needed."""

from collections.abc import Iterable
from pathlib import Path

from index.ingest.progress import Report
from index.ingest.session import published, writing
from index.store.rows import StoredDocument
from index.store.store import Store


def remove(folder: Path, doc_ids: Iterable[str]) -> Report:
    """Take these documents out of the index, all in one transaction.

    The report's `removed` are those that were there, sorted. A document whose file is still there
    comes back with the next ingest of that file.

    Raises IndexMissing if there is no index, IndexBusy if another process is writing.
    """
    report = Report()
    with (
        writing(folder, existing=True),
        published(folder, Store.open(folder, to_write=True), report) as store,
    ):
        found = (store.document_row(doc_id=doc_id) for doc_id in sorted(set(doc_ids)))
        report.removed = remove_rows(store, [row for row in found if row is not None])
    return report


def remove_rows(store: Store, rows: Iterable[StoredDocument]) -> list[str]:
    """Delete these documents in one transaction, if there are any; return their ids."""
    rows = list(rows)
    if rows:
        with store.transaction() as transaction:
            for row in rows:
                transaction.delete(row.row_id)
    return [row.doc_id for row in rows]
