"""Queries from many threads, encoded together when they come faster than one at a time."""

import threading
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field

from index.errors import Overloaded
from index.protocols import Embedder
from index.types import QueryEncoding
from rag.models.embedder_adapter import EmbedderAdapter

_BUSY = "{} questions are waiting for the model, as many as may; ask again in a moment"
_CLOSED = "the service is stopping; ask again when it is back"
_BROKEN_OFF = "the question was broken off with another; ask again"


@dataclass(slots=True, eq=False)
class _Call:
    """What one thread wants encoded.

    leads: the calls that its thread is to encode, its own the first; empty while others do it.
    woken: set when it leads, has been encoded, or never will be
    """

    texts: list[str]
    made: list[QueryEncoding] | None = None
    error: Exception | None = None
    leads: list["_Call"] = field(default_factory=list)
    woken: threading.Event = field(default_factory=threading.Event)

    def outcome(self) -> list[QueryEncoding]:
        if self.made is None:
            raise self.error or Overloaded(_BROKEN_OFF)
        return self.made


class BatchingEmbedder(EmbedderAdapter):
    """An embedder that encodes the queries of many threads in batches.

    It has no thread and no delay of its own. A query that finds the model free is encoded at once,
    by the thread that asks. The others wait; who is done hands all that wait, up to `batch` texts,
    to the first of them as one batch. So batches are as large as the load makes them, and the model
    has one call at a time, which shares its texts among the cores. Chunks never wait for queries.

    n_waiting: texts that wait for the model at the moment
    """

    def __init__(self, embedder: Embedder, *, batch: int = 32, queue: int = 256) -> None:
        """batch: texts encoded at once; queue: texts that may wait."""
        super().__init__(embedder)
        self._free = True
        self._batch = batch
        self._queue = queue
        self._lock = threading.Lock()
        self._waiting: deque[_Call] = deque()
        self.n_waiting = 0
        self._closed = False

    def encode_queries(self, texts: Sequence[str]) -> list[QueryEncoding]:
        """Each as the embedder gives it; they stay in one batch, whatever its size.

        Raises Overloaded if not all of them may wait, or once it is closed.
        """
        call = _Call(list(texts))
        if not call.texts:
            return []
        self._enter(call)
        call.woken.wait()
        if call.leads:
            self._lead(call.leads)
        return call.outcome()

    def close(self) -> None:
        """Have every call that waits raise Overloaded, and every later one; runs go on to their
        end."""
        with self._lock:
            self._closed = True
            dropped = list(self._waiting)
            self._waiting.clear()
            self.n_waiting = 0
        for call in dropped:
            call.error = Overloaded(_CLOSED)
            call.woken.set()

    def _enter(self, call: _Call) -> None:
        """Have a call lead if the model is free, else wait."""
        with self._lock:
            if self._closed:
                raise Overloaded(_CLOSED)
            if self._free:
                self._free = False
                call.leads = [call]
                call.woken.set()
                return
            if self.n_waiting + len(call.texts) > self._queue:
                raise Overloaded(_BUSY.format(self.n_waiting))
            self._waiting.append(call)
            self.n_waiting += len(call.texts)

    def _lead(self, batch: list[_Call]) -> None:
        try:
            self._encode(batch)
        finally:
            self._pass_on()
            for call in batch:
                call.woken.set()

    def _encode(self, batch: list[_Call]) -> None:
        """Give each call its encodings, or the error that they raise without the others."""
        texts = [text for call in batch for text in call.texts]
        try:
            made = iter(self._embedder.encode_queries(texts))
            for call in batch:
                call.made = [next(made) for _ in call.texts]
        except Exception as error:
            if len(batch) == 1:
                batch[0].error = error
                return
            for call in batch:
                self._encode([call])

    def _pass_on(self) -> None:
        """Hand the model to the first that waits, with those behind it, or set it free."""
        with self._lock:
            batch = self._next_batch()
            if not batch:
                self._free = True
                return
        batch[0].leads = batch
        batch[0].woken.set()

    def _next_batch(self) -> list[_Call]:
        batch: list[_Call] = []
        n_texts = 0
        while self._waiting and (not batch or n_texts + len(self._waiting[0].texts) <= self._batch):
            batch.append(self._waiting.popleft())
            n_texts += len(batch[-1].texts)
        self.n_waiting -= n_texts
        return batch
