"""Read the uploads in the bodies of requests, within the limits on memory."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

from anyio import to_thread
from fastapi.exceptions import RequestValidationError
from pydantic import ValidationError
from starlette.datastructures import FormData, UploadFile
from starlette.exceptions import HTTPException
from starlette.formparsers import MultiPartException, MultiPartParser
from starlette.requests import Request

from api.json_body import parse_json
from api.routes.document_ids import WRITING_IS_OFF, checked_id
from api.service import Service
from api.writing.results import DocumentText
from api.writing.uploads import JSON, MULTIPART, ContentType, Upload, text_upload
from api.writing.writes import Writes
from index.errors import BadInput, UnsupportedType

MAX_FILES = 100

Release = Callable[[], None]


def writes_of(service: Service) -> Writes:
    """Return the queue of changes of a service. Raises HTTPException 403 if it has none."""
    if service.writes is None:
        raise HTTPException(403, WRITING_IS_OFF)
    return service.writes


@asynccontextmanager
async def upload_in(
    request: Request, writes: Writes, doc_id: str
) -> AsyncIterator[tuple[Upload, Release]]:
    """Provide the document in a request's body, and the function that releases its memory, which
    is called if the block raises.

    Raises UnsupportedType, TooManyChanges, BadInput or BadJson.
    """
    _check_headers(request)
    content_type = ContentType.of(request.headers.get("content-type"))
    if content_type.media_type == MULTIPART:
        raise UnsupportedType("a PUT has one file as its body; POST a form to /v1/documents")
    # Before the body is received, so that an unsupported type is refused at once.
    is_text = content_type.media_type == JSON
    if not is_text:
        content_type.format_for(doc_id)
    async with _held(request, writes) as release:
        body = await request.body()
        if is_text:
            upload = await to_thread.run_sync(_text_upload, doc_id, body)
        elif not body:
            raise BadInput("the body is empty; send the file, as with `curl -T FILE`")
        else:
            upload = Upload(doc_id, body, content_type)
        yield upload, release


@asynccontextmanager
async def files_in(request: Request, writes: Writes) -> AsyncIterator[tuple[list[Upload], Release]]:
    """Do the same for the files of a form. A file of an unsupported type has an upload too, which
    fails when it is loaded.

    Raises UnsupportedType, TooManyChanges, BadInput, or HTTPException 400 for a broken form.
    """
    _check_headers(request)
    if ContentType.of(request.headers.get("content-type")).media_type != MULTIPART:
        raise UnsupportedType(
            f"send files as {MULTIPART}, as with `curl -F file=@FILE`; PUT one document to "
            "/v1/documents/{doc_id}"
        )
    async with _held(request, writes) as release:
        async with _form(request) as form:
            files = [each for _, each in form.multi_items() if isinstance(each, UploadFile)]
            uploads = [
                Upload(
                    checked_id(each.filename or ""),
                    await each.read(),
                    ContentType.of(each.content_type),
                    guessed=True,
                )
                for each in files
            ]
        _check_names([each.doc_id for each in uploads])
        yield uploads, release


def _check_names(doc_ids: list[str]) -> None:
    if not doc_ids:
        raise BadInput("the form has no file; send some, as with `curl -F file=@FILE`")
    twice = next((each for each in doc_ids if doc_ids.count(each) > 1), None)
    if twice is not None:
        raise BadInput(f"two files are named {twice[:200]!r}; rename one")


def _check_headers(request: Request) -> None:
    """Refuse bodies that are not the whole file as it is."""
    if request.headers.get("content-encoding", "identity").lower() != "identity":
        raise UnsupportedType("the body has a Content-Encoding; send it without compression")
    if "content-range" in request.headers:
        raise HTTPException(400, "a part of a document cannot be put; send the whole document")


@asynccontextmanager
async def _held(request: Request, writes: Writes) -> AsyncIterator[Release]:
    """Hold memory for a request's body. It is released here only if the block raises."""
    length = request.headers.get("content-length", "")
    release = writes.budget.take(int(length) if length.isdigit() else writes.body_bytes)
    try:
        yield release
    except BaseException:
        release()
        raise


def _text_upload(doc_id: str, body: bytes) -> Upload:
    parsed = parse_json(body)
    try:
        text = DocumentText.model_validate(parsed, strict=True)
    except ValidationError as error:
        raise invalid(error) from None
    return text_upload(doc_id, text.text, text.media_type, text.title, text.metadata)


def invalid(error: ValidationError) -> RequestValidationError:
    """Return the error of a request with an invalid body."""
    faults: list[Any] = [
        {**fault, "loc": ("body", *fault["loc"])} for fault in error.errors(include_url=False)
    ]
    return RequestValidationError(faults)


class _InMemory(MultiPartParser):
    """Keeps files in memory, because nothing may be written outside the index directory. The
    connection limits the whole body."""

    spool_max_size = 2**62


@asynccontextmanager
async def _form(request: Request) -> AsyncIterator[FormData]:
    parser = _InMemory(request.headers, request.stream(), max_files=MAX_FILES, max_fields=0)
    try:
        form = await parser.parse()
    except MultiPartException as error:
        if "Maximum number" in error.message:
            raise BadInput(
                f"the form has more than {MAX_FILES} files, or a part without a file name; send "
                "only files, and fewer at once"
            ) from None
        raise HTTPException(400, f"the form cannot be read: {error.message}") from None
    try:
        yield form
    finally:
        await form.close()
