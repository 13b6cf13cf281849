"""What an index holds, counted once a generation."""

from anyio import CapacityLimiter, to_thread

from api.schemas import Ready
from index.backend import State
from rag.pipeline import Pipeline


class Contents:
    """What `/readyz` says. It waits for the index only once a generation, so that who asks gets an
    answer however busy the index is."""

    def __init__(self, pipeline: Pipeline) -> None:
        self._pipeline = pipeline
        self._limiter = CapacityLimiter(1)
        self._cached: tuple[State, Ready] | None = None

    async def ready(self) -> Ready:
        with self._pipeline.snapshot() as snapshot:
            state = snapshot.state
        cached = self._cached
        if cached is None or cached[0] != state:
            cached = await to_thread.run_sync(self._count, limiter=self._limiter)
        return cached[1]

    def _count(self) -> tuple[State, Ready]:
        with self._pipeline.snapshot() as snapshot:
            n_documents, n_chunks = snapshot.count()
            ready = Ready(
                generation=snapshot.generation,
                n_documents=n_documents,
                n_chunks=n_chunks,
                model=snapshot.fingerprint.model.name,
            )
            self._cached = snapshot.state, ready
        return self._cached
