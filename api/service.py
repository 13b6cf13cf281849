"""What every route is handed: the pipeline, and what is set up around it."""

from dataclasses import dataclass
from typing import Annotated

from anyio import CapacityLimiter
from fastapi import Depends
from starlette.requests import Request

from api.refresher import Refresher
from rag.pipeline import Pipeline

SEARCHES_AT_ONCE = 4
"""More would only wait for one another: the model takes one question at a time."""


@dataclass(frozen=True, slots=True)
class Service:
    """A pipeline, its refresher, and the limit on searches.

    Searches have threads of their own, so that however many are waiting, the other routes answer.
    """

    pipeline: Pipeline
    refresher: Refresher
    searches: CapacityLimiter

    @classmethod
    def around(cls, pipeline: Pipeline) -> "Service":
        return cls(pipeline, Refresher(pipeline), CapacityLimiter(SEARCHES_AT_ONCE))


async def service_of(request: Request) -> Service:
    """The service of the app that a request came to."""
    service: Service = request.app.state.service
    return service


Served = Annotated[Service, Depends(service_of)]
