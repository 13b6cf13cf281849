"""Batches of chunks to their encodings, each text encoded once.

A chunk's encoding follows from its text and where its sentences lie in it, so a chunk takes over
the encoding of an equal one that the index holds or that came before it in this run. A batch is
encoded in a thread of its own, while the batch before it is stored and the one after it is looked
up.
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
    """Some of a document's chunks with their encodings; otherwise as the DocumentPart it was."""

    source: Source
    chunks: list[EncodedChunk]
    ends: bool


@dataclass(slots=True)
class _Batch:
    """A batch on its way: what its chunks' encodings are known by, those that are known, and the
    text and sentences of those that are to be made."""

    parts: list[DocumentPart] = field(default_factory=list)
    keys: list[EncodingKey] = field(default_factory=list)
    known: dict[EncodingKey, Encoding | StoredEncoding] = field(default_factory=dict)
    new: dict[EncodingKey, tuple[str, list[Span]]] = field(default_factory=dict)
    making: Future[list[Encoding]] | None = None

    def wait(self) -> None:
        """Until all its own encodings are known."""
        if self.making is not None:
            self.known.update(zip(self.new, self.making.result(), strict=True))

    def encoded(self) -> Iterator[EncodedPart]:
        keys = iter(self.keys)
        for part in self.parts:
            chunks = [(chunk, self.known[next(keys)]) for chunk in part.chunks]
            yield EncodedPart(part.source, chunks, part.ends)


class Encoder:
    """Encodes the batches of one run in a thread that is lent to it, and counts in the report.

    since: only encodings that were stored in this generation or later are taken over
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
        """The parts with their encodings, in order. A part must be stored when the next is asked
        for: the store is where a later chunk finds its equal."""
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
                # What the batch before is making is not in the store yet.
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
    """A chunk's text, and its sentences as spans of it."""
    start = chunk.span.start
    return chunk.span.of(text), [Span(s.start - start, s.end - start) for s in chunk.sentences]
