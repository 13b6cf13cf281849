"""The task that has a running server follow its index: what another process ingests is served."""

import logging
import time

import anyio
from anyio import CapacityLimiter, to_thread

from index.errors import IndexBusy, IndexMismatch, IndexProblem, StorageFull
from rag.pipeline import Pipeline

INTERVAL_S = 0.5
_MIN_REST_RATIO = 9
"""Rest is at least so many times as long as the refresh before it: a tenth of the time at most."""

_STILL_READABLE = (IndexMismatch, IndexBusy, StorageFull)
_log = logging.getLogger(__name__)


class Refresher:
    """Asks a pipeline to refresh itself, again and again.

    unreadable: why the index on disk could not be read at the last look; None if it could. What was
    open before is served all the same.
    """

    def __init__(self, pipeline: Pipeline, interval_s: float = INTERVAL_S) -> None:
        self.unreadable: Exception | None = None
        self._pipeline = pipeline
        self._interval_s = interval_s
        self._limiter = CapacityLimiter(1)
        self._logged_messages: set[str] = set()

    async def run(self) -> None:
        """Refresh until cancelled; a refresh that is under way then is waited for."""
        while True:
            began = time.perf_counter()
            await to_thread.run_sync(self.refresh, limiter=self._limiter)
            took_s = time.perf_counter() - began
            await anyio.sleep(max(self._interval_s, _MIN_REST_RATIO * took_s))

    def refresh(self) -> None:
        """Go over to a new generation if there is one. An error leaves the old one in service."""
        try:
            changed = self._pipeline.refresh()
        except Exception as error:  # whatever it is, the old generation still serves
            self._log_failure(error)
        else:
            self.unreadable = None
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
