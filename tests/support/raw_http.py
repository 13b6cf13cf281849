"""Bytes on a socket, for requests that no HTTP library would send."""

import socket
from contextlib import suppress
from urllib.parse import urlsplit

import httpx

from serving import PATIENCE_S


def connect(client: httpx.Client) -> socket.socket:
    """A connection to the server that a client is of."""
    address = urlsplit(str(client.base_url))
    return socket.create_connection((address.hostname, address.port), timeout=PATIENCE_S)


def read_all(connection: socket.socket) -> bytes:
    """All that comes until the server ends the connection."""
    parts = []
    with suppress(ConnectionError):  # it may be reset behind what was sent
        while part := connection.recv(65536):
            parts.append(part)
    return b"".join(parts)


def answer_to(client: httpx.Client, request: bytes) -> bytes:
    """All that the server sends for these bytes, until it ends the connection."""
    with connect(client) as connection:
        with suppress(ConnectionError):  # it need not take all
            connection.sendall(request)
        return read_all(connection)


def status(response: bytes) -> int:
    """Of the first response."""
    version, code = response.split(b" ", 2)[:2]
    assert version == b"HTTP/1.1"
    return int(code)
