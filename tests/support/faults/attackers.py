"""Misbehaving clients. Each is a coroutine that counts what it receives and is restarted when it
ends, until it is cancelled."""

import asyncio
import json
from collections import Counter
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager

from faults.service_process import LARGE_DOCUMENT

HEAD = "POST /v1/search HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"

Met = Counter[str]
Attack = Callable[[int, Met], Coroutine[None, None, None]]
ATTACKS: dict[str, Attack] = {}


def attack(n: int) -> Callable[[Attack], Attack]:
    """Register an attacker, with n running concurrently."""

    def register(one: Attack) -> Attack:
        async def all_of_them(port: int, met: Met) -> None:
            await asyncio.gather(*(again_and_again(one, port, met) for _ in range(n)))

        ATTACKS[one.__name__] = all_of_them
        return one

    return register


async def again_and_again(one: Attack, port: int, met: Met) -> None:
    while True:
        try:
            await one(port, met)
        except OSError as error:
            met[type(error).__name__] += 1
        await asyncio.sleep(0.02)


@contextmanager
def closing(writer: asyncio.StreamWriter) -> Iterator[None]:
    try:
        yield
    finally:
        writer.transport.abort()


async def until_closed(reader: asyncio.StreamReader, met: Met) -> None:
    """Read to the end of the stream, and count the status at its start."""
    first = b""
    while chunk := await reader.read(65536):
        first = first or chunk
    met[status_of(first) if first else "closed"] += 1


def status_of(response: bytes) -> str:
    return response[:12].decode("ascii", "replace").removeprefix("HTTP/1.1 ")


async def connect(port: int) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    return await asyncio.open_connection("127.0.0.1", port)


async def send_until_closed(
    port: int, met: Met, first: bytes, then: bytes, pause_s: float = 0.0
) -> None:
    """Send a beginning, then the same bytes repeatedly, until the server closes the connection."""
    reader, writer = await connect(port)
    with closing(writer):
        writer.write(first)
        answered = asyncio.create_task(until_closed(reader, met))
        try:
            while then and not answered.done():
                writer.write(then)
                await writer.drain()
                await asyncio.sleep(pause_s)
            await answered
        finally:
            answered.cancel()


@attack(1)
async def nothing(_port: int, _met: Met) -> None:
    """No attack, for comparison."""
    await asyncio.sleep(1)


@attack(2500)
async def half_open_connections(port: int, met: Met) -> None:
    """The connections send nothing."""
    await send_until_closed(port, met, b"", b"")


@attack(300)
async def one_byte_a_second(port: int, met: Met) -> None:
    await send_until_closed(port, met, b"GET / HTTP/1.1\r\nX: ", b"x", 1.0)


@attack(8)
async def endless_headers(port: int, met: Met) -> None:
    line = b"x-%s: %s\r\n" % (b"a" * 30, b"b" * 4000)
    await send_until_closed(port, met, b"GET /healthz HTTP/1.1\r\n", line * 16)


@attack(8)
async def one_endless_header(port: int, met: Met) -> None:
    await send_until_closed(port, met, b"GET /healthz HTTP/1.1\r\nx: ", b"b" * 65536)


@attack(8)
async def long_request_lines(port: int, met: Met) -> None:
    await send_until_closed(port, met, b"GET /" + b"a" * 1_000_000 + b" HTTP/1.1\r\n", b"")


@attack(50)
async def tiny_chunks(port: int, met: Met) -> None:
    head = HEAD + "Transfer-Encoding: chunked\r\n\r\n"
    await send_until_closed(port, met, head.encode(), b"1\r\n \r\n" * 100, 0.01)


@attack(200)
async def bodies_that_never_end(port: int, met: Met) -> None:
    await send_until_closed(port, met, (HEAD + "Content-Length: 20\r\n\r\n{").encode(), b"")


@attack(50)
async def bodies_sent_to_no_route(port: int, met: Met) -> None:
    head = b"POST /nothing HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n"
    await send_until_closed(port, met, head, b"1000\r\n" + b"x" * 4096 + b"\r\n")


@attack(50)
async def bytes_of_tls(port: int, met: Met) -> None:
    await send_until_closed(port, met, b"\x16\x03\x01\x02\x00" + bytes(range(256)), b"")


@attack(8)
async def nested_json(port: int, met: Met) -> None:
    body = "[" * 60_000
    head = f"{HEAD}Connection: close\r\nContent-Length: {len(body)}\r\n\r\n"
    await send_until_closed(port, met, (head + body).encode(), b"")


async def leave_unread(port: int, met: Met, request: bytes, read_at_most: int = 0) -> None:
    """Send a request, and read nothing of the response, or a little per second."""
    reader, writer = await connect(port)
    writer.transport.pause_reading()  # type: ignore[attr-defined]
    with closing(writer):
        writer.write(request)
        while not writer.transport.is_closing():
            await asyncio.sleep(1)
            if read_at_most:
                reader._buffer.clear()  # type: ignore[attr-defined]
                writer.transport.resume_reading()  # type: ignore[attr-defined]
                await reader.read(read_at_most)
            writer.write(b"\r\n")  # so that it detects a closed server
        met["closed"] += 1


def text_request(n: int = 0) -> bytes:
    path = LARGE_DOCUMENT.format(n)
    return f"GET /v1/documents/{path}/text HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n".encode()


@attack(60)
async def large_texts_left_unread(port: int, met: Met) -> None:
    await leave_unread(port, met, text_request(met.total() % 4))


@attack(60)
async def large_texts_read_slowly(port: int, met: Met) -> None:
    await leave_unread(port, met, text_request(met.total() % 4), 4096)


@attack(20)
async def large_texts_read_fast(port: int, met: Met) -> None:
    request = text_request(met.total() % 4).replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n")
    await send_until_closed(port, met, request, b"")


@attack(100)
async def pipelined_and_unread(port: int, met: Met) -> None:
    await leave_unread(port, met, b"GET /openapi.json HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n" * 5000)


@attack(25)
async def questions_whose_clients_leave(port: int, met: Met) -> None:
    met["asked"] += 1
    words = " ".join(f"bridge{met['asked'] * 311 + n}" for n in range(150))[:1900]
    body = json.dumps({"query": words, "k": 100})
    _, writer = await connect(port)
    with closing(writer):
        writer.write(f"{HEAD}Content-Length: {len(body)}\r\n\r\n{body}".encode())
        await writer.drain()
        await asyncio.sleep(0.02)
