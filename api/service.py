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
from index.backend import State
from rag.pipeline import Pipeline
from rag.results import Answer, SearchResult, to_json

SEARCHES_AT_ONCE = 2
"""While the model encodes one's question, the other is ranked; the latter is Python's, of which one
runs at a time. To 64 clients 3 give a sixth fewer answers a second, and 1 gives a fifth fewer."""

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
    """A pipeline, its refresher, the limit on searches, the answers given last, and the texts."""

    pipeline: Pipeline
    refresher: Refresher
    admission: Admission
    cache: ResultCache
    texts: Texts
    contents: Contents

    @classmethod
    def around(cls, pipeline: Pipeline, limits: Limits) -> "Service":
        return cls(
            pipeline,
            Refresher(pipeline),
            Admission(SEARCHES_AT_ONCE, limits.queue),
            ResultCache(limits.cache_bytes),
            Texts(pipeline),
            Contents(pipeline),
        )

    async def answer(self, key: str, find: Callable[[], Answer | SearchResult]) -> bytes:
        """The JSON of what is found, as the command line prints it.

        key: all that the result depends on, but for the documents. A kept answer needs no thread,
        so it is given even when new searches are refused. It is kept here, not in the pipeline:
        as bytes it takes least room and need not be written again, and whoever measures the
        pipeline measures searches. Raises Overloaded.
        """
        began = time.perf_counter()
        with self.pipeline.snapshot() as snapshot:
            state = snapshot.state
        kept = self.cache.get(state, key)
        if kept is not None:
            took_ms = round((time.perf_counter() - began) * 1000, 2)
            return _TOOK.sub(str(took_ms).encode(), kept, count=1)
        return await self.admission.run(partial(self._found, state, key, find))

    def _found(self, state: State, key: str, find: Callable[[], Answer | SearchResult]) -> bytes:
        result = find()
        body = to_json(result).encode()
        if result.generation == state[0]:
            self.cache.put(state, key, body)
        return body


async def service_of(request: Request) -> Service:
    """The service of the app that a request came to."""
    service: Service = request.app.state.service
    return service


Served = Annotated[Service, Depends(service_of)]
