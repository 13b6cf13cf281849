"""The route that shows jobs."""

from typing import Annotated

from fastapi import APIRouter, Path

from api.problems import responses
from api.routes.upload_bodies import writes_of
from api.service import ServiceDependency
from api.writing.results import JobOut
from index.errors import JobNotFound

router = APIRouter(tags=["changes"])


@router.get(
    "/v1/jobs/{job_id}",
    response_description="The job. `state` is `done` or `failed` at its end.",
    responses=responses(403, 404, 500, 503),
    summary="Show how far a change is",
)
def get_job(
    service: ServiceDependency,
    job_id: Annotated[
        str,
        Path(
            description="The end of `Location` in the response to a change.",
            examples=["0f6d0a6d1f4b4c9e9d5f8f5b8a7e6d5c"],
        ),
    ],
) -> JobOut:
    """The last 200 jobs are kept, also after a restart of the service. A job that was not stored
    when the service stopped has failed."""
    job = writes_of(service).files.read(job_id)
    if job is None:
        raise JobNotFound(
            f"no job {job_id[:100]!r}; only the last ones are kept. `GET /v1/documents/{{doc_id}}` "
            "shows what is stored"
        )
    return job
