"""Open the pipeline of a server process, warm it up, and serve it."""

import gc
import socket
from collections.abc import Callable
from contextlib import suppress

from api.app import create_app
from api.hosts import AllowedHosts
from api.network.connections import ConnectionLimits
from api.network.server import Server
from api.served import ServedGenerations
from api.service import Limits
from api.writing.writes import Writing
from index.backends import backend_at
from index.cores import cores
from index.errors import RagError
from index.protocols import Embedder
from rag.models.load import fingerprint_in, load_model_of
from rag.pipeline import Pipeline
from rag.results import to_json
from rag.settings import Settings

_WARM_UP = "What is it about, and who is it for?"
"""A question with two parts, so that the code for parts runs too."""


def open_pipeline(settings: Settings) -> Pipeline:
    """Open the pipeline for the settings. The cores are divided among the workers' models.

    Raises IndexMissing, IndexMismatch, IndexDamaged or ModelUnusable.
    """
    return _open(settings)[1]


def _open(settings: Settings) -> tuple[Embedder, Pipeline]:
    n_threads = max(1, cores() // settings.workers)
    embedder = load_model_of(fingerprint_in(settings), settings, n_threads)
    return embedder, Pipeline.open(settings, embedder)


def serve_on(
    listener: socket.socket,
    settings: Settings,
    on_ready: Callable[[Pipeline], None],
    *,
    access_log: bool,
    served: ServedGenerations | None = None,
) -> None:
    """Serve on a bound socket until a signal. `on_ready` is called when requests are accepted.

    served: what all processes of the service serve; None if this is the only process

    Raises the errors of `open_pipeline`.
    """
    embedder, pipeline = _open(settings)
    _warm(pipeline)
    limits = Limits(settings.queue, int(settings.cache_mb * 1_000_000))
    app = create_app(
        pipeline, limits, AllowedHosts.of(settings), _writing(settings, embedder, served)
    )
    # After this process is counted among those that serve, and before it accepts requests: see
    # ServedGenerations.serve.
    app.state.service.refresher.refresh()
    server = Server(
        app,
        lambda: on_ready(pipeline),
        access_log=access_log,
        limits=ConnectionLimits(upload_bytes=settings.upload_bytes),
    )
    server.run(sockets=[listener])


def _writing(
    settings: Settings, embedder: Embedder, served: ServedGenerations | None
) -> Writing | None:
    if not settings.writable:
        return None
    return Writing(
        backend_at(settings.index, settings.backend),
        embedder,
        settings.index,
        settings.upload_bytes,
        served or ServedGenerations(),
    )


def _warm(pipeline: Pipeline) -> None:
    """Run each code path once, so that no request waits for imports and first-time work."""
    with suppress(RagError):  # requests report the same error
        to_json(pipeline.search(_WARM_UP))
        to_json(pipeline.ask(_WARM_UP, explain=True, merge=True))
    # The objects created so far live until the end. Later collections skip frozen objects, and the
    # process ends in 0.5 s instead of 1.9 s.
    gc.collect()
    gc.freeze()
