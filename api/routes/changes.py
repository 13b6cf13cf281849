"""The routes that put, change and remove documents."""

from typing import Annotated

from fastapi import APIRouter, Query
from starlette.requests import Request
from starlette.responses import Response

from api.json_body import JsonRoute
from api.problems import responses
from api.routes.document_ids import PREFIX, ChangedIdInPath, changed_id
from api.routes.replies import accepted, created, made
from api.routes.upload_bodies import files_in, upload_in, writes_of
from api.service import ServiceDependency
from api.writing.etag import Preconditions
from api.writing.results import (
    DocumentPatch,
    DocumentRemoved,
    DocumentText,
    DocumentWritten,
    UploadResult,
)
from api.writing.tasks import DeleteTask, PatchTask, PutTask

router = APIRouter(tags=["changes"], prefix=PREFIX, route_class=JsonRoute)

WaitInQuery = Annotated[
    bool | None,
    Query(
        description="Whether to reply only when every search finds the change. Default: for up to "
        "4 seconds, then status 202 and a job. `true`: for up to 10 minutes. `false`: reply at "
        "once with a job.",
        examples=[True],
    ),
]

_BINARY = {"schema": {"type": "string", "format": "binary"}}
_FILES = {
    "schema": {
        "type": "object",
        "additionalProperties": {"type": "string", "format": "binary"},
        "description": "Files, in parts of any name. The file name is the document's id.",
    }
}


@router.put(
    "/{doc_id:doc_id}",
    response_model=DocumentWritten,
    response_description="It replaced the former version, or is the same. `ETag` identifies it.",
    responses=responses(400, 403, 408, 412, 413, 415, 422, 429, 500, 503, 507)
    | created("The document is new.", DocumentWritten)
    | accepted(),
    openapi_extra={
        "requestBody": {
            "required": True,
            "content": {
                "application/json": {"schema": DocumentText.model_json_schema()},
                "*/*": _BINARY,
            },
        }
    },
    summary="Put a document in, or replace it",
)
async def put_document(
    request: Request,
    service: ServiceDependency,
    doc_id: ChangedIdInPath,
    wait: WaitInQuery = None,
) -> Response:
    """The body is a file, or JSON with its text. Content-Type decides the format; if it names none,
    the extension of the id does. The document is replaced as a whole, or not at all. To put the
    same document again changes nothing.

    `If-Match` with an ETag replaces only that version. `If-None-Match: *` never replaces.
    """
    writes = writes_of(service)
    doc_id = changed_id(request)
    conditions = Preconditions.of(request.headers)
    async with upload_in(request, writes, doc_id) as (upload, held):
        task = PutTask(doc_id, upload, conditions)
        job = writes.start([task], request.url.path, hurried=wait is not False, held=held)
    return await made(writes, job, wait)


@router.patch(
    "/{doc_id:doc_id}",
    response_model=DocumentWritten,
    response_description="The document with its metadata after the change.",
    responses=responses(400, 403, 404, 412, 413, 415, 422, 429, 500, 503, 507) | accepted(),
    summary="Change a document's metadata",
)
async def patch_document(
    request: Request,
    service: ServiceDependency,
    doc_id: ChangedIdInPath,
    patch: DocumentPatch,
    wait: WaitInQuery = None,
) -> Response:
    """A JSON merge patch: a value replaces one, null deletes it, the others stay. The text and its
    vectors stay. The metadata of a document with a file are read again when its file changes.
    """
    writes = writes_of(service)
    doc_id = changed_id(request)
    task = PatchTask(doc_id, patch.metadata, Preconditions.of(request.headers))
    job = writes.start([task], request.url.path, hurried=wait is not False)
    return await made(writes, job, wait)


@router.delete(
    "/{doc_id:doc_id}",
    response_model=DocumentRemoved,
    response_description="The document is removed.",
    responses=responses(403, 404, 412, 422, 429, 500, 503, 507) | accepted(),
    summary="Remove a document",
)
async def delete_document(
    request: Request,
    service: ServiceDependency,
    doc_id: ChangedIdInPath,
    wait: WaitInQuery = None,
) -> Response:
    """If it has a file, the file stays, and the next `rag ingest` of it adds the document again."""
    writes = writes_of(service)
    doc_id = changed_id(request)
    task = DeleteTask(doc_id, Preconditions.of(request.headers))
    job = writes.start([task], request.url.path, hurried=wait is not False)
    return await made(writes, job, wait)


@router.post(
    "",
    response_model=UploadResult,
    response_description="All files are stored.",
    responses=responses(400, 403, 408, 413, 415, 422, 429, 500, 503, 507)
    | {207: {"model": UploadResult, "description": "Some files failed; `files` says why."}}
    | accepted(),
    openapi_extra={
        "requestBody": {"required": True, "content": {"multipart/form-data": _FILES}},
    },
    summary="Upload several files",
)
async def upload_documents(
    request: Request, service: ServiceDependency, wait: WaitInQuery = None
) -> Response:
    """Each file is put as by `PUT`, with its file name as id: whole, or not at all. A file that
    cannot be read does not affect the others. `If-None-Match: *` holds for each file.
    """
    writes = writes_of(service)
    conditions = Preconditions.of(request.headers)
    async with files_in(request, writes) as (uploads, held):
        tasks = [PutTask(each.doc_id, each, conditions) for each in uploads]
        job = writes.start(
            tasks, request.url.path, hurried=wait is not False, several=True, held=held
        )
    return await made(writes, job, wait)
