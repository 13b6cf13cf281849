"""OpenDocument files (.odt, .odp, .ods): their parts, and the styles that change what is shown."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from index.documents.archive import Archive
from index.documents.office.package import OTHER_KIND, kind_of
from index.documents.office.xml import Element, parse_xml
from index.errors import UnreadableDocument

_MANIFEST = "META-INF/manifest.xml"
_PREFIXES = {
    "urn:oasis:names:tc:opendocument:xmlns:office:1.0": "office",
    "urn:oasis:names:tc:opendocument:xmlns:text:1.0": "text",
    "urn:oasis:names:tc:opendocument:xmlns:table:1.0": "table",
    "urn:oasis:names:tc:opendocument:xmlns:style:1.0": "style",
    "urn:oasis:names:tc:opendocument:xmlns:drawing:1.0": "draw",
    "urn:oasis:names:tc:opendocument:xmlns:presentation:1.0": "presentation",
    "urn:oasis:names:tc:opendocument:xmlns:svg-compatible:1.0": "svg",
    "urn:org:documentfoundation:names:experimental:office:xmlns:loext:1.0": "loext",
    "http://www.w3.org/XML/1998/namespace": "xml",
}
_NAMESPACES = {prefix: namespace for namespace, prefix in _PREFIXES.items()}
_MAX_STYLES_IN_CHAIN = 100


def qualified(name: str) -> str:
    """Return lxml's name of `text:p`."""
    prefix, _, local = name.partition(":")
    return f"{{{_NAMESPACES[prefix]}}}{local}"


def name_of(element: Element) -> str:
    """Return the name of an element with its usual prefix: `text:p`; "" if it has no such one."""
    tag = element.tag
    if not isinstance(tag, str):
        return ""
    namespace, _, local = tag[1:].partition("}")
    prefix = _PREFIXES.get(namespace)
    return f"{prefix}:{local}" if prefix else ""


def attribute(element: Element, name: str, default: str = "") -> str:
    """Return the value of an attribute such as `text:style-name`."""
    return str(element.get(qualified(name), default))


def count_of(element: Element, name: str, limit: int) -> int:
    """Return a number such as `table:number-columns-repeated`, from 1 to `limit`; 1 if missing."""
    value = attribute(element, name)
    return min(max(int(value), 1), limit) if value.isascii() and value.isdigit() else 1


@dataclass(frozen=True, slots=True)
class OpenDocument:
    """body: the element in `office:body`, such as `office:text`. meta: of its properties."""

    body: Element
    styles: "OpenStyles"
    meta: bytes | None


def open_document_archive(content: bytes, expected: str) -> Archive:
    """Open an OpenDocument file.

    expected: for messages: `a text document (.odt)`

    Raises UnreadableDocument as Archive, `password` if it is encrypted, `damaged` if it is a file
    of another kind.
    """
    archive = Archive(content)
    if _MANIFEST in archive and b":encryption-data" in archive.read(_MANIFEST):
        raise UnreadableDocument("protected by a password; save a copy without one", "password")
    found = kind_of(archive)
    if found != expected and (found != OTHER_KIND or "content.xml" not in archive):
        raise UnreadableDocument(
            f"{found}, not {expected}; the file has a wrong ending or is damaged", "damaged"
        )
    return archive


def read_open_document(content: bytes, kind: str, expected: str) -> OpenDocument:
    """Read an OpenDocument file. kind: the name of the body: `office:text`. Raises as above."""
    archive = open_document_archive(content, expected)
    root = parse_xml(archive.read("content.xml"), "content.xml")
    body = root.find(f"{qualified('office:body')}/{qualified(kind)}")
    if body is None:
        raise UnreadableDocument(f"not {expected}; the file has a wrong ending", "damaged")
    roots = [root]
    if "styles.xml" in archive:
        roots.append(parse_xml(archive.read("styles.xml"), "styles.xml"))
    return OpenDocument(body, OpenStyles.of(roots), meta_of(archive))


def meta_of(archive: Archive) -> bytes | None:
    """Return the properties of an OpenDocument file; None if it has none."""
    return archive.read("meta.xml") if "meta.xml" in archive else None


@dataclass(slots=True)
class OpenStyles:
    """styles: by family and name. lists: by name. outline: the numbering of headings, or None."""

    styles: Mapping[tuple[str, str], Element]
    lists: Mapping[str, Element]
    outline: Element | None
    _hidden: dict[tuple[str, str], bool] = field(default_factory=dict)

    @classmethod
    def of(cls, roots: list[Element]) -> "OpenStyles":
        """Return the styles of content.xml and styles.xml; those of the first come first."""
        styles: dict[tuple[str, str], Element] = {}
        lists: dict[str, Element] = {}
        outline = None
        for root in roots:
            for style in root.iter(qualified("style:style")):
                key = (attribute(style, "style:family"), attribute(style, "style:name"))
                styles.setdefault(key, style)
            for each in root.iter(qualified("text:list-style")):
                lists.setdefault(attribute(each, "style:name"), each)
            if outline is None:
                outline = next(root.iter(qualified("text:outline-style")), None)
        return cls(styles, lists, outline)

    def chain(self, family: str, name: str) -> Iterator[Element]:
        """Yield a style and its parents."""
        for _ in range(_MAX_STYLES_IN_CHAIN):
            style = self.styles.get((family, name))
            if style is None:
                return
            yield style
            name = attribute(style, "style:parent-style-name")

    def is_hidden(self, family: str, name: str) -> bool:
        """Return whether a style hides its text."""
        if not name:
            return False
        key = (family, name)
        if key not in self._hidden:
            displays = (self.property(style, "style:text-properties", "text:display")
                        for style in self.chain(family, name))  # fmt: skip
            self._hidden[key] = next((each for each in displays if each), "") == "none"
        return self._hidden[key]

    @staticmethod
    def property(style: Element, group: str, name: str) -> str:
        """Return a property of one style, such as style:text-properties text:display."""
        properties = style.find(qualified(group))
        return "" if properties is None else attribute(properties, name)

    def is_named(self, family: str, name: str, wanted: str) -> bool:
        """Return whether a style, or one that it is based on, has a name."""
        if name == wanted:
            return True
        parents = (attribute(s, "style:parent-style-name") for s in self.chain(family, name))
        return wanted in parents
