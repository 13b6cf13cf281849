"""Encode batches of chunks, each distinct text once.

A chunk's encoding depends only on its text and the spans of its sentences. So a chunk reuses the
encoding of an equal chunk in the index or earlier in this run. A separate thread encodes a batch,
while the caller's thread stores the batch before it and looks up the batch after it.
"""

from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from itertools import chain

from index.backend import EncodedChunk, StoredEncoding, Writer
from index.ingest.batches import DocumentPart, Source
from index.ingest.progress import Report
from index.protocols import Embedder
from index.types import Chunk, Encoding, EncodingKey, Span


@dataclass(frozen=True, slots=True)
class EncodedPart:
    """A DocumentPart with the encodings of its chunks."""

    source: Source
    chunks: list[EncodedChunk]
    ends: bool


@dataclass(slots=True)
class _Batch:
    """A batch that is being encoded.

    keys:   the encoding key of each chunk, in order
    known:  encodings that exist
    new:    text and sentences of each encoding to compute
    making: the computation of the new encodings
    """

    parts: list[DocumentPart] = field(default_factory=list)
    keys: list[EncodingKey] = field(default_factory=list)
    known: dict[EncodingKey, Encoding | StoredEncoding] = field(default_factory=dict)
    new: dict[EncodingKey, tuple[str, list[Span]]] = field(default_factory=dict)
    making: Future[list[Encoding]] | None = None

    def wait(self) -> None:
        """Wait until all new encodings are computed, and add them to `known`."""
        if self.making is not None:
            self.known.update(zip(self.new, self.making.result(), strict=True))

    def encoded(self) -> Iterator[EncodedPart]:
        keys = iter(self.keys)
        for part in self.parts:
            chunks = [(chunk, self.known[next(keys)]) for chunk in part.chunks]
            yield EncodedPart(part.source, chunks, part.ends)


class Encoder:
    """Encodes the batches of one run in the given thread, and counts chunks in the report.

    since: reuse only encodings that were stored in this generation or later
    """

    def __init__(
        self,
        writer: Writer,
        embedder: Embedder,
        thread: ThreadPoolExecutor,
        report: Report,
        since: int = 0,
    ) -> None:
        self._writer = writer
        self._embedder = embedder
        self._thread = thread
        self._report = report
        self._since = since

    def encoded(self, batches: Iterable[list[DocumentPart]]) -> Iterator[EncodedPart]:
        """Yield the parts with their encodings, in order.

        The caller must store a part before it takes the next: later chunks look up equal chunks in
        the store.
        """
        before = _Batch()
        for parts in chain(batches, [[]]):
            batch = self._looked_up(parts, before)
            before.wait()
            batch.known.update((key, before.known[key]) for key in batch.keys if key in before.new)
            self._start(batch)
            yield from before.encoded()
            before = batch

    def _looked_up(self, parts: list[DocumentPart], before: _Batch) -> _Batch:
        batch = _Batch(parts)
        digests = {chunk.digest for part in parts for chunk in part.chunks}
        stored_digests = self._writer.digests_among(digests)
        for part in parts:
            for chunk in part.chunks:
                key = chunk.encoding_key
                batch.keys.append(key)
                # The new encodings of the batch before are not in the store yet.
                if key in batch.known or key in batch.new or key in before.new:
                    continue
                known = chunk.digest in stored_digests
                stored = self._writer.encoding(key, self._since) if known else None
                if stored is not None:
                    batch.known[key] = stored
                else:
                    batch.new[key] = _task(part.source.document.text, chunk)
        return batch

    def _start(self, batch: _Batch) -> None:
        self._report.n_chunks += len(batch.new)
        self._report.n_reused += len(batch.keys) - len(batch.new)
        if batch.new:
            texts, sentences = zip(*batch.new.values(), strict=True)
            batch.making = self._thread.submit(self._embedder.encode, texts, sentences)


def _task(text: str, chunk: Chunk) -> tuple[str, list[Span]]:
    """Return a chunk's text, and its sentences as spans of that text."""
    start = chunk.span.start
    return chunk.span.of(text), [Span(s.start - start, s.end - start) for s in chunk.sentences]
