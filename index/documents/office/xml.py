"""Parse XML of files from anywhere: without entities, without network, within libxml2's limits."""

from collections.abc import Iterator, Sequence
from io import BytesIO
from typing import Any

from lxml import etree

from index.errors import UnreadableDocument

Element = Any
"""An element of lxml, which has no types of its own."""

MAX_XML_BYTES = 96 * 2**20
"""Of a document that is read as a whole."""

_OPTIONS: dict[str, Any] = {
    "resolve_entities": False,
    "load_dtd": False,
    "no_network": True,
    "huge_tree": False,
    "remove_comments": True,
    "remove_pis": True,
}


def parse_xml(content: bytes, name: str) -> Element:
    """Return the root element of an XML document.

    name: of the document in messages

    Raises UnreadableDocument (`damaged`) if it is not well-formed or declares entities.
    """
    check_no_entities(content, name)
    if len(content) > MAX_XML_BYTES:
        limit = MAX_XML_BYTES // 2**20
        raise UnreadableDocument(f"{name} has over {limit} MiB; split the file", "too-large")
    try:
        root = etree.fromstring(content, etree.XMLParser(**_OPTIONS))
    except (etree.XMLSyntaxError, ValueError) as error:
        raise UnreadableDocument(f"damaged: {name}: {error}", "damaged") from error
    dtd = root.getroottree().docinfo.internalDTD
    if dtd is not None and any(True for _ in dtd.iterentities()):
        raise _has_entities(name)
    return root


def parse_events(content: bytes, name: str, tags: Sequence[str]) -> Iterator[tuple[str, Element]]:
    """Yield `start` and `end` with each element of these tags, while the document is parsed.

    Raises as parse_xml; the size is not limited, because the caller can free what it has read.
    """
    check_no_entities(content, name)
    try:
        yield from etree.iterparse(BytesIO(content), events=("start", "end"), tag=tags, **_OPTIONS)
    except (etree.XMLSyntaxError, ValueError) as error:
        raise UnreadableDocument(f"damaged: {name}: {error}", "damaged") from error


def serialized(root: Element) -> bytes:
    """Return an element as XML."""
    return bytes(etree.tostring(root))


def check_no_entities(content: bytes, name: str) -> None:
    """Raise UnreadableDocument (`damaged`) if XML declares entities, in UTF-8 or UTF-16."""
    if b"<!ENTITY" in content.replace(b"\0", b""):
        raise _has_entities(name)


def _has_entities(name: str) -> UnreadableDocument:
    return UnreadableDocument(
        f"{name} declares XML entities, which files of this format do not need", "damaged"
    )


def local_name(element: Element) -> str:
    """Return the name of an element without its namespace."""
    tag = element.tag
    return tag.rpartition("}")[2] if isinstance(tag, str) else ""
