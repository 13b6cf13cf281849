"""Update an index from files. Only new and changed documents are encoded.

Documents are committed a few at a time, each whole. If an ingest stops at any moment, the committed
documents stay in the index; the next run ingests the rest.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from itertools import chain
from pathlib import Path

from index.backend import Backend, Writer
from index.backends import EMBEDDED, backend_at
from index.documents.isolation import parsing
from index.errors import IndexDamaged
from index.fingerprint import ChunkSettings, Fingerprint
from index.ingest.batches import Source
from index.ingest.file_ids import check_storable
from index.ingest.plan import known_documents, plan, report_missing
from index.ingest.progress import Progress, Report, Watch
from index.ingest.remove import delete_all
from index.ingest.scan import Scan, scan_files
from index.ingest.selection import Selection
from index.ingest.writer import IngestRun
from index.protocols import Embedder
from index.types import Document, DocumentRecord

_NAMED = 10
"""A message names at most this many damaged documents."""


@parsing()
def ingest(
    folder: Path,
    paths: Sequence[Path],
    embedder: Callable[[], Embedder],
    *,
    prune: bool = False,
    keep_ignored: bool = False,
    confirmed: bool = False,
    encoding: str | None = None,
    selection: Selection | None = None,
    watch: Watch = lambda progress: None,
    backend: str = EMBEDDED,
) -> Report:
    """Update the index in `folder` from the files under `paths`.

    embedder:  called only if the index is new or there is something to encode
    prune:     remove the documents under the paths whose files are missing or ignored by an ignore
               file, and no others
    keep_ignored: with `prune`, remove only the documents whose files are missing
    confirmed: allow pruning of a path with no files left, if it is the only path; such a path may
               be a drive that is not mounted
    encoding:  of every file, whatever its bytes show; stored for each. "auto" deletes it again
    selection: what to read below the paths. Documents that its include and exclude patterns leave
               out are not touched. Default: all but hidden and ignored files

    Raises BadInput if a path does not exist, has no file to read, or has no files left; IndexBusy
    if another process is writing; IndexMismatch if the index has another model or chunker;
    StorageFull.
    """
    index = backend_at(folder, backend)
    scan = scan_files(index, paths, selection, encoding, prune=prune, confirmed=confirmed)
    with index.lock():
        return _Ingest(index, embedder, watch).run(scan, prune=prune, keep_ignored=keep_ignored)


@parsing()
def plan_ingest(
    folder: Path,
    paths: Sequence[Path],
    *,
    prune: bool = False,
    keep_ignored: bool = False,
    confirmed: bool = False,
    encoding: str | None = None,
    selection: Selection | None = None,
    watch: Watch = lambda progress: None,
    backend: str = EMBEDDED,
) -> Report:
    """Return the report of an ingest with these arguments, without a model and without changes.

    The numbers of chunks in the report are 0, and the generation is the present one.

    Raises BadInput as `ingest` does; IndexDamaged if the index cannot be read.
    """
    index = backend_at(folder, backend)
    scan = scan_files(index, paths, selection, encoding, prune=prune, confirmed=confirmed)
    report = Report(generation=index.state()[0] if index.exists() else 0)
    with known_documents(index) as known:
        plan(known, scan, report, watch, prune=prune, keep_ignored=keep_ignored)
    return report


def ingest_documents(
    folder: Path,
    documents: Iterable[Document],
    embedder: Embedder,
    watch: Watch = lambda progress: None,
    backend: str = EMBEDDED,
) -> Report:
    """Put documents without files into an index. Each replaces the document with the same doc_id.

    Raises BadInput if one has an empty doc_id, or a text that is not valid Unicode.
    """
    documents = list(documents)
    for document in documents:
        check_storable(document)
    index = backend_at(folder, backend)
    with index.lock():
        return _Ingest(index, lambda: embedder, watch).put_all(documents)


def rebuild(
    folder: Path,
    embedder: Embedder,
    watch: Watch = lambda progress: None,
    backend: str = EMBEDDED,
) -> Report:
    """Chunk and encode every document of the index again, from its stored text.

    With the same model, an unchanged chunk keeps its encoding, which would be the same. With
    another model, every chunk is encoded.

    The rebuild is one transaction. Until it ends, searches use the old index. If it stops early,
    the old index stays unchanged.

    Raises IndexDamaged if a stored text is damaged.
    """
    index = backend_at(folder, backend)
    with index.lock():
        return _Ingest(index, lambda: embedder, watch).rebuild()


class _Ingest:
    """One run. The caller holds the writer's lock."""

    def __init__(
        self,
        backend: Backend,
        embedder: Callable[[], Embedder],
        watch: Watch,
    ) -> None:
        self.backend = backend
        self._make_embedder = embedder
        self._embedder: Embedder | None = None
        self.watch = watch
        self.report = Report()
        self.progress = Progress()

    @property
    def embedder(self) -> Embedder:
        if self._embedder is None:
            self._embedder = self._make_embedder()
        return self._embedder

    @contextmanager
    def _writer(self) -> Iterator[Writer]:
        """Provide the writer of the index.

        At the end of the block, the changes are published and the report gets the generation.
        """
        with self.backend.writer(lambda: Fingerprint.of(self.embedder.fingerprint)) as writer:
            yield writer
        self.report.generation = self.backend.state()[0]

    def run(self, scan: Scan, *, prune: bool, keep_ignored: bool) -> Report:
        changes = scan.changes(self.report, self.progress, self.watch)
        with self._writer() as writer:
            changes.look_at(writer, scan.files.paths)
            self._put(writer, changes.sources())
            changes.end(writer)
            doc_ids = report_missing(
                writer, scan, changes, self.report, prune=prune, keep_ignored=keep_ignored
            )
            delete_all(writer, doc_ids)
        self.report.skipped.sort(key=lambda unread: unread.path)
        self.report.left_out.sort(key=lambda unread: unread.path)
        return self.report

    def _put(self, writer: Writer, sources: Iterator[Source | None]) -> None:
        """Put the sources in. The model is loaded when the first source arrives."""
        for source in sources:
            self.watch(self.progress)
            if source is not None:
                self._check(writer)
                self._ingest_run(writer).put(chain([source], filter(None, sources)))

    def put_all(self, documents: list[Document]) -> Report:
        with self._writer() as writer:
            self._check(writer)
            self.progress.n_documents = len(documents)
            self.progress.size = sum(len(document.text) for document in documents)
            self._ingest_run(writer).put(Source(None, each, len(each.text)) for each in documents)
        return self.report

    def rebuild(self) -> Report:
        # The reader still sees the former generation while the writer changes the index.
        with self._writer() as writer, self.backend.reader() as former:
            records = former.records()
            _check_intact(writer, records, self.backend.place)
            self.progress.n_documents = len(records)
            self.progress.size = sum(record.n_chars for record in records)
            self.watch(self.progress)
            sources = (
                Source(
                    each.path, former.document(each.doc_id), each.n_chars, version=each.file_version
                )
                for each in records
            )
            mine = Fingerprint.of(self.embedder.fingerprint)
            same_model = not replace(writer.fingerprint, chunker=mine.chunker).difference(mine)
            with writer.transaction() as transaction:
                transaction.set_fingerprint(mine)
                since = 0 if same_model else transaction.generation
                self._ingest_run(writer).put_into(transaction, sources, since)
        return self.report

    def _ingest_run(self, writer: Writer) -> IngestRun:
        settings = ChunkSettings.of(self.embedder.fingerprint)
        return IngestRun(writer, self.embedder, settings, self.report, self.progress, self.watch)

    def _check(self, writer: Writer) -> None:
        writer.fingerprint.check(Fingerprint.of(self.embedder.fingerprint), self.backend.place)


def _check_intact(writer: Writer, records: Sequence[DocumentRecord], place: Path) -> None:
    """Raise IndexDamaged if a stored text is damaged: its chunks would be cited as correct."""
    damaged = [record.doc_id for record in records if not writer.is_intact(record.doc_id)]
    if damaged:
        raise IndexDamaged(
            f"{len(damaged)} documents are damaged in {place}, so the index was not rebuilt: "
            f"{', '.join(damaged[:_NAMED])}{', …' if len(damaged) > _NAMED else ''}; ingest their "
            "files again without --rebuild, or restore a backup with `rag restore`"
        )
