"""The task that has a running server follow its index: what another process ingests is served."""

import logging
import time

import anyio
from anyio import CapacityLimiter, to_thread

from api.served import ServedGenerations
from index.errors import IndexBusy, IndexMismatch, IndexProblem, StorageFull
from rag.pipeline import Pipeline

INTERVAL_S = 0.5
_MIN_REST_RATIO = 9
"""Rest is at least so many times as long as the refresh before it: a tenth of the time at most."""

_WANTED_INTERVAL_S = 0.02
"""How often a process looks for changes that another process of the service made."""

_STILL_READABLE = (IndexMismatch, IndexBusy, StorageFull)
_log = logging.getLogger(__name__)


class Refresher:
    """Asks a pipeline to refresh itself, again and again.

    unreadable: why the index on disk could not be read at the last look; None if it could. What was
    open before is served all the same.
    """

    def __init__(
        self,
        pipeline: Pipeline,
        interval_s: float = INTERVAL_S,
        served: ServedGenerations | None = None,
    ) -> None:
        """served: what other processes of the service serve and want; None if this is the only
        process."""
        self.unreadable: Exception | None = None
        self._served = served or ServedGenerations()
        self._served.serve(pipeline.generation)
        self._pipeline = pipeline
        self._interval_s = interval_s
        self._limiter = CapacityLimiter(1)
        self._logged_messages: set[str] = set()

    async def run(self) -> None:
        """Refresh until cancelled; a refresh that is under way then is waited for."""
        while True:
            began, wanted = time.perf_counter(), self._served.wanted
            await to_thread.run_sync(self.refresh, limiter=self._limiter)
            took_s = time.perf_counter() - began
            await self._rest(max(self._interval_s, _MIN_REST_RATIO * took_s), wanted)

    async def _rest(self, rest_s: float, wanted: int) -> None:
        """Sleep, but at most until another generation than `wanted` is wanted."""
        if self._served.alone:
            await anyio.sleep(rest_s)
            return
        wakes_at = time.monotonic() + rest_s
        while time.monotonic() < wakes_at and self._served.wanted == wanted:
            await anyio.sleep(min(_WANTED_INTERVAL_S, rest_s))

    def refresh(self) -> None:
        """Go over to a new generation if there is one. An error leaves the old one in service."""
        try:
            changed = self._pipeline.refresh()
        except Exception as error:  # whatever it is, the old generation still serves
            self._log_failure(error)
        else:
            self.unreadable = None
            self._served.serve(self._pipeline.generation)
            if changed:
                _log.info("Serving generation %d", self._pipeline.generation)

    def _log_failure(self, error: Exception) -> None:
        expected = isinstance(error, IndexProblem)
        readable = not expected or isinstance(error, _STILL_READABLE)
        self.unreadable = None if readable else error
        message = f"{type(error).__name__}: {error}"
        if message not in self._logged_messages:
            self._logged_messages.add(message)
            _log.error(
                "Still serving generation %d: %s",
                self._pipeline.generation,
                message,
                exc_info=None if expected else error,
            )
