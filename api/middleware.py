"""What is seen to before a request meets its route."""

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.handler import on_error

MAX_BODY_BYTES = 64 * 1024
"""The longest question and filter that are allowed, with room to spare."""


def _too_large() -> HTTPException:
    # The connection is closed: what is left of the body would have to be read to be skipped.
    return HTTPException(
        413,
        f"the body has more than {MAX_BODY_BYTES:,} bytes; send a shorter one",
        {"Connection": "close"},
    )


class BodyLimit:
    """Refuses a body that is too large: at once if its length is said, else while it is read."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return await self._app(scope, receive, send)
        request = Request(scope)
        said = request.headers.get("content-length", "")
        if said.isdecimal() and int(said) > MAX_BODY_BYTES:
            response = await on_error(request, _too_large())
            return await response(scope, receive, send)
        return await self._app(scope, _counted(receive), send)


def _counted(receive: Receive) -> Receive:
    """`receive`, raising HTTPException once more than the limit has come."""
    n_bytes = 0

    async def counted() -> Message:
        nonlocal n_bytes
        message = await receive()
        n_bytes += len(message.get("body", b""))
        if n_bytes > MAX_BODY_BYTES:
            raise _too_large()
        return message

    return counted


class HeadAsGet:
    """Answers HEAD as GET; the server that runs the app leaves out the body."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and scope["method"] == "HEAD":
            scope = {**scope, "method": "GET"}
        await self._app(scope, receive, send)
