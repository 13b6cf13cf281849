"""Bring an index in step with files: only what changed is encoded, and each document is in or out.

Documents are committed a few at a time. Stop an ingest at any instant, and what it had committed is
there; run it again, and it goes on with the rest.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from filelock import FileLock, Timeout

from index.chunk import ChunkSettings, chunk
from index.derived import publish
from index.errors import BadInput, IndexBusy, IndexMismatch, IndexMissing, UnreadableDocument
from index.fingerprint import Fingerprint
from index.load import find, read, read_text
from index.protocols import Embedder
from index.sources import doc_id_of, gone, is_unicode, known_under, row_of, shown
from index.sqlite import translated
from index.store import Store
from index.structure import blocks_of
from index.types import Chunk, Document, Encoding, Span, sha256_of

_CHUNKS_A_COMMIT = 128
_CHUNKS_A_STEP = 32


@dataclass(slots=True)
class Progress:
    """How far an ingest is. Characters are those of the documents that are encoded in this run."""

    n_documents: int = 0
    n_characters: int = 0
    documents_done: int = 0
    characters_done: int = 0
    chunks_done: int = 0


Watch = Callable[[Progress], None]


@dataclass(slots=True)
class Report:
    """What an ingest did. The lists hold doc_ids; skipped holds (path, reason)."""

    added: list[str] = field(default_factory=list)
    updated: list[str] = field(default_factory=list)
    unchanged: list[str] = field(default_factory=list)
    removed: list[str] = field(default_factory=list)
    skipped: list[tuple[str, str]] = field(default_factory=list)
    n_other_types: int = 0
    n_chunks: int = 0
    generation: int = 0


def fingerprint_of(embedder: Embedder) -> Fingerprint:
    """What an index made with this embedder is marked with."""
    return Fingerprint(embedder.fingerprint, str(chunk_settings(embedder)))


def chunk_settings(embedder: Embedder) -> ChunkSettings:
    """The chunker's settings for a model: its window, but never more than the default."""
    model = embedder.fingerprint
    return ChunkSettings(limit=min(ChunkSettings().limit, model.window - model.special))


def check_fingerprint(folder: Path, index: Fingerprint, mine: Fingerprint) -> None:
    """Raise IndexMismatch if an index was built with something else than would be used now."""
    difference = index.difference(mine)
    if difference:
        other = f" --model {mine.model.name}" if mine.model.name != index.model.name else ""
        raise IndexMismatch(
            f"the index in {folder} was built otherwise ({difference}); "
            f"rebuild it with `rag ingest --rebuild{other}`"
        )


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
            store = Store.create(self.folder, fingerprint_of(self.embedder))
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
            self._put(store, self._read(store, work))
            self._prune(store, pruned)
        return self.report

    def put_all(self, documents: list[Document]) -> Report:
        with self._store() as store:
            self._check(store)
            self.progress.n_documents = len(documents)
            self.progress.n_characters = sum(len(document.text) for document in documents)
            self._put(store, ((None, document) for document in documents))
        return self.report

    def rebuild(self) -> Report:
        with self._store() as store:
            rows = store.documents()
            self.progress.n_documents = len(rows)
            self.progress.n_characters = sum(row.n_chars for row in rows)
            self.watch(self.progress)
            with store.transaction() as transaction:
                transaction.set_fingerprint(fingerprint_of(self.embedder))
                for row in rows:
                    document = store.document(row.document)
                    chunks = self._chunks(document)
                    encodings = self._encode(document, chunks)
                    transaction.put(document, row.path, list(zip(chunks, encodings, strict=True)))
                    self.report.updated.append(document.doc_id)
                    self._done()
        return self.report

    def _check(self, store: Store) -> None:
        check_fingerprint(self.folder, store.fingerprint, fingerprint_of(self.embedder))

    # What is to be done

    def _plan(self, store: Store, files: list[Path]) -> list[Path]:
        """The files that are new or changed; the others are reported here."""
        work: list[Path] = []
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
                work.append(file)
                self.progress.n_characters += len(text)
                continue
            if row.path != str(file):
                with store.transaction() as transaction:
                    transaction.move(row.document, str(file))
            self.report.unchanged.append(row.doc_id)
        self.progress.n_documents = len(work)
        return work

    def _read(self, store: Store, work: list[Path]) -> Iterator[tuple[str | None, Document]]:
        for file in work:
            try:
                yield str(file), read(file, doc_id_of(store, file))
            except UnreadableDocument as reason:  # it was changed since it was planned
                self.report.skipped.append((shown(file), str(reason)))

    def _prune(self, store: Store, paths: Sequence[Path]) -> None:
        rows = gone(store, paths)
        if rows:
            with store.transaction() as transaction:
                for row in rows:
                    transaction.delete(row.document)
                    self.report.removed.append(row.doc_id)

    # Doing it

    def _put(self, store: Store, documents: Iterable[tuple[str | None, Document]]) -> None:
        """Commit documents a few at a time, encoding the chunks of each few together."""
        self.watch(self.progress)
        waiting: list[_Waiting] = []
        for path, document in documents:
            waiting.append(_Waiting(path, document, self._chunks(document)))
            if sum(len(few.chunks) for few in waiting) >= _CHUNKS_A_COMMIT:
                self._commit(store, waiting)
                waiting = []
        if waiting:
            self._commit(store, waiting)

    def _commit(self, store: Store, waiting: list["_Waiting"]) -> None:
        pairs = [(few.document, chunk) for few in waiting for chunk in few.chunks]
        encodings = iter(self._encode_pairs(pairs))
        with store.transaction() as transaction:
            for few in waiting:
                doc_id = few.document.doc_id
                former = store.document_row(doc_id=doc_id)
                (self.report.added if former is None else self.report.updated).append(doc_id)
                encoded = [(chunk, next(encodings)) for chunk in few.chunks]
                transaction.put(few.document, few.path, encoded)
        for _ in waiting:
            self._done()

    def _done(self) -> None:
        self.progress.documents_done += 1
        self.watch(self.progress)

    def _chunks(self, document: Document) -> list[Chunk]:
        blocks = blocks_of(document.text, document.media_type)
        return chunk(document, blocks, self.embedder.tokenizer, chunk_settings(self.embedder))

    def _encode(self, document: Document, chunks: list[Chunk]) -> list[Encoding]:
        return self._encode_pairs([(document, chunk) for chunk in chunks])

    def _encode_pairs(self, pairs: list[tuple[Document, Chunk]]) -> list[Encoding]:
        """The encodings of chunks, in order, telling of the progress every few of them."""
        encodings: list[Encoding] = []
        for first in range(0, len(pairs), _CHUNKS_A_STEP):
            step = pairs[first : first + _CHUNKS_A_STEP]
            texts = [chunk.span.of(document.text) for document, chunk in step]
            encodings += self.embedder.encode(texts, [_relative(chunk) for _, chunk in step])
            self.report.n_chunks += len(step)
            self.progress.chunks_done += len(step)
            self.progress.characters_done += sum(map(len, texts))
            self.watch(self.progress)
        return encodings


@dataclass(frozen=True, slots=True)
class _Waiting:
    """A document that is chunked and not yet encoded."""

    path: str | None
    document: Document
    chunks: list[Chunk]


def _relative(chunk: Chunk) -> list[Span]:
    """A chunk's sentences as spans of its own text."""
    start = chunk.span.start
    return [Span(s.start - start, s.end - start) for s in chunk.sentences]
