"""Documents' texts sent piece by piece: however large, and however slowly they are read."""

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TypeVar, TypeVarTuple, Unpack

from anyio import CapacityLimiter, to_thread
from pydantic_core import to_json
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from index.errors import Overloaded
from rag.pipeline import Pipeline

PIECE = 64 * 1024
"""Characters sent at once: at most 256 kB (six bytes a character only for what JSON escapes)."""

CHARACTERS_AT_ONCE = 64_000_000
"""Of the texts that are held because they are being sent: 64 MB of Latin script, up to 256 MB of
others. A text that alone has more is sent when no other is."""

_MAX_WAITING = 64
_WAIT_S = 10.0
"""How long a text may wait for others to be sent; their readers may be slow for minutes."""

_Args = TypeVarTuple("_Args")
_T = TypeVar("_T")


class CharacterBudget:
    """So many characters may be held at a time; who needs more waits in turn.

    It belongs to one event loop.
    """

    def __init__(self, max_characters: int = CHARACTERS_AT_ONCE, wait_s: float = _WAIT_S) -> None:
        self._max_characters = max_characters
        self._n_free = max_characters
        self._wait_s = wait_s
        self._waiting: deque[tuple[int, asyncio.Future[None]]] = deque()

    @asynccontextmanager
    async def of(self, n_characters: int) -> AsyncIterator[None]:
        """Hold so many until the block ends. Raises Overloaded if they are not free before long."""
        n = min(n_characters, self._max_characters)
        if self._waiting or n > self._n_free:
            await self._wait(n)
        else:
            self._n_free -= n
        try:
            yield
        finally:
            self._n_free += n
            self._grant_waiting()

    async def _wait(self, n: int) -> None:
        granted: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        entry = (n, granted)
        if len(self._waiting) == _MAX_WAITING:
            raise Overloaded("too many large texts are being requested; try again in a moment")
        self._waiting.append(entry)
        try:
            async with asyncio.timeout(self._wait_s):
                await granted
        except BaseException as error:
            if entry in self._waiting:
                self._waiting.remove(entry)
            elif granted.done() and not granted.cancelled():
                self._n_free += n
            self._grant_waiting()
            if isinstance(error, TimeoutError):
                raise Overloaded(
                    "large texts are being sent to other clients; try again in a moment, or "
                    "request a part with `start` and `end`"
                ) from None
            raise

    def _grant_waiting(self) -> None:
        while self._waiting and (self._waiting[0][0] <= self._n_free or self._waiting[0][1].done()):
            n, granted = self._waiting.popleft()
            if not granted.done():
                self._n_free -= n
                granted.set_result(None)


@dataclass(frozen=True, slots=True)
class _Slice:
    """A stretch of a document's text, and the JSON around it."""

    before: bytes
    text: str
    after: bytes
    n_bytes: int

    def pieces(self) -> Iterator[bytes]:
        yield self.before
        yield from _json_pieces(self.text)
        yield self.after


def _json_pieces(text: str) -> Iterator[bytes]:
    """A text as the inside of a JSON string."""
    for start in range(0, len(text), PIECE):
        yield to_json(text[start : start + PIECE])[1:-1]


class Texts:
    """The texts of a pipeline's documents. They are read one at a time, in a thread."""

    def __init__(self, pipeline: Pipeline, budget: CharacterBudget | None = None) -> None:
        self._pipeline = pipeline
        self._budget = budget or CharacterBudget()
        self._reading = CapacityLimiter(1)

    @asynccontextmanager
    async def slice(self, doc_id: str, start: int, end: int | None) -> AsyncIterator[_Slice]:
        """The characters [start, end) of a document, held until the block ends.

        Raises NotFound, SpanOutOfRange or Overloaded.
        """
        if end is None:
            row = await self._in_thread(self._pipeline.record, doc_id)
            n_characters = row.n_chars - start
        else:
            n_characters = end - start
        if n_characters <= PIECE:
            yield await self._in_thread(self._read, doc_id, start, end)
            return
        async with self._budget.of(n_characters):
            yield await self._in_thread(self._read, doc_id, start, end)

    async def _in_thread(self, call: Callable[[Unpack[_Args]], _T], *args: *_Args) -> _T:
        return await to_thread.run_sync(call, *args, limiter=self._reading)

    def _read(self, doc_id: str, start: int, end: int | None) -> _Slice:
        document, span = self._pipeline.slice(doc_id, start, end)
        text = span.of(document.text)
        head = to_json({"doc_id": doc_id, "start": span.start, "end": span.end, "text": ""})
        before = head.removesuffix(b'"}')
        rest = to_json({"sha256": document.sha256, "n_characters": len(document.text)})
        after = b'",' + rest.removeprefix(b"{")
        n_text = sum(map(len, _json_pieces(text)))
        return _Slice(before, text, after, len(before) + n_text + len(after))


class TextResponse(Response):
    """A `TextSlice` in JSON, read when it is sent and let go of when that ends, however it does."""

    media_type = "application/json"

    def __init__(self, texts: Texts, doc_id: str, start: int, end: int | None) -> None:
        super().__init__()
        self._request = (doc_id, start, end)
        self._texts = texts

    async def __call__(self, _scope: Scope, _receive: Receive, send: Send) -> None:
        async with self._texts.slice(*self._request) as text_slice:
            self.headers["content-length"] = str(text_slice.n_bytes)
            headers = {"type": "http.response.start", "status": 200, "headers": self.raw_headers}
            await send(headers)
            for piece in text_slice.pieces():
                await send({"type": "http.response.body", "body": piece, "more_body": True})
                await asyncio.sleep(0)  # a fast reader must not keep the others waiting
        await send({"type": "http.response.body", "body": b"", "more_body": False})
