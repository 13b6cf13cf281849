"""The route that answers a question."""

from functools import partial

from anyio import to_thread
from fastapi import APIRouter
from starlette.responses import Response

from api.problems import responses
from api.service import Served
from api.wire import SearchRequest
from rag.results import SearchResult, to_json

router = APIRouter(tags=["search"])


@router.post(
    "/v1/search",
    response_model=SearchResult,
    response_description="The passages, best first; none if nothing passes the filter.",
    responses=responses(400, 413, 415, 422, 500, 503),
    summary="Find the passages that answer a question best",
)
async def search(asked: SearchRequest, service: Served) -> Response:
    """Each passage carries a citation: `quote` is exactly `[start, end)` of the document's
    canonical text, which `GET /v1/documents/{doc_id}/text` returns.

    Questions that the documents do not answer still get the nearest passages, with a low
    `confidence`.
    """
    find = partial(
        service.pipeline.search, asked.query, asked.k, asked.filter, explain=asked.explain
    )
    result = await to_thread.run_sync(find, limiter=service.searches)
    # The command line prints the same bytes; FastAPI would write them its own way.
    return Response(to_json(result), media_type="application/json")
