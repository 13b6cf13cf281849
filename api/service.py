"""What every route is handed: the pipeline, and what is set up around it."""

import re
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Annotated

from fastapi import Depends
from starlette.requests import Request

from api.admission import Admission
from api.answer_cache import ResultCache
from api.contents import Contents
from api.refresher import Refresher
from api.texts import Texts
from api.writing.writes import Writes, Writing
from index.backend import State
from rag.answer.reading import Reading
from rag.answer.why.result import Why
from rag.pipeline import Pipeline
from rag.results import Answer, SearchResult, to_json

SEARCHES_AT_ONCE = 2
"""While the model encodes one's question, the other is ranked; the latter is Python's, of which one
runs at a time. To 64 clients 3 give a sixth fewer answers a second, and 1 gives a fifth fewer."""

ANSWERS_AT_ONCE = 8
"""Calls of an answerer that waits for something else, as a generator does."""

VERIFICATIONS_AT_ONCE = 1
"""Requests to check citations: each holds the text of a document."""

LOCATIONS_AT_ONCE = 1
"""Requests for rectangles: one process parses the files."""

Result = SearchResult | Answer | Why

_TOOK = re.compile(rb'(?<=,"took_ms":)[^,]+')
"""In a result's JSON; within a string its quotes would have backslashes."""


@dataclass(frozen=True, slots=True)
class Limits:
    """What one process of the server takes on.

    queue: searches that may wait while others run; cache_bytes: of answers that are kept
    """

    queue: int = 256
    cache_bytes: int = 64_000_000


@dataclass(frozen=True, slots=True)
class Service:
    """A pipeline, its refresher, the limits on searches and checks, the answers given last, the
    texts, and the queue of changes; None if documents cannot be changed."""

    pipeline: Pipeline
    refresher: Refresher
    admission: Admission
    answering: Admission
    verifying: Admission
    locating: Admission
    cache: ResultCache
    texts: Texts
    contents: Contents
    writes: Writes | None = None

    @classmethod
    def around(
        cls, pipeline: Pipeline, limits: Limits, writing: Writing | None = None
    ) -> "Service":
        """writing: what is needed to change documents; None if that is off."""
        refresher = Refresher(pipeline, served=None if writing is None else writing.served)
        return cls(
            pipeline,
            refresher,
            Admission(SEARCHES_AT_ONCE, limits.queue),
            Admission(ANSWERS_AT_ONCE, limits.queue),
            Admission(VERIFICATIONS_AT_ONCE, limits.queue),
            Admission(LOCATIONS_AT_ONCE, limits.queue),
            ResultCache(limits.cache_bytes),
            Texts(pipeline),
            Contents(pipeline),
            None if writing is None else Writes(writing, refresher),
        )

    async def search(self, key: str, call: Callable[[], Result]) -> bytes:
        """The JSON of a result, as the command line prints it.

        key: all that the result depends on, but for the documents. A kept answer needs no thread,
        so it is given even when new searches are refused. It is kept here, not in the pipeline:
        as bytes it takes least room and need not be written again, and whoever measures the
        pipeline measures searches. Raises Overloaded.
        """
        state, cached = self._cached(key)
        if cached is not None:
            return cached
        return await self.admission.run(partial(self._body, state, key, call))

    async def ask(self, key: str, read: Callable[[], Reading]) -> bytes:
        """The JSON of an answer. An answerer that waits runs in a thread of its own, so that
        searches go on. Raises Overloaded."""
        answer = self.pipeline.answer
        if not self.pipeline.answerer_waits:
            return await self.search(key, lambda: answer(read()))
        state, cached = self._cached(key)
        if cached is not None:
            return cached
        reading = await self.admission.run(read)
        return await self.answering.run(partial(self._body, state, key, partial(answer, reading)))

    def _cached(self, key: str) -> tuple[State, bytes | None]:
        """The index's state, and the body that is kept of the same request in that state."""
        began = time.perf_counter()
        with self.pipeline.snapshot() as snapshot:
            state = snapshot.state
        body = self.cache.get(state, key)
        if body is None:
            return state, None
        took_ms = round((time.perf_counter() - began) * 1000, 2)
        return state, _TOOK.sub(str(took_ms).encode(), body, count=1)

    def _body(self, state: State, key: str, call: Callable[[], Result]) -> bytes:
        result = call()
        body = to_json(result).encode()
        if result.generation == state[0]:
            self.cache.put(state, key, body)
        return body


async def service_of(request: Request) -> Service:
    """The service of the app that a request came to."""
    service: Service = request.app.state.service
    return service


ServiceDependency = Annotated[Service, Depends(service_of)]
