"""Bytes on a socket, for requests that no HTTP library sends."""

import socket
from contextlib import suppress
from urllib.parse import urlsplit

import httpx

from serving import PATIENCE_S


def connect(client: httpx.Client) -> socket.socket:
    """Return a connection to a client's server."""
    address = urlsplit(str(client.base_url))
    return socket.create_connection((address.hostname, address.port), timeout=PATIENCE_S)


def read_all(connection: socket.socket) -> bytes:
    """Return everything until the server closes the connection."""
    parts = []
    with suppress(ConnectionError):  # it may be reset after the response
        while part := connection.recv(65536):
            parts.append(part)
    return b"".join(parts)


def answer_to(client: httpx.Client, request: bytes) -> bytes:
    """Send these bytes; return everything until the server closes the connection."""
    with connect(client) as connection:
        with suppress(ConnectionError):  # it need not read everything
            connection.sendall(request)
        return read_all(connection)


def status(response: bytes) -> int:
    """The status of the first response."""
    version, code = response.split(b" ", 2)[:2]
    assert version == b"HTTP/1.1"
    return int(code)
