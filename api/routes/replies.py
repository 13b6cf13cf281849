"""The replies to changes: the result, or a job that goes on."""

from typing import Any
from urllib.parse import quote

from pydantic import BaseModel
from starlette.responses import Response

from api.routes.document_ids import PREFIX
from api.writing.job import Job
from api.writing.results import DocumentWritten, JobOut, UploadResult
from api.writing.writes import Writes

JOBS = "/v1/jobs"

DEFAULT_WAIT_S = 4.0
"""Common clients give up after 5 s."""
LONGEST_WAIT_S = 600.0
RETRY_AFTER_S = 1


async def made(writes: Writes, job: Job, wait: bool | None) -> Response:
    """Return the reply to a change when every search finds it, or a job after some time.

    wait: as in the query. Raises the error of a change that failed.
    """
    wait_s = {None: DEFAULT_WAIT_S, True: LONGEST_WAIT_S, False: 0.0}[wait]
    if not await writes.wait(job, wait_s):
        return _job_response(writes, job)
    if job.error is not None:
        raise job.error
    result = job.result()
    headers, status = {}, 200
    if (etag := job.etag()) is not None:
        headers["ETag"] = etag
    if isinstance(result, DocumentWritten) and result.result == "created":
        headers["Location"] = f"{PREFIX}/{quote(result.document.doc_id, safe='')}"
        status = 201
    if isinstance(result, UploadResult) and result.n_failed:
        status = 207
    return Response(
        result.model_dump_json(exclude_none=False), status, headers, media_type="application/json"
    )


def _job_response(writes: Writes, job: Job) -> Response:
    writes.announce(job)
    headers = {"Location": f"{JOBS}/{job.job_id}", "Retry-After": str(RETRY_AFTER_S)}
    return Response(job.out().model_dump_json(), 202, headers, media_type="application/json")


def created(description: str, model: type[BaseModel]) -> dict[int | str, dict[str, Any]]:
    """Return the OpenAPI response 201."""
    headers = {
        "Location": {"description": "Its path.", "schema": {"type": "string"}},
        "ETag": {"description": "It identifies this version.", "schema": {"type": "string"}},
    }
    return {201: {"model": model, "description": description, "headers": headers}}


def accepted() -> dict[int | str, dict[str, Any]]:
    """Return the OpenAPI response 202."""
    headers = {
        "Location": {"description": "The path of the job.", "schema": {"type": "string"}},
        "Retry-After": {
            "description": "Seconds after which to look at the job.",
            "schema": {"type": "integer", "minimum": 1},
        },
    }
    return {
        202: {
            "model": JobOut,
            "description": "It takes longer; nothing is stored yet. The job tells when it is done.",
            "headers": headers,
        }
    }
