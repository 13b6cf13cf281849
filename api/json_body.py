"""Request bodies read as strict JSON: UTF-8, no name twice, no number that JSON does not have."""

import json
from collections.abc import Callable, Coroutine
from typing import Any, NoReturn

from fastapi.routing import APIRoute
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response


class BadJson(HTTPException):
    """A body that Python would read and JSON does not allow."""

    def __init__(self, reason: str) -> None:
        super().__init__(400, f"the body is not JSON: {reason}; send a JSON object")


def _parse_object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) < len(pairs):
        names = [name for name, _ in pairs]
        repeated = next(name for name in names if names.count(name) > 1)
        printable_name = repeated.encode("utf-8", "replace").decode()[:100]
        raise BadJson(f"the name {printable_name!r} occurs twice")
    return members


def _reject_constant(name: str) -> NoReturn:
    raise BadJson(f"{name} is not a JSON number")


def _parse(body: bytes) -> Any:
    text = body.decode("utf-8")
    return json.loads(text, object_pairs_hook=_parse_object, parse_constant=_reject_constant)


def parse_json(body: bytes) -> Any:
    """Return the value of a body of strict JSON. Raises BadJson."""
    try:
        return _parse(body)
    except json.JSONDecodeError as error:
        raise BadJson(f"{error.msg} at character {error.pos}") from error
    except UnicodeDecodeError as error:
        raise BadJson("it is not UTF-8") from error
    except RecursionError as error:
        raise BadJson("it is nested too deeply") from error


class _JsonRequest(Request):
    async def json(self) -> Any:
        return _parse(await self.body())


class JsonRoute(APIRoute):
    """A route whose body is read so."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        handle = super().get_route_handler()

        async def handle_strictly(request: Request) -> Response:
            return await handle(_JsonRequest(request.scope, request.receive))

        return handle_strictly
