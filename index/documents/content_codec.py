"""Contents and rectangles as bytes, to pass them between processes. No byte of them can run code.

A message is a JSON header and a payload, each after its length.
"""

import json
import struct
from dataclasses import astuple
from typing import BinaryIO, cast

from index.documents.blocks import Blocks
from index.documents.loader import Content
from index.documents.rectangles import LocatedQuote, Rectangle
from index.places import Place
from index.types import Heading

_LENGTHS = struct.Struct(">II")

Header = dict[str, object]


def write_message(stream: BinaryIO, header: Header, *payload: bytes) -> None:
    """Write a message and flush the stream."""
    head = json.dumps(header).encode()
    stream.write(_LENGTHS.pack(len(head), sum(map(len, payload))))
    stream.write(head)
    for part in payload:
        stream.write(part)
    stream.flush()


def read_message(stream: BinaryIO) -> tuple[Header, bytes] | None:
    """Read a message; None if the stream ends before or within it."""
    lengths = stream.read(_LENGTHS.size)
    if len(lengths) < _LENGTHS.size:
        return None
    n_head, n_payload = _LENGTHS.unpack(lengths)
    head, payload = stream.read(n_head), stream.read(n_payload)
    if len(head) < n_head or len(payload) < n_payload:
        return None
    return cast(Header, json.loads(head)), payload


def message_of(content: Content) -> tuple[Header, list[bytes]]:
    """Return the message of a content."""
    text, blocks = content.text.encode(), content.blocks.to_bytes()
    header: Header = {
        "n_text": len(text),
        "headings": [heading.as_row() for heading in content.headings],
        "title": content.title,
        "pages": list(content.pages),
        "places": [[p.start, p.kind, p.label, p.counts_lines] for p in content.places],
        "metadata": dict(content.metadata),
        "warning": content.warning,
    }
    return header, [text, blocks]


def content_of(header: Header, payload: bytes) -> Content:
    """Return the content of a message. Raises ValueError, KeyError or TypeError for another one."""
    n_text = cast(int, header["n_text"])
    text = payload[:n_text].decode()
    headings = cast(list[list[object]], header["headings"])
    places = cast(list[list[object]], header["places"])
    return Content(
        text=text,
        blocks=Blocks.from_bytes(text, payload[n_text:]),
        headings=tuple(map(Heading.from_row, headings)),
        title=cast("str | None", header["title"]),
        pages=tuple(cast(list[int], header["pages"])),
        places=tuple(Place(*each) for each in places),  # type: ignore[arg-type]
        metadata=cast(dict[str, str], header["metadata"]),
        warning=cast("str | None", header["warning"]),
    )


def header_of(quote: LocatedQuote) -> Header:
    """Return the header of a message about a quote's rectangles."""
    return {"sha256": quote.text_sha256, "rectangles": [astuple(each) for each in quote.rectangles]}


def located_quote_of(header: Header) -> LocatedQuote:
    """Return what `header_of` was called with. Raises KeyError or TypeError for another header."""
    rectangles = cast(list[list[object]], header["rectangles"])
    return LocatedQuote(
        cast(str, header["sha256"]),
        tuple(Rectangle(*each) for each in rectangles),  # type: ignore[arg-type]
    )
