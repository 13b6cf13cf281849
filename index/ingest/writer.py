"""Put documents into the store.

One thread reads and chunks, another encodes, and the caller's thread stores. So the model does not
wait for files, the tokenizer or the disk, and only one thread uses SQLite. Only a few batches of
chunks are in memory at a time, even for a long document. The chunks of a document are written as
soon as they are encoded, in the transaction of their document.
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
    """One run. It updates `report` and `progress`, and calls `watch` after each step."""

    writer: Writer
    embedder: Embedder
    settings: ChunkSettings
    report: Report
    progress: Progress
    watch: Watch

    def put(self, sources: Iterable[Source]) -> None:
        """Put documents in. Commit a few at a time."""
        self.watch(self.progress)
        with self._encoded(sources) as parts:
            for first in parts:
                self._commit(first, parts)

    def put_into(self, transaction: Transaction, sources: Iterable[Source], since: int = 0) -> None:
        """Put documents in as part of a transaction.

        since: reuse only encodings of this generation or later
        """
        self.watch(self.progress)
        with self._encoded(sources, since) as parts:
            for first in parts:
                self._put(transaction, first, parts)

    def _commit(self, first: EncodedPart, parts: Iterator[EncodedPart]) -> None:
        """Commit documents until they have _CHUNKS_A_COMMIT chunks. `first` is the first part."""
        n_chunks = 0
        with self.writer.transaction() as transaction:
            for part in chain([first], parts):
                n_chunks += self._put(transaction, part, parts)
                if n_chunks >= _CHUNKS_A_COMMIT:
                    return

    def _put(
        self, transaction: Transaction, first: EncodedPart, parts: Iterator[EncodedPart]
    ) -> int:
        """Put one document in: `first`, then more of `parts`. Return its number of chunks."""
        document, path = first.source.document, first.source.path
        new = not self.writer.has(document.doc_id)
        chunks = self._followed(first, parts)
        n_chunks = transaction.put(document, path, chunks, first.source.version)
        (self.report.added if new else self.report.updated).append(document.doc_id)
        self.progress.documents_done += 1
        self.watch(self.progress)
        return n_chunks

    def _followed(self, part: EncodedPart, parts: Iterator[EncodedPart]) -> Iterator[EncodedChunk]:
        """Yield the chunks of one document, and report the progress after each part."""
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
        """Provide the encoded parts of the documents. The threads end with the block."""
        with one_thread("read") as reading, one_thread("encode") as encoding:
            made = batches(sources, self.embedder.tokenizer, self.settings)
            encoder = Encoder(self.writer, self.embedder, encoding, self.report, since)
            yield encoder.encoded(prefetch(made, reading))
