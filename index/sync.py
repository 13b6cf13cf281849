"""Bring an index in step with files: only what changed is encoded, and each document is in or out.

Documents are committed a few at a time. Stop an ingest at any instant, and what it had committed is
there; run it again, and it goes on with the rest.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import replace
from pathlib import Path

from filelock import FileLock, Timeout

from index.batches import Source
from index.derived import publish
from index.errors import BadInput, IndexBusy, IndexMissing, UnreadableDocument
from index.fingerprint import ChunkSettings, Fingerprint
from index.load import find, read, read_text
from index.progress import Progress, Report, Watch
from index.protocols import Embedder
from index.putting import Putting
from index.sources import doc_id_of, gone, is_unicode, known_under, row_of, shown
from index.sqlite import translated
from index.store import Store
from index.types import Document, sha256_of


@contextmanager
def _writing(folder: Path) -> Iterator[None]:
    """One writer at a time. The system lets go of the lock when a process dies."""
    lock = FileLock(folder / "ingest.lock")
    with translated(folder):
        folder.mkdir(parents=True, exist_ok=True)
        try:
            lock.acquire(timeout=0)
        except Timeout:  # an OSError, but not one of the disk's
            raise IndexBusy(
                f"another ingest is writing to {folder}; wait until it is done, or use another "
                "--index"
            ) from None
    try:
        yield
    finally:
        lock.release()


def ingest(
    folder: Path,
    paths: Sequence[Path],
    embedder: Callable[[], Embedder],
    *,
    prune: bool = False,
    watch: Watch = lambda progress: None,
) -> Report:
    """Bring the index in `folder` in step with the files under `paths`.

    The embedder is asked for only if something is to be encoded or the index is new. With `prune`,
    documents whose files lay under the paths and are gone are removed; no other is touched.

    Raises BadInput if a path does not exist or holds no file to read, IndexBusy if another process
    is writing, IndexMismatch if the index was built with another model or chunker, StorageFull.
    """
    # With prune, a path that is gone itself is no mistake if the index knows documents under it.
    known = [path for path in paths if prune and known_under(folder, path)]
    present = [path for path in paths if path.exists() or path not in known]
    files, n_other = find(present, avoid=folder)
    if not files and not known:
        where = ", ".join(map(str, paths))
        raise BadInput(f"no .txt or .md files under {where}; name a folder or file that has some")
    with _writing(folder):
        report = _Ingest(folder, embedder, watch).run(files, paths if prune else ())
    report.n_other_types = n_other
    return report


def ingest_documents(
    folder: Path,
    documents: Iterable[Document],
    embedder: Embedder,
    watch: Watch = lambda progress: None,
) -> Report:
    """Put documents that are no files into an index, each in place of its former self."""
    with _writing(folder):
        return _Ingest(folder, lambda: embedder, watch).put_all(list(documents))


def rebuild(folder: Path, embedder: Embedder, watch: Watch = lambda progress: None) -> Report:
    """Chunk and encode every document of the index anew, from its stored text.

    With the model that the index has, a chunk that comes out as it was keeps its encoding, which
    could only come out the same; with another model every chunk is encoded.

    All of it is one transaction: until it is done, searches go on in the old index, and if it is
    stopped the old index stays as it was.
    """
    with _writing(folder):
        return _Ingest(folder, lambda: embedder, watch).rebuild()


class _Ingest:
    """One run, under the writer's lock."""

    def __init__(self, folder: Path, embedder: Callable[[], Embedder], watch: Watch) -> None:
        self.folder = folder
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
            store = Store.open(self.folder)
        except IndexMissing:
            store = Store.create(self.folder, Fingerprint.of(self.embedder.fingerprint))
        with closing(store):
            yield store
            publish(self.folder, store)
            self.report.generation = store.pin()
            store.unpin()
            store.forget_before(self.report.generation)

    def run(self, files: list[Path], pruned: Sequence[Path]) -> Report:
        with self._store() as store:
            work = self._plan(store, files)
            if work:
                self._check(store)
                self._run(store).put(self._read(work))
            self._prune(store, pruned)
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
            rows = old.documents()
            self.progress.n_documents = len(rows)
            self.progress.n_characters = sum(row.n_chars for row in rows)
            self.watch(self.progress)
            sources = (Source(row.path, old.document(row.document)) for row in rows)
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

    def _plan(self, store: Store, files: list[Path]) -> list[tuple[Path, str]]:
        """The files that are new or changed, with their doc_ids; the others are reported here."""
        work: list[tuple[Path, str]] = []
        for file in files:
            if not is_unicode(file):
                name = shown(file).encode(errors="replace").decode()
                self.report.skipped.append((name, "its name is not valid Unicode; rename it"))
                continue
            row = row_of(store, file)
            try:
                text, media_type = read_text(file)
            except UnreadableDocument as reason:
                kept = "; its former version stays in the index" if row is not None else ""
                self.report.skipped.append((shown(file), f"{reason}{kept}"))
                continue
            same = (sha256_of(text), media_type)
            if row is None or (row.sha256, row.media_type) != same:
                work.append((file, doc_id_of(store, file)))
                self.progress.n_characters += len(text)
                continue
            if row.path != str(file):
                with store.transaction() as transaction:
                    transaction.move(row.document, str(file))
            self.report.unchanged.append(row.doc_id)
        self.progress.n_documents = len(work)
        return work

    def _read(self, work: list[tuple[Path, str]]) -> Iterator[Source]:
        for file, doc_id in work:
            try:
                yield Source(str(file), read(file, doc_id))
            except UnreadableDocument as reason:  # it was changed since it was planned
                self.report.skipped.append((shown(file), str(reason)))

    def _prune(self, store: Store, paths: Sequence[Path]) -> None:
        rows = gone(store, paths)
        if rows:
            with store.transaction() as transaction:
                for row in rows:
                    transaction.delete(row.document)
                    self.report.removed.append(row.doc_id)
