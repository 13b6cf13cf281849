"""The routes for documents and their canonical text."""

from typing import Annotated
from urllib.parse import unquote

from anyio import to_thread
from fastapi import APIRouter, Path, Query
from starlette.convertors import Convertor, register_url_convertor
from starlette.requests import Request
from starlette.responses import Response

from api.error_handler import raw_path
from api.problems import responses
from api.schemas import (
    EXAMPLE_DOCUMENT,
    DocumentOut,
    DocumentPage,
    PageRequest,
    SpanRequest,
    TextSlice,
)
from api.service import ServiceDependency
from api.texts import TextResponse

_PREFIX = "/v1/documents"


class _DocumentIdConvertor(Convertor[str]):
    """Like starlette's `path`, but also matches line ends, which file names can contain."""

    regex = r"[\s\S]*"

    def convert(self, value: str) -> str:
        return value

    def to_string(self, value: str) -> str:
        return value


register_url_convertor("doc_id", _DocumentIdConvertor())
router = APIRouter(tags=["documents"], prefix=_PREFIX)

DocumentIdInPath = Annotated[
    str,
    Path(
        description="The document's id, percent-encoded. Slashes may stay as they are, except the "
        "one before a final `text` or `rectangles`, which must be `%2F`.",
        examples=[EXAMPLE_DOCUMENT],
    ),
]


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
    if not _asks_for_text(request):
        doc_id = unquote(raw_path(request).partition(f"{_PREFIX}/")[2])
        document = await to_thread.run_sync(get_document, service, doc_id)
        return Response(document.model_dump_json(), media_type="application/json")
    return TextResponse(service.texts, doc_id, span_request.start, span_request.end)


@router.get(
    "/{doc_id:doc_id}",
    response_description="The document, without its text.",
    responses=responses(404, 500, 503),
    summary="Show one document, without its text",
)
def get_document(service: ServiceDependency, doc_id: DocumentIdInPath) -> DocumentOut:
    """To get its text, add `/text`."""
    return DocumentOut.of(service.pipeline.record(doc_id))


def _asks_for_text(request: Request) -> bool:
    """Whether the path ends with `/text` as sent. A final `%2Ftext` is part of the id."""
    return unquote(raw_path(request).rpartition("/")[2]) == "text"
