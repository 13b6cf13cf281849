"""Encode the queries of several threads in batches."""

import threading
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field

from index.errors import Overloaded
from index.protocols import Embedder
from index.types import QueryEncoding
from rag.models.embedder_adapter import EmbedderAdapter

_BUSY = "{} questions are waiting for the model, which is the limit; try again in a moment"
_CLOSED = "the service is stopping; try again after its restart"
_BATCH_FAILED = "the batch that contained this question failed; try again"


@dataclass(slots=True, eq=False)
class _Request:
    """The texts that one thread wants to have encoded.

    batch: the requests that this request's thread must encode, its own first; empty if another
           thread encodes this one
    wake:  set when the thread must encode a batch, or the request has encodings or an error
    """

    texts: list[str]
    encodings: list[QueryEncoding] | None = None
    error: Exception | None = None
    batch: list["_Request"] = field(default_factory=list)
    wake: threading.Event = field(default_factory=threading.Event)

    def result(self) -> list[QueryEncoding]:
        if self.encodings is None:
            raise self.error or Overloaded(_BATCH_FAILED)
        return self.encodings


class BatchingEmbedder(EmbedderAdapter):
    """An embedder that encodes the queries of many threads in batches.

    It starts no thread and adds no delay. If the model is free, the calling thread encodes its
    query at once. Otherwise the query waits in a queue. A thread that has finished a batch takes
    up to `batch` texts from the queue as the next batch, and the thread of the first of them
    encodes it. So the batch size follows the load. The model encodes one batch of queries at a
    time, on all cores. Chunks do not wait for queries.

    n_waiting: number of texts in the queue
    """

    def __init__(self, embedder: Embedder, *, batch: int = 32, queue: int = 256) -> None:
        """batch: maximum number of texts in a batch; queue: maximum number of waiting texts."""
        super().__init__(embedder)
        self._model_free = True
        self._max_batch = batch
        self._max_queued = queue
        self._lock = threading.Lock()
        self._queued: deque[_Request] = deque()
        self.n_waiting = 0
        self._closed = False

    def encode_queries(self, texts: Sequence[str]) -> list[QueryEncoding]:
        """Return the encodings in the order of the texts. All texts are encoded in one batch, even
        if they are more than `batch`.

        Raises Overloaded if the queue has no room for all of them, or after `close`.
        """
        request = _Request(list(texts))
        if not request.texts:
            return []
        self._enqueue(request)
        request.wake.wait()
        if request.batch:
            self._lead(request.batch)
        return request.result()

    def close(self) -> None:
        """Make all waiting and later calls raise Overloaded. A batch that is being encoded is
        finished."""
        with self._lock:
            self._closed = True
            waiting_requests = list(self._queued)
            self._queued.clear()
            self.n_waiting = 0
        for request in waiting_requests:
            request.error = Overloaded(_CLOSED)
            request.wake.set()

    def _enqueue(self, request: _Request) -> None:
        """Let the request's thread encode it if the model is free; otherwise queue it."""
        with self._lock:
            if self._closed:
                raise Overloaded(_CLOSED)
            if self._model_free:
                self._model_free = False
                request.batch = [request]
                request.wake.set()
                return
            if self.n_waiting + len(request.texts) > self._max_queued:
                raise Overloaded(_BUSY.format(self.n_waiting))
            self._queued.append(request)
            self.n_waiting += len(request.texts)

    def _lead(self, batch: list[_Request]) -> None:
        try:
            self._encode(batch)
        finally:
            self._hand_over()
            for request in batch:
                request.wake.set()

    def _encode(self, batch: list[_Request]) -> None:
        """Store each request's encodings. If the batch fails, encode the requests one by one, and
        store the error of each that fails alone."""
        texts = [text for request in batch for text in request.texts]
        try:
            encodings = iter(self._embedder.encode_queries(texts))
            for request in batch:
                request.encodings = [next(encodings) for _ in request.texts]
        except Exception as error:
            if len(batch) == 1:
                batch[0].error = error
                return
            for request in batch:
                self._encode([request])

    def _hand_over(self) -> None:
        """Make the thread of the first waiting request encode the next batch; without one, mark the
        model as free."""
        with self._lock:
            batch = self._next_batch()
            if not batch:
                self._model_free = True
                return
        batch[0].batch = batch
        batch[0].wake.set()

    def _next_batch(self) -> list[_Request]:
        batch: list[_Request] = []
        n_texts = 0
        while self._queued and (
            not batch or n_texts + len(self._queued[0].texts) <= self._max_batch
        ):
            batch.append(self._queued.popleft())
            n_texts += len(batch[-1].texts)
        self.n_waiting -= n_texts
        return batch
