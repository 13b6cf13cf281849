"""The FastAPI application around a pipeline."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from importlib.metadata import version
from typing import Any

import anyio
from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp

from api.error_handler import on_error
from api.hosts import AllowedHosts, HostCheck
from api.middleware import HeadAsGet, SecurityHeaders
from api.problems import MEDIA_TYPE
from api.routes import changes as routes_changes
from api.routes import citations as routes_citations
from api.routes import documents as routes_documents
from api.routes import health as routes_health
from api.routes import jobs as routes_jobs
from api.routes import rectangles as routes_rectangles
from api.routes import search as routes_search
from api.service import Limits, Service
from api.writing.writes import Writing
from index.errors import RagError
from rag.pipeline import Pipeline

_DESCRIPTION = """Ask your documents: the sentences that answer and the highest-ranked passages,
each with a citation that anyone can check character by character.

Offsets are half-open and count Unicode code points of a document's canonical text. Errors are
problem details (RFC 9457). What is ingested while the service runs is served without a restart."""

_TAGS = [
    {"name": "search", "description": "Questions to cited sentences and passages."},
    {"name": "documents", "description": "The documents, and the text that citations point into."},
    {
        "name": "changes",
        "description": "Put, change and remove documents. Off, unless the service was started with "
        "`rag serve --writable`.",
    },
    {"name": "health", "description": "The state of the service."},
    {"name": "problems", "description": "What the types of problem details mean."},
]


class _Application(FastAPI):
    """FastAPI, except that in its OpenAPI errors have the media type that they are sent with, and
    that every response, of whatever error, has the headers of all."""

    def build_middleware_stack(self) -> ASGIApp:
        return SecurityHeaders(super().build_middleware_stack())

    def openapi(self) -> dict[str, Any]:
        if self.openapi_schema is None:
            for path in super().openapi()["paths"].values():
                for operation in path.values():
                    _type_problems(operation["responses"])
        return super().openapi()


def _type_problems(responses: dict[str, Any]) -> None:
    for status, response in responses.items():
        if status == "default" or int(status) >= 400:
            response["content"] = {MEDIA_TYPE: response["content"].pop("application/json")}


@asynccontextmanager
async def _lifespan(app: FastAPI) -> AsyncIterator[None]:
    """Follow the index while the app runs; close it when the app stops."""
    service: Service = app.state.service
    try:
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(service.refresher.run)
            yield
            tasks.cancel_scope.cancel()
    finally:
        if service.writes is not None:
            await anyio.to_thread.run_sync(service.writes.close)
        service.pipeline.close()


def create_app(
    pipeline: Pipeline,
    limits: Limits = Limits(),
    hosts: AllowedHosts = AllowedHosts(),
    writing: Writing | None = None,
) -> FastAPI:
    """The app that serves a pipeline, and closes it when it stops. It is meant for
    api.network.server, whose connections keep requests and their bodies within limits.

    writing: what is needed to change documents; None if that is off"""
    app = _Application(
        title="rag",
        version=version("rag"),
        description=_DESCRIPTION,
        openapi_tags=_TAGS,
        docs_url=None,  # these pages load their scripts from elsewhere
        redoc_url=None,
        redirect_slashes=False,
        generate_unique_id_function=lambda route: route.name,
        lifespan=_lifespan,
    )
    app.state.service = Service.around(pipeline, limits, writing)
    routes = (
        routes_search,
        routes_citations,
        routes_rectangles,
        routes_documents,
        routes_changes,
        routes_jobs,
        routes_health,
    )
    app.state.routes = [route for module in routes for route in module.router.routes]
    for module in routes:
        app.include_router(module.router)
    for error in (RagError, RequestValidationError, HTTPException, Exception):
        app.add_exception_handler(error, on_error)
    app.add_middleware(HeadAsGet)
    app.add_middleware(HostCheck, hosts=hosts)
    return app
