"""Bring an index in step with files: only what changed is encoded, and each document is in or out.

Documents are committed a few at a time. Stop an ingest at any instant, and what it had committed is
there; run it again, and it goes on with the rest.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from itertools import chain
from pathlib import Path

from index.backend import Backend, Writer
from index.backends import EMBEDDED, backend_at
from index.documents.charset import known_encoding
from index.errors import IndexDamaged
from index.fingerprint import ChunkSettings, Fingerprint
from index.ingest.batches import Source
from index.ingest.changes import EncodingChoice, FileChanges
from index.ingest.file_ids import check_storable, missing_files
from index.ingest.files import find, resolved
from index.ingest.paths import check_some, vanished_paths
from index.ingest.progress import Progress, Report, Watch
from index.ingest.remove import delete_all
from index.ingest.writer import IngestRun
from index.protocols import Embedder
from index.types import Document, DocumentRecord

_NAMED = 10
"""Damaged documents that a message names."""


def ingest(
    folder: Path,
    paths: Sequence[Path],
    embedder: Callable[[], Embedder],
    *,
    prune: bool = False,
    confirmed: bool = False,
    encoding: str | None = None,
    watch: Watch = lambda progress: None,
    backend: str = EMBEDDED,
) -> Report:
    """Bring the index in `folder` in step with the files under `paths`.

    The embedder is asked for only if something is to be encoded or the index is new. With `prune`,
    documents whose files lay under the paths and are gone are removed; no other is touched. A path
    under which everything is gone, as when a drive is not mounted, has to be the only one, and
    `confirmed`. `encoding` is the one that every file is in, whatever its bytes say; it is
    remembered for each, and "auto" forgets it.

    Raises BadInput if a path does not exist, holds no file to read, or has vanished; IndexBusy if
    another process is writing, IndexMismatch if the index was built with another model or chunker,
    StorageFull.
    """
    remember = encoding != "auto"
    encoding = known_encoding(encoding) if encoding and remember else None
    index = backend_at(folder, backend)
    vanished = vanished_paths(index, paths, prune=prune, confirmed=confirmed)
    files = find([path for path in paths if path not in vanished], avoid=folder)
    first = None
    if not vanished:
        first = check_some(index, paths, files, encoding)
    with index.lock():
        run = _Ingest(index, embedder, watch)
        run.report.skipped += files.skipped
        run.report.left_out += files.left_out
        choice = EncodingChoice(encoding, remember)
        changes = FileChanges(choice, run.report, run.progress, watch, first)
        return run.run(changes, files.paths, [resolved(path) for path in paths], prune=prune)


def ingest_documents(
    folder: Path,
    documents: Iterable[Document],
    embedder: Embedder,
    watch: Watch = lambda progress: None,
    backend: str = EMBEDDED,
) -> Report:
    """Put documents that are no files into an index, each in place of its former self.

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
    """Chunk and encode every document of the index anew, from its stored text.

    With the model that the index has, a chunk that comes out as it was keeps its encoding, which
    could only come out the same; with another model every chunk is encoded.

    All of it is one transaction: until it is done, searches go on in the old index, and if it is
    stopped the old index stays as it was.
    """
    index = backend_at(folder, backend)
    with index.lock():
        return _Ingest(index, lambda: embedder, watch).rebuild()


class _Ingest:
    """One run, under the writer's lock."""

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
        """The index's writer; on leaving, what was written is published and the report gets its
        generation."""
        with self.backend.writer(lambda: Fingerprint.of(self.embedder.fingerprint)) as writer:
            yield writer
        self.report.generation = self.backend.state()[0]

    def run(
        self, changes: FileChanges, files: list[Path], roots: Sequence[Path], *, prune: bool
    ) -> Report:
        with self._writer() as writer:
            changes.look_at(writer, files)
            self._put(writer, changes.sources())
            changes.end(writer)
            self._prune_or_report(writer, missing_files(writer, roots, files), prune=prune)
        self.report.skipped.sort(key=lambda unread: unread.path)
        return self.report

    def _put(self, writer: Writer, sources: Iterator[Source | None]) -> None:
        """Put the sources in; the model is asked for when the first of them is there."""
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
        # The documents are read by a reader, which goes on seeing the former generation.
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

    def _prune_or_report(self, writer: Writer, rows: list[DocumentRecord], *, prune: bool) -> None:
        """Remove the documents whose files are gone, or only report them."""
        if not prune:
            self.report.gone += [row.doc_id for row in rows]
        else:
            self.report.removed += delete_all(writer, [row.doc_id for row in rows])


def _check_intact(writer: Writer, records: Sequence[DocumentRecord], place: Path) -> None:
    """Raise IndexDamaged if a stored text is not what was put in: what is made of it would be
    cited as if it were right."""
    damaged = [record.doc_id for record in records if not writer.is_intact(record.doc_id)]
    if damaged:
        raise IndexDamaged(
            f"{len(damaged)} documents are damaged in the index in {place}, so nothing is rebuilt: "
            f"{', '.join(damaged[:_NAMED])}{', …' if len(damaged) > _NAMED else ''}; ingest their "
            "files again, without --rebuild, or put back a backup (`rag restore`)"
        )
