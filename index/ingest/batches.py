"""Split documents into batches of chunks. A separate thread prepares them ahead of the model."""

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
"""Chunks to encode together. This keeps many cores busy, and takes about one second on two cores:
Ctrl-C waits that long."""

FIRST_BATCH = 16
"""In chunks. Batches double from here to BATCH, so that the model starts after a few chunks."""

_BATCHES_AHEAD = 4

_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class Source:
    """A document to put into the index.

    path:    the resolved path of its file; None without a file
    size:    of its file in bytes, or of its text in characters; Progress adds it up
    blocks:  its blocks; None to compute them from the document
    version: of its file; None without a file
    """

    path: str | None
    document: Document
    size: int
    blocks: Blocks | None = None
    version: FileVersion | None = None


@dataclass(frozen=True, slots=True)
class DocumentPart:
    """Consecutive chunks of a document.

    ends: whether this is the document's last part; only the last part can have no chunks
    """

    source: Source
    chunks: list[Chunk]
    ends: bool


def batches(
    sources: Iterable[Source], tokenizer: Tokenizer, settings: ChunkSettings
) -> Iterator[list[DocumentPart]]:
    """Yield the parts of all documents, in order, in batches of BATCH chunks.

    The first batches and the last are smaller. A long document is chunked lazily: its first batch
    is yielded before the rest is chunked.
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
    """Provide a thread that runs tasks one after the other.

    At the end of the block, wait for the running task and cancel the tasks that have not started.
    """
    thread = ThreadPoolExecutor(1, thread_name_prefix=name)
    try:
        yield thread
    finally:
        thread.shutdown(wait=True, cancel_futures=True)


def prefetch(made: Iterator[_T], thread: ThreadPoolExecutor) -> Iterator[_T]:
    """Yield the same values, computed up to _BATCHES_AHEAD in advance in another thread.

    An error in that thread is raised here, after the values before it.
    """
    waiting = deque(thread.submit(next, made, None) for _ in range(_BATCHES_AHEAD))
    while (one := waiting.popleft().result()) is not None:
        waiting.append(thread.submit(next, made, None))
        yield one
