"""Report what an ingest would do. The decisions are those of an ingest."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from index.backend import Backend, KnownDocuments
from index.ingest.changes import FileChanges
from index.ingest.file_ids import missing_files
from index.ingest.progress import Progress, Report, Watch
from index.ingest.scan import Scan
from index.types import DocumentRecord


class _NoDocuments:
    """The documents of an index that does not exist yet."""

    def record(self, doc_id: str) -> DocumentRecord | None:
        return None

    def record_of_file(self, path: str) -> DocumentRecord | None:
        return None

    def records(self) -> Sequence[DocumentRecord]:
        return []

    def has(self, doc_id: str) -> bool:
        return False

    def is_intact(self, doc_id: str) -> bool:
        return False


@contextmanager
def known_documents(index: Backend) -> Iterator[KnownDocuments]:
    """Provide the documents of the current generation; none if there is no index."""
    if not index.exists():
        yield _NoDocuments()
        return
    with index.reader() as reader:
        yield reader


def plan(
    known: KnownDocuments,
    scan: Scan,
    report: Report,
    watch: Watch,
    *,
    prune: bool,
    keep_ignored: bool,
) -> None:
    """Read the files that may have changed, and report what an ingest would do with each."""
    progress = Progress()
    changes = scan.changes(report, progress, watch)
    changes.look_at(known, scan.files.paths)
    for source in changes.sources():
        watch(progress)
        if source is not None:
            doc_id = source.document.doc_id
            (report.updated if known.has(doc_id) else report.added).append(doc_id)
    changes.report_unchanged()
    report_missing(known, scan, changes, report, prune=prune, keep_ignored=keep_ignored)
    report.skipped.sort(key=lambda unread: unread.path)
    report.left_out.sort(key=lambda unread: unread.path)


def report_missing(
    known: KnownDocuments,
    scan: Scan,
    changes: FileChanges,
    report: Report,
    *,
    prune: bool,
    keep_ignored: bool,
) -> list[str]:
    """Report the documents whose files are missing or ignored, and the moves.

    Return the ids of the documents to remove.
    """
    missing, ignored = missing_files(known, scan.scope, scan.files.paths)
    report.moved += changes.moves(missing)
    to_remove = [] if not prune else missing if keep_ignored else [*missing, *ignored]
    doc_ids = sorted(row.doc_id for row in to_remove)
    report.removed += doc_ids
    kept = {row.doc_id for row in (*missing, *ignored)} - set(doc_ids)
    report.gone += sorted(kept)
    report.gone_ignored += [row.doc_id for row in ignored if row.doc_id in kept]
    return doc_ids
