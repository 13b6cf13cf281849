"""Documents' ids in the paths of requests."""

from typing import Annotated
from urllib.parse import unquote, unquote_to_bytes

from fastapi import Path
from starlette.convertors import Convertor, register_url_convertor
from starlette.requests import Request

from api.error_handler import raw_path
from api.schemas import EXAMPLE_DOCUMENT
from index.errors import BadInput
from rag.results import MAX_NAME_CHARACTERS

PREFIX = "/v1/documents"

WRITING_IS_OFF = (
    "documents cannot be changed over HTTP here; start the service with `rag serve --writable`, or "
    "use `rag ingest` and `rag remove`"
)

PARTS = ("text", "rectangles")
"""What a document's path has below it."""

ID_IN_PATH = (
    "The document's id, percent-encoded. Slashes may stay as they are, except the one before a "
    "final `text` or `rectangles`, which must be `%2F`."
)


class _DocumentIdConvertor(Convertor[str]):
    """Like starlette's `path`, but also matches line ends, which file names can contain."""

    regex = r"[\s\S]*"

    def convert(self, value: str) -> str:
        return value

    def to_string(self, value: str) -> str:
        return value


register_url_convertor("doc_id", _DocumentIdConvertor())

DocumentIdInPath = Annotated[
    str,
    Path(
        description=ID_IN_PATH,
        examples=[EXAMPLE_DOCUMENT],
    ),
]

ChangedIdInPath = Annotated[
    str,
    Path(
        description=f"{ID_IN_PATH} At most {MAX_NAME_CHARACTERS:,} characters.",
        examples=["notes/hours.md"],
    ),
]


def whole_id(request: Request) -> str:
    """Return the id if all of the path is of it, also a last part that asks_for does not find."""
    return unquote(_sent_id(request))


def _sent_id(request: Request) -> str:
    return raw_path(request).partition(f"{PREFIX}/")[2]


def asks_for(request: Request, part: str) -> bool:
    """Whether the path ends with a slash and the name of this part of a document, as sent.

    If the slash is sent as `%2F`, it and the name are of the id.
    """
    return unquote(raw_path(request).rpartition("/")[2]) == part


def changed_id(request: Request) -> str:
    """Return the id of the document that a request changes.

    Raises BadInput if it is empty, too long or not valid UTF-8, or the path is that of a part.
    """
    sent = _sent_id(request)
    for part in PARTS:
        if "/" in sent and asks_for(request, part):
            raise BadInput(
                f"the {part} at this path cannot be changed; PUT the document itself, or, if its "
                f"id ends with /{part}, send the last slash as %2F"
            )
    try:
        return checked_id(unquote_to_bytes(sent).decode("utf-8"))
    except UnicodeDecodeError:
        raise BadInput("the id in the path is not percent-encoded UTF-8; encode it so") from None


def checked_id(doc_id: str) -> str:
    """Return the id unchanged. Raises BadInput if it is empty or too long."""
    if not doc_id.strip():
        raise BadInput(f"the id is empty; send one, such as {PREFIX}/notes/hours.md")
    if len(doc_id) > MAX_NAME_CHARACTERS:
        raise BadInput(
            f"the id has {len(doc_id):,} characters; the limit is {MAX_NAME_CHARACTERS:,}"
        )
    return doc_id


def is_upload(method: bytes, target: bytes) -> bool:
    """Whether a request uploads documents, so that it may have a long body.

    target: of the request line: a path or an absolute address, with the query
    """
    if method not in (b"PUT", b"POST"):
        return False
    path = target.partition(b"?")[0]
    if not path.startswith(b"/") and b"://" in path:
        path = b"/" + path.partition(b"://")[2].partition(b"/")[2]
    prefix = PREFIX.encode()
    return path == prefix or path.startswith(prefix + b"/")
