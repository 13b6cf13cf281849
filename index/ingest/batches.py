"""Documents to batches of chunks, read and chunked ahead of the model in a thread of their own."""

from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice
from typing import TypeVar

from index.documents.blocks import Blocks
from index.documents.chunk import chunks_of
from index.documents.load import blocks_of
from index.fingerprint import ChunkSettings
from index.protocols import Tokenizer
from index.types import Chunk, Document, FileVersion

BATCH = 128
"""Chunks that are encoded together: enough to keep many cores busy, and about a second's work on
two, for which Ctrl-C waits."""

FIRST_BATCH = 16
"""Each of the first batches is twice the one before: the model begins when a few are chunked."""

_BATCHES_AHEAD = 4

_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class Source:
    """A document that is to be put in.

    path:    the resolved path of its file, if it has one
    blocks:  its blocks; None where they are to be made from the document
    version: of its file
    size:    of its file in bytes, or of its text in characters; Progress counts it
    """

    path: str | None
    document: Document
    size: int
    blocks: Blocks | None = None
    version: FileVersion | None = None


@dataclass(frozen=True, slots=True)
class DocumentPart:
    """Some of a document's chunks, in order. The document `ends` with its last part, which alone
    may be without chunks."""

    source: Source
    chunks: list[Chunk]
    ends: bool


def batches(
    sources: Iterable[Source], tokenizer: Tokenizer, settings: ChunkSettings
) -> Iterator[list[DocumentPart]]:
    """All the documents' parts in order, in batches of BATCH chunks; fewer in the first ones and
    in the last.

    A long document is chunked as it goes along: its first batch is there before its end is read.
    """
    batch: list[DocumentPart] = []
    room = size = FIRST_BATCH
    for source in sources:
        document = source.document
        blocks = source.blocks if source.blocks is not None else blocks_of(document)
        chunks = chunks_of(document, blocks, tokenizer, settings)
        ends = False
        while not ends:
            few = list(islice(chunks, room))
            ends = len(few) < room
            room -= len(few)
            batch.append(DocumentPart(source, few, ends))
            if not room:
                yield batch
                size = min(2 * size, BATCH)
                batch, room = [], size
    if batch:
        yield batch


@contextmanager
def one_thread(name: str) -> Iterator[ThreadPoolExecutor]:
    """A thread that does one thing after the other. On leaving, what it has begun is waited for,
    and what it has not begun is dropped: it never outlives the block."""
    thread = ThreadPoolExecutor(1, thread_name_prefix=name)
    try:
        yield thread
    finally:
        thread.shutdown(wait=True, cancel_futures=True)


def prefetch(made: Iterator[_T], thread: ThreadPoolExecutor) -> Iterator[_T]:
    """The same, made a few ahead in another thread. An error there is raised here, in its turn."""
    waiting = deque(thread.submit(next, made, None) for _ in range(_BATCHES_AHEAD))
    while (one := waiting.popleft().result()) is not None:
        waiting.append(thread.submit(next, made, None))
        yield one
