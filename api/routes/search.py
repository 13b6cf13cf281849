"""The routes that answer a question, in sentences or in passages."""

from collections.abc import Callable
from functools import partial

from fastapi import APIRouter
from starlette.responses import Response

from api.json_body import JsonRoute
from api.problems import responses
from api.schemas import AskRequest, SearchRequest
from api.service import Served, Service
from rag.results import Answer, SearchResult

router = APIRouter(tags=["search"], route_class=JsonRoute)


@router.post(
    "/v1/ask",
    response_model=Answer,
    response_description="The sentences that answer, and the passages behind them.",
    responses=responses(400, 413, 415, 422, 429, 500, 503),
    summary="Answer a question with the documents' own sentences",
)
async def ask(asked: AskRequest, service: Served) -> Response:
    """Each sentence carries a citation: `quote` is exactly `[start, end)` of the document's
    canonical text, which `GET /v1/documents/{doc_id}/text` returns. A question that asks for
    several things gets a sentence for each.

    If the documents most likely do not answer it, `answered` is false, there is no sentence, and
    `passages` are the nearest ones. If there is no passage at all, `reason` says why.
    """
    return await _found(service.pipeline.ask, asked, service)


@router.post(
    "/v1/search",
    response_model=SearchResult,
    response_description="The passages, best first; or the reason why there is none.",
    responses=responses(400, 413, 415, 422, 429, 500, 503),
    summary="Find the passages that answer a question best",
)
async def search(asked: SearchRequest, service: Served) -> Response:
    """Each passage carries a citation: `quote` is exactly `[start, end)` of the document's
    canonical text, which `GET /v1/documents/{doc_id}/text` returns.

    Questions that the documents do not answer still get the nearest passages, with a low
    `confidence` and `answered` false.
    """
    return await _found(service.pipeline.search, asked, service)


async def _found(
    find: Callable[..., Answer | SearchResult],
    asked: AskRequest | SearchRequest,
    service: Service,
) -> Response:
    call = partial(
        find, asked.query, asked.k, asked.filter, explain=asked.explain, merge=asked.merge
    )
    body = await service.answer(repr(asked), call)
    # The command line prints the same bytes; FastAPI would write them its own way.
    return Response(body, media_type="application/json")
