"""Put documents into the store: read and chunked in one thread, encoded in another, stored in the
caller's.

So the model need not wait for files, the tokenizer or the disk, and SQLite has one thread to do
with. What is held at any time is a few batches of chunks, however long a document is; a document's
chunks are written as their encodings come, within the transaction that puts it in.
"""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import chain

from index.backend import EncodedChunk, Transaction, Writer
from index.fingerprint import ChunkSettings
from index.ingest.batches import Source, batches, one_thread, prefetch
from index.ingest.encode_once import EncodedPart, Encoder
from index.ingest.progress import Progress, Report, Watch
from index.protocols import Embedder

_CHUNKS_A_COMMIT = 128


@dataclass(frozen=True, slots=True)
class IngestRun:
    """One run. The report and the progress are kept up to date, and `watch` is told."""

    writer: Writer
    embedder: Embedder
    settings: ChunkSettings
    report: Report
    progress: Progress
    watch: Watch

    def put(self, sources: Iterable[Source]) -> None:
        """Put documents in, and commit them a few at a time."""
        self.watch(self.progress)
        with self._encoded(sources) as parts:
            for first in parts:
                self._commit(first, parts)

    def put_into(self, transaction: Transaction, sources: Iterable[Source], since: int = 0) -> None:
        """Put documents in as part of a transaction, taking over only encodings of generation
        `since` or later."""
        self.watch(self.progress)
        with self._encoded(sources, since) as parts:
            for first in parts:
                self._put(transaction, first, parts)

    def _commit(self, first: EncodedPart, parts: Iterator[EncodedPart]) -> None:
        """A few documents, the first of which begins with `first`."""
        n_chunks = 0
        with self.writer.transaction() as transaction:
            for part in chain([first], parts):
                n_chunks += self._put(transaction, part, parts)
                if n_chunks >= _CHUNKS_A_COMMIT:
                    return

    def _put(
        self, transaction: Transaction, first: EncodedPart, parts: Iterator[EncodedPart]
    ) -> int:
        """The document that begins with `first` and goes on in `parts`; how many chunks it has."""
        document, path = first.source.document, first.source.path
        new = not self.writer.has(document.doc_id)
        chunks = self._followed(first, parts)
        n_chunks = transaction.put(document, path, chunks, first.source.version)
        (self.report.added if new else self.report.updated).append(document.doc_id)
        self.progress.documents_done += 1
        self.watch(self.progress)
        return n_chunks

    def _followed(self, part: EncodedPart, parts: Iterator[EncodedPart]) -> Iterator[EncodedChunk]:
        """The chunks of one document, telling of the progress after each part of it."""
        before, n_chars = self.progress.size_done, len(part.source.document.text)
        while True:
            yield from part.chunks
            self.progress.chunks_done += len(part.chunks)
            if part.ends:
                self.progress.size_done = before + part.source.size
                return
            end = part.chunks[-1][0].span.end
            self.progress.size_done = before + part.source.size * end // n_chars
            self.watch(self.progress)
            part = next(parts)

    @contextmanager
    def _encoded(
        self, sources: Iterable[Source], since: int = 0
    ) -> Iterator[Iterator[EncodedPart]]:
        """The documents' parts, encoded. No thread outlives the block."""
        with one_thread("read") as reading, one_thread("encode") as encoding:
            made = batches(sources, self.embedder.tokenizer, self.settings)
            encoder = Encoder(self.writer, self.embedder, encoding, self.report, since)
            yield encoder.encoded(prefetch(made, reading))
