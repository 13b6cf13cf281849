"""A real server on a real port, in a thread of the test process."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace

import httpx

from api.app import create_app
from api.hosts import AllowedHosts
from api.network.connections import ConnectionLimits
from api.network.server import Server, bound, url_of
from api.service import Limits
from api.writing.writes import Writing
from rag.pipeline import Pipeline

PATIENCE_S = 20.0


@contextmanager
def serving(
    pipeline: Pipeline,
    limits: Limits = Limits(),
    connections: ConnectionLimits = ConnectionLimits(),
    hosts: AllowedHosts = AllowedHosts(),
    writing: Writing | None = None,
) -> Iterator[httpx.Client]:
    """Yield a client of a server with a pipeline, which is closed with it.

    writing: what it needs to change documents; None if that is off
    """
    app = create_app(pipeline, limits, hosts, writing)
    if writing is not None:
        connections = replace(connections, upload_bytes=writing.body_bytes)
    server = Server(app, lambda: None, limits=connections, log=False)
    with bound("127.0.0.1", 0) as listener:
        url = url_of(listener)
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
        thread.start()
        try:
            until(lambda: server.started or not thread.is_alive())
            with httpx.Client(base_url=url, timeout=PATIENCE_S) as client:
                yield client
        finally:
            server.should_exit = True
            thread.join(PATIENCE_S)
    assert not thread.is_alive()


def until(holds: Callable[[], bool], patience_s: float = PATIENCE_S) -> None:
    """Wait until a condition is true; fail if that takes too long."""
    deadline = time.monotonic() + patience_s
    while not holds():
        assert time.monotonic() < deadline, "it never came to hold"
        time.sleep(0.02)
