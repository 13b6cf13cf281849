"""Errors as problem details (RFC 9457): one table from exception classes to responses.

A problem's `type` is a path of this service that explains it, or `about:blank` if the status is
explanation enough. Messages of server errors can contain paths of the server. They are logged, and
the client gets a general text.
"""

import re
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import Response

from index import errors

MEDIA_TYPE = "application/problem+json"
BLANK = "about:blank"

SECURITY_HEADERS = {
    "x-content-type-options": "nosniff",
    "cache-control": "no-store",
    "content-security-policy": "default-src 'none'; frame-ancestors 'none'",
}
"""Headers of every response. Browsers must not guess the media type, must not cache (documents can
be private, and change), and must not load anything from a response or embed it in a page."""


class Fault(BaseModel):
    """One thing wrong with a request."""

    model_config = ConfigDict(frozen=True)

    location: str = Field(description="The field, as in `filter.doc_id.0`, or `body`.")
    message: str = Field(description="What is wrong with it.")


class Problem(BaseModel):
    """A problem detail (RFC 9457)."""

    model_config = ConfigDict(frozen=True)

    type: str = Field(
        description="The kind of problem: a path that explains it, or `about:blank` if the status "
        "is the whole explanation. Compare it; do not parse it."
    )
    title: str = Field(description="The kind of problem in a few words.")
    status: int = Field(ge=400, le=599, description="The HTTP status.")
    detail: str = Field(description="What happened, and what to do about it.")
    instance: str = Field(description="The path of the request.")
    errors: list[Fault] | None = Field(
        default=None,
        exclude_if=lambda errors: errors is None,
        description="Each fault of an invalid request; otherwise absent.",
    )


@dataclass(frozen=True, slots=True)
class ProblemKind:
    """The status and texts for an exception class.

    detail: text for the client in place of the exception's message, if that is not public
    """

    status: int
    title: str
    detail: str | None = None
    retry_after_s: int | None = None


_LATER = "the service's log has the reason; try again later"

PROBLEM_KINDS: dict[type[errors.RagError], ProblemKind] = {
    errors.BadInput: ProblemKind(422, "The request is invalid"),
    errors.BadQuery: ProblemKind(422, "The question is invalid"),
    errors.NotFound: ProblemKind(404, "There is no such document"),
    errors.SpanOutOfRange: ProblemKind(422, "The span is outside the document"),
    errors.PreconditionFailed: ProblemKind(412, "The document is not as the request requires"),
    errors.UnsupportedType: ProblemKind(415, "The media type is not supported"),
    errors.JobNotFound: ProblemKind(404, "There is no such job"),
    errors.NoRectangles: ProblemKind(404, "The document has no rectangles"),
    errors.FileChanged: ProblemKind(409, "The file has changed since it was indexed"),
    errors.BadDataset: ProblemKind(422, "The evaluation set cannot be used"),
    errors.UnreadableDocument: ProblemKind(422, "The document cannot be read"),
    errors.ModelUnusable: ProblemKind(503, "The model cannot be used", _LATER),
    errors.IndexProblem: ProblemKind(503, "The index cannot be used", _LATER),
    errors.IndexMissing: ProblemKind(
        503, "There is no index", "create an index with `rag ingest PATH` on the server"
    ),
    errors.IndexMismatch: ProblemKind(
        503,
        "The index was built with another model",
        "rebuild the index with `rag ingest --rebuild` on the server",
    ),
    errors.IndexBusy: ProblemKind(
        503,
        "Another process is writing to the index",
        "another process is writing to the index; try again in a moment",
        retry_after_s=1,
    ),
    errors.IndexDamaged: ProblemKind(503, "The index is damaged", _LATER),
    errors.StorageFull: ProblemKind(507, "The server's disk is full", _LATER),
    errors.Overloaded: ProblemKind(429, "Too many questions are waiting", retry_after_s=1),
    errors.TooManyChanges: ProblemKind(429, "Too many changes are waiting", retry_after_s=2),
    errors.ServiceStopping: ProblemKind(
        503,
        "The service is stopping",
        "the service stopped before the change was complete; send it again after the restart",
        retry_after_s=5,
    ),
    errors.CitationBroken: ProblemKind(
        500,
        "A citation could not be verified",
        "a passage differs from its slice of the document, so nothing is returned; this is an "
        "internal error, and the service's log has the details",
    ),
    errors.RagError: ProblemKind(500, "An internal error occurred", _LATER),
}

INVALID_REQUEST = ProblemKind(422, "The request does not match its schema")


def slug_of(error: type[errors.RagError]) -> str:
    """Return the last part of the `type` for an exception class: `bad-query` for BadQuery."""
    return re.sub(r"(?<!^)(?=[A-Z])", "-", error.__name__).lower()


def kinds_by_slug() -> dict[str, tuple[ProblemKind, str]]:
    """Return the kind and explanation of every problem with its own `type`, by the type's slug."""
    kinds = {slug_of(error): (kind, error.__doc__ or "") for error, kind in PROBLEM_KINDS.items()}
    kinds["invalid-request"] = (
        INVALID_REQUEST,
        "A field is missing, unknown or out of range; `errors` lists each.",
    )
    return kinds


def kind_of(error: errors.RagError) -> tuple[str, ProblemKind]:
    """Return the slug and kind of an error's class, or of its nearest base class in the table."""
    kinds = next(base for base in type(error).__mro__ if base in PROBLEM_KINDS)
    return slug_of(kinds), PROBLEM_KINDS[kinds]


def blank_problem(status: int, detail: str, instance: str) -> Problem:
    """Return a problem of the type `about:blank`, titled by its status."""
    title = HTTPStatus(status).phrase
    return Problem(type=BLANK, title=title, status=status, detail=detail, instance=instance)


def raw_response(problem: Problem) -> bytes:
    """Return a whole HTTP response as bytes, for a request that could not be parsed. The response
    closes the connection."""
    body = problem.model_dump_json(exclude_none=True).encode()
    headers = {
        "content-type": MEDIA_TYPE,
        "content-length": str(len(body)),
        "connection": "close",
        **SECURITY_HEADERS,
    }
    lines = [f"HTTP/1.1 {problem.status} {problem.title}", *map(": ".join, headers.items())]
    return "\r\n".join([*lines, "", ""]).encode("ascii") + body


def response_of(problem: Problem, headers: dict[str, str] | None = None) -> Response:
    return Response(
        problem.model_dump_json(exclude_none=True), problem.status, headers, media_type=MEDIA_TYPE
    )


def responses(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """Return the problem responses of a route for OpenAPI."""
    responses_by_status: dict[int | str, dict[str, Any]] = {
        status: {"model": Problem, "description": _meaning(status)} for status in statuses
    }
    if 429 in responses_by_status:
        responses_by_status[429]["headers"] = {
            "Retry-After": {
                "description": "Seconds to wait before the next try.",
                "schema": {"type": "integer", "minimum": 1},
            }
        }
    return responses_by_status | {"default": {"model": Problem, "description": "Any other problem"}}


def _meaning(status: int) -> str:
    titles = [kind.title for kind, _ in kinds_by_slug().values() if kind.status == status]
    return "; ".join(dict.fromkeys(titles)) or HTTPStatus(status).phrase
