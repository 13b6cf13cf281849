"""The package of an EPUB book: its chapters in reading order, and what it states about itself."""

import posixpath
from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import unquote
from xml.etree import ElementTree
from xml.etree.ElementTree import Element

from index.documents.archive import Archive
from index.documents.html.metadata import iso_date
from index.errors import UnreadableDocument

CONTAINER = "META-INF/container.xml"
ENCRYPTION = "META-INF/encryption.xml"

_CHAPTERS = frozenset({"application/xhtml+xml", "text/html", "text/x-oeb1-document"})


@dataclass(frozen=True, slots=True)
class Book:
    """A book. chapters: paths in the archive, in reading order, without the table of contents."""

    title: str
    chapters: tuple[str, ...]
    metadata: dict[str, str]


def book_of(archive: Archive) -> Book:
    """Return the book of an archive.

    Raises UnreadableDocument: `damaged` if it is no EPUB, `password` if its chapters are encrypted.
    """
    path = _package_path(archive)
    package = _xml(archive, path)
    chapters = tuple(_chapters(package, posixpath.dirname(path)))
    if not chapters:
        raise UnreadableDocument(f"{path} lists no chapters", "damaged")
    _check_not_encrypted(archive, chapters)
    stated = {name: " ".join((element.text or "").split()) for name, element in _stated(package)}
    metadata = {
        "author": ", ".join(_texts(package, "creator")),
        "date": iso_date(stated.get("date", "")) or stated.get("date", "")[:4],
        "language": stated.get("language", ""),
        "tags": ", ".join(_texts(package, "subject")),
    }
    return Book(
        title=next(iter(_texts(package, "title")), ""),
        chapters=chapters,
        metadata={key: value for key, value in metadata.items() if value},
    )


def _package_path(archive: Archive) -> str:
    if CONTAINER not in archive:
        raise UnreadableDocument(f"not an EPUB: it has no {CONTAINER}", "damaged")
    for element in _xml(archive, CONTAINER).iter():
        path = element.get("full-path")
        if _name(element) == "rootfile" and path:
            return _resolved("", path)
    raise UnreadableDocument(f"{CONTAINER} names no package", "damaged")


def _chapters(package: Element, folder: str) -> Iterator[str]:
    """Yield the paths of the chapters, each once."""
    items = {each.get("id"): each for each in package.iter() if _name(each) == "item"}
    seen = set()
    for reference in package.iter():
        if _name(reference) != "itemref":
            continue
        item = items.get(reference.get("idref"))
        if item is None or item.get("media-type", "").lower() not in _CHAPTERS:
            continue
        path = _resolved(folder, item.get("href", ""))
        is_contents = "nav" in item.get("properties", "").split()
        if path not in seen and not is_contents:
            seen.add(path)
            yield path


def _check_not_encrypted(archive: Archive, chapters: tuple[str, ...]) -> None:
    if ENCRYPTION not in archive:
        return
    encrypted = {
        _resolved("", each.get("URI", ""))
        for each in _xml(archive, ENCRYPTION).iter()
        if _name(each) == "CipherReference"
    }
    if not encrypted.isdisjoint(chapters):
        raise UnreadableDocument(
            "its chapters are encrypted (digital rights management)", "password"
        )


def _stated(package: Element) -> Iterator[tuple[str, Element]]:
    """Yield the elements of the package's metadata by name; later ones first."""
    for metadata in package:
        if _name(metadata) == "metadata":
            for element in reversed(list(metadata.iter())):
                yield _name(element), element


def _texts(package: Element, name: str) -> list[str]:
    """Return the texts of the metadata elements of a name, in order, without blank ones."""
    found = [element for each, element in _stated(package) if each == name]
    texts = (" ".join((element.text or "").split()) for element in reversed(found))
    return [text for text in texts if text]


def _resolved(folder: str, reference: str) -> str:
    path = unquote(reference.partition("#")[0])
    return posixpath.normpath(posixpath.join(folder, path)).lstrip("/")


def _name(element: Element) -> str:
    return element.tag.rpartition("}")[2]


def _xml(archive: Archive, path: str) -> Element:
    """Return the root of an XML file. Its entities are not expanded: a file with any is refused."""
    content = archive.read(path)
    if b"<!ENTITY" in content.replace(b"\0", b""):
        raise UnreadableDocument(f"{path} declares XML entities", "damaged")
    try:
        return ElementTree.fromstring(content)
    except (ElementTree.ParseError, ValueError, LookupError) as error:
        raise UnreadableDocument(f"{path} is not well-formed XML: {error}", "damaged") from None
