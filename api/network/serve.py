"""The pipeline of one process of the server, made ready and served."""

import gc
import socket
from collections.abc import Callable
from contextlib import suppress

from api.app import create_app
from api.hosts import AllowedHosts
from api.network.server import Server
from api.service import Limits
from index.cores import cores
from index.errors import RagError
from rag.models.load import fingerprint_in, load_model_of
from rag.pipeline import Pipeline
from rag.results import to_json
from rag.settings import Settings

_WARM_UP = "What is it about, and who is it for?"
"""Any question does that has two parts."""


def open_pipeline(settings: Settings) -> Pipeline:
    """The pipeline for the settings; its model has one worker's share of the cores.

    Raises IndexMissing, IndexMismatch, IndexDamaged or ModelUnusable.
    """
    n_threads = max(1, cores() // settings.workers)
    return Pipeline.open(settings, load_model_of(fingerprint_in(settings), settings, n_threads))


def serve_on(
    listener: socket.socket,
    settings: Settings,
    on_ready: Callable[[Pipeline], None],
    *,
    access_log: bool,
) -> None:
    """Serve on a bound socket until a signal; `on_ready` is called when requests are answered.

    Raises as `open_pipeline` does.
    """
    pipeline = open_pipeline(settings)
    _warm(pipeline)
    limits = Limits(settings.queue, int(settings.cache_mb * 1_000_000))
    app = create_app(pipeline, limits, AllowedHosts.of(settings))
    Server(app, lambda: on_ready(pipeline), access_log=access_log).run(sockets=[listener])


def _warm(pipeline: Pipeline) -> None:
    """Do all that is done only once, so that no request pays for it."""
    with suppress(RagError):  # a request that meets it is told
        to_json(pipeline.search(_WARM_UP))
        to_json(pipeline.ask(_WARM_UP, explain=True, merge=True))
    # What is there stays to the end. Not to walk it once more spares each later collection that,
    # and ends the process in 0.5 s rather than 1.9 s.
    gc.collect()
    gc.freeze()
