"""The routes for documents and their canonical text."""

from typing import Annotated

from anyio import to_thread
from fastapi import APIRouter, Query
from starlette.requests import Request
from starlette.responses import Response

from api.problems import responses
from api.routes.document_ids import PREFIX, DocumentIdInPath, asks_for, whole_id
from api.schemas import (
    DocumentOut,
    DocumentPage,
    PageRequest,
    SpanRequest,
    TextSlice,
)
from api.service import Service, ServiceDependency
from api.texts import TextResponse
from api.writing.etag import Condition, etag_of

router = APIRouter(tags=["documents"], prefix=PREFIX)


@router.get(
    "",
    response_description="A page of documents, and the start of the next page.",
    responses=responses(422, 500, 503),
    summary="List the documents",
)
def list_documents(
    service: ServiceDependency, page: Annotated[PageRequest, Query()]
) -> DocumentPage:
    """Sorted by id, in the order of code points."""
    with service.pipeline.snapshot() as snapshot:
        records = snapshot.records(page.after, page.limit + 1)
        return DocumentPage(
            documents=[DocumentOut.of(record) for record in records[: page.limit]],
            generation=snapshot.generation,
            next=records[page.limit - 1].doc_id if len(records) > page.limit else None,
        )


# Declared before `get_document`, whose path also matches paths that end with `/text`.
@router.get(
    "/{doc_id:doc_id}/text",
    response_model=TextSlice,
    response_description="The text, and the SHA-256 of the document's whole text.",
    responses=responses(404, 422, 429, 500, 503),
    summary="Read a document's canonical text, or a part of it",
)
async def get_text(
    request: Request,
    service: ServiceDependency,
    doc_id: DocumentIdInPath,
    span_request: Annotated[SpanRequest, Query()],
) -> Response:
    """To verify a citation, request its `start` and `end` and compare `text` with its `quote`. The
    SHA-256 in the citation is that of the whole text in UTF-8."""
    if not asks_for(request, "text"):
        return await to_thread.run_sync(document_response, request, service, whole_id(request))
    return TextResponse(service.texts, doc_id, span_request.start, span_request.end)


@router.get(
    "/{doc_id:doc_id}",
    response_model=DocumentOut,
    response_description="The document, without its text. The header `ETag` identifies this "
    "version of it.",
    responses=responses(404, 422, 500, 503) | {304: {"description": "It has this ETag still."}},
    summary="Show one document, without its text",
)
def get_document(
    request: Request, service: ServiceDependency, doc_id: DocumentIdInPath
) -> Response:
    """To get its text, add `/text`. With `If-None-Match` and an ETag, the response is 304 if the
    document has not changed."""
    return document_response(request, service, doc_id)


def document_response(request: Request, service: Service, doc_id: str) -> Response:
    """Return the document without its text, or 304 if the client has this version."""
    record = service.pipeline.record(doc_id)
    headers = {"ETag": etag_of(record)}
    known = Condition.of(request.headers, "If-None-Match")
    if known is not None and known.matches(record, weakly=True):
        return Response(status_code=304, headers=headers)
    body = DocumentOut.of(record).model_dump_json()
    return Response(body, headers=headers, media_type="application/json")
