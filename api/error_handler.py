"""From an error to the response that tells of it."""

import logging
from collections.abc import Sequence
from typing import Any
from urllib.parse import quote

from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Match, Route

from api.problems import (
    INVALID_REQUEST,
    Fault,
    Problem,
    ProblemKind,
    blank_problem,
    kind_of,
    response_of,
)
from index.errors import RagError

_INTERNAL = "an internal error occurred; the service's log has the details"
_UNREAD_BODY = "There was an error parsing the body"  # FastAPI's words
_MAX_FAULTS = 20
_MAX_LOCATION = 100
_MESSAGES = {
    "missing": "is missing",
    "extra_forbidden": "is unknown; `GET /openapi.json` lists all names",
    "model_attributes_type": "should be a JSON object",
    "model_type": "should be a JSON object",
}
_log = logging.getLogger(__name__)


def problem_of(request: Request, error: Exception) -> Problem:
    """What a client is told of an error."""
    if isinstance(error, RagError):
        return problem_at(_instance(request), error)
    if isinstance(error, RequestValidationError):
        return _of_validation(request, error)
    if isinstance(error, HTTPException):
        return _blank(request, error.status_code, _detail(request, error))
    return _blank(request, 500, _INTERNAL)


async def on_error(request: Request, error: Exception) -> Response:
    """The response to any error.

    What is the server's own fault is logged here; an error that nobody foresaw is logged by the
    server that runs the app, which gets it too.
    """
    problem = problem_of(request, error)
    if isinstance(error, RagError):
        log_fault(error)
    return response_of(problem, _headers(request, error))


def problem_at(instance: str, error: Exception) -> Problem:
    """What a client is told of an error that occurred outside a request.

    instance: the path that the problem concerns
    """
    if not isinstance(error, RagError):
        return blank_problem(500, _INTERNAL, instance)
    slug, kind = kind_of(error)
    return Problem(
        type=f"/problems/{slug}",
        title=kind.title,
        status=kind.status,
        detail=kind.detail or str(error),
        instance=instance,
    )


def log_fault(error: Exception) -> None:
    """Log an error of the server that no client can mend; nothing for other errors."""
    if not isinstance(error, RagError):
        _log.error("%s: %s", type(error).__name__, error, exc_info=error)
    elif kind_of(error)[1].status >= 500:
        trace = error if kind_of(error)[1].status == 500 else None
        _log.error("%s: %s", type(error).__name__, error, exc_info=trace)


def _problem(
    request: Request, slug: str, kind: ProblemKind, detail: str, faults: list[Fault] | None = None
) -> Problem:
    return Problem(
        type=f"/problems/{slug}",
        title=kind.title,
        status=kind.status,
        detail=detail,
        instance=_instance(request),
        errors=faults,
    )


def _blank(request: Request, status: int, detail: str) -> Problem:
    return blank_problem(status, detail, _instance(request))


def _instance(request: Request) -> str:
    # Two slashes at the start would make a host of what follows.
    return "/" + raw_path(request).lstrip("/")


def raw_path(request: Request) -> str:
    """The request's path as it was sent, percent-encoded."""
    path: bytes = request.scope.get("raw_path") or quote(request.scope["path"]).encode()
    return path.decode("ascii", "replace")


def _headers(request: Request, error: Exception) -> dict[str, str]:
    if isinstance(error, HTTPException):
        headers = dict(error.headers or {})
        if error.status_code == 405:
            headers["Allow"] = _allowed(request)
        return headers
    if isinstance(error, RagError):
        retry_after_s = kind_of(error)[1].retry_after_s
        return {} if retry_after_s is None else {"Retry-After": str(retry_after_s)}
    if isinstance(error, RequestValidationError):
        return {}
    return {"Connection": "close"}  # as the server that runs the app does after what is unforeseen


def _allowed(request: Request) -> str:
    """Return the methods of all routes of a path. starlette names only those of the first one."""
    routes: Sequence[Route] = request.app.state.routes
    methods = {
        method
        for route in routes
        if route.matches(request.scope)[0] != Match.NONE
        for method in route.methods or ()
    }
    if "GET" in methods:  # see HeadAsGet
        methods |= {"HEAD"}
    return ", ".join(sorted(methods, key=lambda method: (method not in ("GET", "HEAD"), method)))


def _detail(request: Request, error: HTTPException) -> str:
    if error.status_code == 404:
        return f"there is no route {_instance(request)}; `GET /openapi.json` lists all routes"
    if error.status_code == 405:
        return f"{request.method} is not allowed here; use {_allowed(request)}"
    if error.status_code == 400 and error.detail == _UNREAD_BODY:
        return "the body cannot be read as JSON in UTF-8; send a JSON object"
    return str(error.detail)


def _of_validation(request: Request, error: RequestValidationError) -> Problem:
    errors = error.errors()
    if isinstance(error.body, bytes):  # FastAPI parses it only if it is said to be JSON
        return _blank(request, 415, "send JSON, with the header `Content-Type: application/json`")
    if errors[0]["type"] == "json_invalid":
        why = f"{errors[0]['ctx']['error']} at character {errors[0]['loc'][-1]}"
        return _blank(request, 400, f"the body is not JSON: {why}; send a JSON object")
    faults = [_fault(error_fields) for error_fields in errors[:_MAX_FAULTS]]
    detail = "; ".join(f"{fault.location}: {fault.message}" for fault in faults)
    return _problem(request, "invalid-request", INVALID_REQUEST, detail, faults)


def _fault(error: dict[str, Any]) -> Fault:
    where = ".".join(str(part) for part in error["loc"][1:]) or str(error["loc"][0])
    location = where.encode("utf-8", "replace").decode()[:_MAX_LOCATION]
    message: str = _MESSAGES.get(error["type"]) or error["msg"]
    return Fault(location=location, message=message[0].lower() + message[1:])
