"""The routes for health checks, and the route that explains the types of problems."""

from typing import Annotated

from fastapi import APIRouter, Path
from pydantic import BaseModel, ConfigDict, Field
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from api.error_handler import problem_of
from api.problems import kinds_by_slug, response_of, responses
from api.schemas import Health, Ready
from api.service import ServiceDependency

router = APIRouter(tags=["health"])


class ProblemExplanation(BaseModel):
    """The kind of problem that a `type` identifies."""

    model_config = ConfigDict(frozen=True)

    type: str = Field(description="The `type` of problems of this kind.")
    title: str = Field(description="The kind in a few words.")
    status: int = Field(ge=400, le=599, description="The HTTP status of such a response.")
    description: str = Field(description="What it means.")


@router.get("/healthz", responses=responses(), summary="Whether the process is alive")
async def health() -> Health:
    """This does not read the index."""
    return Health()


@router.get(
    "/readyz",
    response_model=Ready,
    response_description="The index can be read.",
    responses=responses(503),
    summary="Whether the index can be read",
)
async def readiness(request: Request, service: ServiceDependency) -> Ready | Response:
    """The index on disk is checked about twice a second. While it cannot be read, searches use the
    generation that was open before."""
    unreadable = service.refresher.unreadable
    if unreadable is not None:
        return response_of(problem_of(request, unreadable))
    return await service.contents.ready()


@router.get(
    "/problems/{name}",
    tags=["problems"],
    responses=responses(404),
    summary="Explain a kind of problem",
)
async def explain_problem(
    name: Annotated[
        str, Path(description="The last part of a problem's `type`.", examples=["bad-query"])
    ],
) -> ProblemExplanation:
    """A problem's `type` is this path."""
    if name not in kinds_by_slug():
        raise HTTPException(404)
    kind, meaning = kinds_by_slug()[name]
    return ProblemExplanation(
        type=f"/problems/{name}", title=kind.title, status=kind.status, description=meaning
    )
