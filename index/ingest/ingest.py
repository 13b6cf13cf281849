"""Bring an index in step with files: only what changed is encoded, and each document is in or out.

Documents are committed a few at a time. Stop an ingest at any instant, and what it had committed is
there; run it again, and it goes on with the rest.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from index.documents.charset import known_encoding
from index.documents.load import load, read, read_file
from index.documents.loader import LoadOptions
from index.errors import IndexDamaged, IndexMissing, UnreadableDocument
from index.fingerprint import ChunkSettings, Fingerprint
from index.ingest.batches import Source
from index.ingest.file_ids import (
    check_storable,
    doc_id_of,
    gone,
    is_unicode,
    name_of,
    row_of,
    shown,
)
from index.ingest.files import find, resolved
from index.ingest.paths import check_some, vanished_paths
from index.ingest.progress import Doubt, Progress, Report, Unread, Watch
from index.ingest.remove import remove_rows
from index.ingest.session import published, writing
from index.ingest.writer import Putting
from index.protocols import Embedder
from index.store.rows import StoredDocument
from index.store.store import Store
from index.types import Document

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
    vanished = vanished_paths(folder, paths, prune=prune, confirmed=confirmed)
    files = find([path for path in paths if path not in vanished], avoid=folder)
    if not vanished:
        check_some(folder, paths, files, encoding)
    with writing(folder):
        run = _Ingest(folder, embedder, watch, encoding, remember=remember)
        run.report.skipped += files.skipped
        run.report.left_out += files.left_out
        return run.run(files.paths, [resolved(path) for path in paths], prune=prune)


def ingest_documents(
    folder: Path,
    documents: Iterable[Document],
    embedder: Embedder,
    watch: Watch = lambda progress: None,
) -> Report:
    """Put documents that are no files into an index, each in place of its former self.

    Raises BadInput if one has an empty doc_id, or a text that is not valid Unicode.
    """
    documents = list(documents)
    for document in documents:
        check_storable(document)
    with writing(folder):
        return _Ingest(folder, lambda: embedder, watch).put_all(documents)


def rebuild(folder: Path, embedder: Embedder, watch: Watch = lambda progress: None) -> Report:
    """Chunk and encode every document of the index anew, from its stored text.

    With the model that the index has, a chunk that comes out as it was keeps its encoding, which
    could only come out the same; with another model every chunk is encoded.

    All of it is one transaction: until it is done, searches go on in the old index, and if it is
    stopped the old index stays as it was.
    """
    with writing(folder):
        return _Ingest(folder, lambda: embedder, watch).rebuild()


@dataclass(frozen=True, slots=True)
class _Job:
    """A file that is new or changed; `fallback` is the encoding that a user once named for it."""

    file: Path
    doc_id: str
    fallback: str | None


class _Ingest:
    """One run, under the writer's lock."""

    def __init__(
        self,
        folder: Path,
        embedder: Callable[[], Embedder],
        watch: Watch,
        encoding: str | None = None,
        *,
        remember: bool = True,
    ) -> None:
        self.folder = folder
        self.encoding = encoding
        self.remember = remember
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
    def _store(self) -> Iterator[Store]:
        """The store, made if there is none; on leaving, FAISS and BM25 are brought up to it."""
        try:
            store = Store.open(self.folder, to_write=True)
        except IndexMissing:
            store = Store.create(self.folder, Fingerprint.of(self.embedder.fingerprint))
        with published(self.folder, store, self.report):
            yield store

    def run(self, files: list[Path], roots: Sequence[Path], *, prune: bool) -> Report:
        with self._store() as store:
            work = self._plan(store, files)
            if work:
                self._check(store)
                self._run(store).put(self._read(work))
            self._gone(store, gone(store, roots, files), prune=prune)
        self.report.skipped.sort(key=lambda unread: unread.path)
        return self.report

    def put_all(self, documents: list[Document]) -> Report:
        with self._store() as store:
            self._check(store)
            self.progress.n_documents = len(documents)
            self.progress.n_characters = sum(len(document.text) for document in documents)
            self._run(store).put(Source(None, document) for document in documents)
        return self.report

    def rebuild(self) -> Report:
        # The documents are read by another connection, which goes on seeing the old index.
        with self._store() as store, closing(Store.open(self.folder)) as old:
            old.pin()
            _check_intact(old)
            rows = old.documents()
            self.progress.n_documents = len(rows)
            self.progress.n_characters = sum(row.n_chars for row in rows)
            self.watch(self.progress)
            sources = (Source(row.path, old.document(row.row_id)) for row in rows)
            mine = Fingerprint.of(self.embedder.fingerprint)
            same_model = not replace(store.fingerprint, chunker=mine.chunker).difference(mine)
            with store.transaction() as transaction:
                transaction.set_fingerprint(mine)
                since = 0 if same_model else transaction.generation
                self._run(store).put_into(transaction, sources, since)
        return self.report

    def _run(self, store: Store) -> Putting:
        settings = ChunkSettings.of(self.embedder.fingerprint)
        return Putting(store, self.embedder, settings, self.report, self.progress, self.watch)

    def _check(self, store: Store) -> None:
        store.fingerprint.check(Fingerprint.of(self.embedder.fingerprint), self.folder)

    # What is to be done

    def _plan(self, store: Store, files: list[Path]) -> list[_Job]:
        """The files that are new or changed; the others are reported here."""
        self.progress.n_files = len(files)
        work = []
        for file in files:
            job = self._job(store, file)
            if job is not None:
                work.append(job)
            self.progress.files_read += 1
            self.watch(self.progress)
        self.progress.n_documents = len(work)
        return work

    def _job(self, store: Store, file: Path) -> _Job | None:
        """What is to be done for a file, if anything."""
        if not is_unicode(file):
            reason = "its name is not valid Unicode; rename it"
            self.report.skipped.append(Unread(name_of(file), "name", reason))
            return None
        row = row_of(store, file)
        given = row.metadata.get("encoding_given") if row is not None and self.remember else None
        try:
            loaded = load(read_file(file), "", LoadOptions(self.encoding, given))
        except UnreadableDocument as reason:
            self._skip(file, reason, kept=row is not None)
            return None
        document, warning = loaded.document, loaded.version.warning
        if warning:
            encoding = document.metadata.get("encoding", "utf-8")
            self.report.doubts.append(Doubt(shown(file), encoding, warning))
        # A text that was damaged in the store is put in again, from the file that has it right.
        if row is None or _differs(row, document) or not store.is_intact(row):
            self.progress.n_characters += len(document.text)
            return _Job(file, doc_id_of(store, file), given)
        if row.path != str(file):
            with store.transaction() as transaction:
                transaction.note_file(row.doc_id, str(file), row.file_version)
        self.report.unchanged.append(row.doc_id)
        return None

    def _read(self, work: list[_Job]) -> Iterator[Source]:
        for job in work:
            try:
                document = read(job.file, job.doc_id, self.encoding, job.fallback)
            except UnreadableDocument as reason:  # it was changed since it was planned
                self._skip(job.file, reason, kept=False)
            else:
                yield Source(str(job.file), document)

    def _skip(self, file: Path, reason: UnreadableDocument, *, kept: bool) -> None:
        note = "; its former version stays in the index" if kept else ""
        self.report.skipped.append(Unread(shown(file), reason.kind, f"{reason}{note}"))

    def _gone(self, store: Store, rows: list[StoredDocument], *, prune: bool) -> None:
        """Remove the documents whose files are gone, or only report them."""
        if not prune:
            self.report.gone += [row.doc_id for row in rows]
        else:
            self.report.removed += remove_rows(store, rows)


def _check_intact(store: Store) -> None:
    """Raise IndexDamaged if a stored text is not what was put in: what is made of it would be
    cited as if it were right."""
    damaged = store.damaged_documents()
    if damaged:
        raise IndexDamaged(
            f"{len(damaged)} documents are damaged in {store.path}, so nothing is rebuilt: "
            f"{', '.join(damaged[:_NAMED])}{', …' if len(damaged) > _NAMED else ''}; ingest their "
            "files again, without --rebuild, or put back a backup (`rag restore`)"
        )


def _differs(row: StoredDocument, document: Document) -> bool:
    return (row.sha256, row.media_type, dict(row.metadata)) != (
        document.sha256,
        document.media_type,
        dict(document.metadata),
    )
