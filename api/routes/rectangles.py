"""The route for a quote's rectangles on the pages of its file."""

from functools import partial
from typing import Annotated

from anyio import to_thread
from fastapi import APIRouter, Path, Query
from starlette.requests import Request
from starlette.responses import Response

from api.problems import responses
from api.routes.document_ids import ID_IN_PATH, PREFIX, asks_for, whole_id
from api.routes.documents import document_response
from api.schemas import SpanRequest
from api.service import Service, ServiceDependency
from rag.locate import QuoteRectangles, locate

PdfIdInPath = Annotated[
    str,
    Path(
        description=ID_IN_PATH,
        examples=["docs/manual.pdf"],
    ),
]

router = APIRouter(tags=["documents"], prefix=PREFIX)


# Registered before the routes of documents, one of which matches every path.
@router.get(
    "/{doc_id:doc_id}/rectangles",
    response_model=QuoteRectangles,
    response_description="The rectangles, in reading order.",
    responses=responses(404, 409, 422, 429, 500, 503),
    summary="Find a quote's rectangles on the pages of a PDF",
)
async def get_rectangles(
    request: Request,
    service: ServiceDependency,
    doc_id: PdfIdInPath,
    span: Annotated[SpanRequest, Query()],
) -> Response:
    """Send the `start` and `end` of a citation. Coordinates are in points (1/72 inch) from the top
    left corner of the page as it is shown; y grows downwards.

    The document's file is read, and must have the same bytes as when it was indexed. Only PDFs have
    rectangles."""
    if not asks_for(request, "rectangles"):
        return await to_thread.run_sync(document_response, request, service, whole_id(request))
    find = partial(_rectangles, service, doc_id, span)
    return Response(await service.locating.run(find), media_type="application/json")


def _rectangles(service: Service, doc_id: str, span: SpanRequest) -> bytes:
    record = service.pipeline.record(doc_id)
    end = record.n_chars if span.end is None else span.end
    return locate(record, span.start, end).model_dump_json().encode()
