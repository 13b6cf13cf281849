"""The process that parses files: `python -m index.documents.parse_worker`.

It reads a request from standard input, and writes a content, rectangles or a refusal to standard
output, until the input ends. So it ends when the process that started it does, however that one
ends.
"""

import os
import sys
from typing import BinaryIO, cast

from index.documents.content_codec import (
    Header,
    header_of,
    message_of,
    read_message,
    write_message,
)
from index.documents.loader import LoadOptions, PageLoader, loader_named
from index.documents.sandbox import limit_cpu, restrict
from index.errors import UnreadableDocument
from index.types import Span

CPU_S = 150
"""The CPU time for one file. The process that started this one stops it before, if it runs."""

MAX_CHARACTERS = 64 * 2**20
"""A longer text is refused."""


def main() -> None:
    requests = sys.stdin.buffer
    # Libraries may print. Only replies go to the pipe.
    replies = os.fdopen(os.dup(sys.stdout.fileno()), "wb")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    restrict()
    write_message(replies, {"ready": True})
    while (request := read_message(requests)) is not None:
        limit_cpu(CPU_S)
        _reply(replies, *request)


def _reply(replies: BinaryIO, request: Header, file: bytes) -> None:
    header: Header
    payload: list[bytes]
    try:
        header, payload = _reply_to(request, file)
    except UnreadableDocument as refusal:
        header, payload = {"kind": refusal.kind, "reason": str(refusal)}, []
    except MemoryError:
        header, payload = {"kind": "limit", "reason": "its content takes too much memory"}, []
    except RecursionError:
        header, payload = {"kind": "limit", "reason": "its parts are nested too deeply"}, []
    except Exception as error:  # a fault of a loader or its library costs this file only
        reason = f"cannot be parsed ({type(error).__name__}: {error})"[:300]
        header, payload = {"kind": "damaged", "reason": reason}, []
    write_message(replies, header, *payload)


def _reply_to(request: Header, file: bytes) -> tuple[Header, list[bytes]]:
    """Return the reply to a request. Raises whatever the loader does."""
    loader = loader_named(str(request["loader"]))
    if "span" in request:
        span = Span(*cast("list[int]", request["span"]))
        return header_of(cast(PageLoader, loader).rectangles(file, span)), []
    options = LoadOptions(
        cast("str | None", request["encoding"]), cast("str | None", request["fallback"])
    )
    content = loader.load(file, options)
    if len(content.text) > MAX_CHARACTERS:
        limit = f"{MAX_CHARACTERS:,}"
        raise UnreadableDocument(f"more than {limit} characters of text", "too-large")
    return message_of(content)


if __name__ == "__main__":
    main()
