"""A socket to listen on, and uvicorn on it."""

import errno
import os
import socket
from asyncio import get_running_loop
from collections.abc import Callable
from ipaddress import ip_address
from math import ceil
from types import FrameType
from typing import Any

import uvicorn
from starlette.types import ASGIApp

from api.logs import log_config
from api.network.connection import Connection
from api.network.connections import ConnectionLimits, Connections
from api.network.shutdown import end_after
from index.errors import BadInput

_SHUTDOWN_S = 2
"""How long a stop waits for requests under way."""

_TICKS_A_SWEEP = 5
"""Of uvicorn's ticks, which are .1 s apart."""


def bound(host: str, port: int) -> socket.socket:
    """Return a socket bound to an address, not yet listening. Port 0 picks a free port.

    Raises BadInput if the address cannot be used.
    """
    family, address = _address(host, port)
    listener = socket.socket(family, socket.SOCK_STREAM)
    try:
        if os.name == "posix":  # elsewhere it lets two processes share a port
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(address)
    except OSError as error:
        listener.close()
        raise _refusal(error, host, port) from error
    return listener


def _address(host: str, port: int) -> tuple[socket.AddressFamily, Any]:
    try:
        addresses = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    except (OSError, UnicodeError) as error:
        raise BadInput(f"the host {host!r} has no address; choose another with --host") from error
    # IPv4 if there is a choice: `localhost` may stand for ::1 where IPv6 is off.
    family, _, _, _, address = min(addresses, key=lambda entry: entry[0] != socket.AF_INET)
    return family, address


def _refusal(error: OSError, host: str, port: int) -> BadInput:
    if error.errno == errno.EADDRINUSE:
        return BadInput(f"port {port} on {host} is in use; choose another with --port")
    if error.errno == errno.EACCES:
        return BadInput(f"port {port} requires privileges; choose one above 1023 with --port")
    if error.errno == errno.EADDRNOTAVAIL:
        return BadInput(f"{host} is not an address of this machine; choose another with --host")
    why = error.strerror or error
    return BadInput(
        f"cannot listen on {host}, port {port} ({why}); choose others with --host, --port"
    )


def url_of(listener: socket.socket) -> str:
    """Return the server's URL for a client on this machine."""
    host, port = listener.getsockname()[:2]
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def is_local(listener: socket.socket) -> bool:
    """Whether the socket can be reached from this machine only."""
    return ip_address(listener.getsockname()[0].partition("%")[0]).is_loopback


class Server(uvicorn.Server):
    """uvicorn's server with a callback when it is ready, limits on its connections, and a limit on
    the time that a stop takes."""

    def __init__(
        self,
        app: ASGIApp,
        on_ready: Callable[[], None],
        *,
        access_log: bool = False,
        limits: ConnectionLimits = ConnectionLimits(),
        log: bool = True,
    ) -> None:
        """log: whether to configure logging; False if the caller has done so."""
        self._connections = Connections(limits.within_file_limit())
        config = uvicorn.Config(
            app,
            http=type("ServedConnection", (Connection,), {"peers": self._connections}),
            ws="none",
            lifespan="on",
            log_config=log_config() if log else None,
            log_level="info" if log else None,
            access_log=access_log,
            server_header=False,
            timeout_keep_alive=ceil(limits.idle_s) + 1,  # the connections see to it themselves
            timeout_graceful_shutdown=_SHUTDOWN_S,
        )
        super().__init__(config)
        self._on_ready = on_ready

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets=sockets)
        self._on_ready()

    async def on_tick(self, counter: int) -> bool:
        if counter % _TICKS_A_SWEEP == 0:
            self._connections.sweep(get_running_loop().time())
        return await super().on_tick(counter)

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        if not self.should_exit:
            end_after(sig)
        super().handle_exit(sig, frame)
