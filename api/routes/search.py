"""The routes that answer a question, and the one that tells why a passage is missing."""

from collections.abc import Callable
from functools import partial
from typing import TypeVar

from fastapi import APIRouter
from starlette.responses import Response

from api.json_body import JsonRoute
from api.problems import responses
from api.schemas import AskRequest, SearchRequest, WhyRequest
from api.service import ServiceDependency
from rag.answer.why.result import Why
from rag.results import Answer, SearchResult

_Result = TypeVar("_Result")

# Both routes send bytes: the command line prints the same, and FastAPI would write its own.
router = APIRouter(tags=["search"], route_class=JsonRoute)


@router.post(
    "/v1/ask",
    response_model=Answer,
    response_description="The sentences that answer the question, and the supporting passages.",
    responses=responses(400, 413, 415, 422, 429, 500, 503),
    summary="Answer a question with the documents' own sentences",
)
async def ask(request: AskRequest, service: ServiceDependency) -> Response:
    """Each sentence has a citation: `quote` is exactly `[start, end)` of the document's
    canonical text, which `GET /v1/documents/{doc_id}/text` returns. A question that asks for
    several things gets a sentence for each.

    If the documents most likely do not answer it, `answered` is false, there is no sentence, and
    `passages` are the nearest ones. If there is no passage at all, `reason` says why.
    """
    body = await service.ask(repr(request), _call(service.pipeline.read, request))
    return Response(body, media_type="application/json")


@router.post(
    "/v1/search",
    response_model=SearchResult,
    response_description="The passages, best first; or the reason why there is none.",
    responses=responses(400, 413, 415, 422, 429, 500, 503),
    summary="Find the passages that answer a question best",
)
async def search(request: SearchRequest, service: ServiceDependency) -> Response:
    """Each passage has a citation: `quote` is exactly `[start, end)` of the document's
    canonical text, which `GET /v1/documents/{doc_id}/text` returns.

    Questions that the documents do not answer still get the nearest passages, with a low
    `confidence` and `answered` false.
    """
    body = await service.search(repr(request), _call(service.pipeline.search, request))
    return Response(body, media_type="application/json")


@router.post(
    "/v1/why",
    response_model=Why,
    response_description="The steps of the expected passage, up to the one where it was lost.",
    responses=responses(400, 413, 415, 422, 429, 500, 503),
    summary="Explain why a question did not return the expected passage",
)
async def why(request: WhyRequest, service: ServiceDependency) -> Response:
    """The steps lead from the document to the answer: whether the index contains the document and
    a passage its line, whether FAISS or BM25 found the passage, how it ranked, whether a better one
    has nearly the same text, and what the answer quotes.

    A document that is not in the index is a step that was not passed, not an error.
    """
    call = partial(service.pipeline.why, request.query, request.expected, request.k)
    return Response(await service.search(repr(request), call), media_type="application/json")


def _call(
    method: Callable[..., _Result], request: AskRequest | SearchRequest
) -> Callable[[], _Result]:
    """Return a call of a pipeline's method with the parameters of a request."""
    return partial(
        method,
        request.query,
        request.k,
        request.filter,
        explain=request.explain,
        merge=request.merge,
        token_budget=request.token_budget,
        prefer=request.prefer,
    )
