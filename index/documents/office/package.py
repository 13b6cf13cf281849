"""Office Open XML packages (.docx, .pptx, .xlsx) as the libraries that read them need them.

The libraries read archives without limits, expand entities, and refuse files that Office programs
open. So they get a new package: XML parts only, read within the limits of index.documents.archive,
without entities, and without relationships to parts that do not exist.
"""

import posixpath
from collections.abc import Mapping
from io import BytesIO
from zipfile import ZIP_STORED, ZipFile

import regex

from index.documents.archive import Archive
from index.documents.office.xml import check_no_entities, local_name, parse_xml, serialized
from index.errors import UnreadableDocument

CONTENT_TYPES = "[Content_Types].xml"
CORE_PROPERTIES = "docProps/core.xml"
OTHER_KIND = "a zip archive of other files"

_MAIN_PARTS = {
    "word/": "a text document (.docx)",
    "ppt/": "a presentation (.pptx)",
    "xl/": "a spreadsheet (.xlsx)",
}
_OPEN_DOCUMENT = {
    "text": "a text document (.odt)",
    "presentation": "a presentation (.odp)",
    "spreadsheet": "a spreadsheet (.ods)",
}
# A document with macros, or a template, has the same parts; the libraries refuse its type.
_MAIN_TYPES = (
    (rb"vnd\.ms-word\.(?:document|template)\.macroEnabled(?:Template)?\.main\+xml",
     rb"vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml"),
    (rb"vnd\.openxmlformats-officedocument\.wordprocessingml\.template\.main\+xml",
     rb"vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml"),
    (rb"vnd\.ms-powerpoint\.(?:presentation|slideshow|template)\.macroEnabled\.main\+xml",
     rb"vnd.openxmlformats-officedocument.presentationml.presentation.main+xml"),
    (rb"vnd\.openxmlformats-officedocument\.presentationml\.(?:slideshow|template)\.main\+xml",
     rb"vnd.openxmlformats-officedocument.presentationml.presentation.main+xml"),
)  # fmt: skip
_STRICT_NAMESPACE = regex.compile(rb"http://purl\.oclc\.org/ooxml/(\w+)/")
_TRANSITIONAL_NAMESPACE = rb"http://schemas.openxmlformats.org/\1/2006/"


def read_package(archive: Archive, folder: str) -> dict[str, bytes]:
    """Return the XML parts of a package by their names.

    folder: of the main part: `word/`, `ppt/` or `xl/`

    Raises UnreadableDocument (`damaged`) if it is a file of another kind, and as Archive.
    """
    _check_kind(archive, folder)
    parts = {}
    for name in archive.names:
        if name.lower().endswith((".xml", ".rels")):
            part = archive.read(name)
            check_no_entities(part, name)
            parts[name] = _STRICT_NAMESPACE.sub(_TRANSITIONAL_NAMESPACE, part)
    for pattern, main_type in _MAIN_TYPES:
        parts[CONTENT_TYPES] = regex.sub(pattern, main_type, parts[CONTENT_TYPES])
    for name in [name for name in parts if name.endswith(".rels")]:
        parts[name] = _without_dangling(name, parts)
    return parts


def _check_kind(archive: Archive, folder: str) -> None:
    if CONTENT_TYPES in archive and any(name.startswith(folder) for name in archive.names):
        return
    kind = kind_of(archive)
    raise UnreadableDocument(
        f"{kind}, not {_MAIN_PARTS[folder]}; the file has a wrong ending or is damaged", "damaged"
    )


def kind_of(archive: Archive) -> str:
    """Return what an archive is, for messages."""
    if CONTENT_TYPES in archive:
        for folder, kind in _MAIN_PARTS.items():
            if any(name.startswith(folder) for name in archive.names):
                return kind
    if "mimetype" in archive:
        media_type = archive.read("mimetype")[:200].decode("ascii", "replace").strip()
        for ending, kind in _OPEN_DOCUMENT.items():
            if media_type.endswith(f"opendocument.{ending}"):
                return kind
        if media_type == "application/epub+zip":
            return "an e-book (.epub)"
    return OTHER_KIND


def _without_dangling(name: str, parts: Mapping[str, bytes]) -> bytes:
    """Return relationships without those to parts that are missing, such as pictures here."""
    root = parse_xml(parts[name], name)
    folder = posixpath.dirname(posixpath.dirname(name))
    for relationship in list(root):
        target = relationship.get("Target", "").partition("#")[0]
        path = posixpath.normpath(posixpath.join("/", folder, target)).lstrip("/")
        is_external = relationship.get("TargetMode") == "External"
        if not is_external and path not in parts:
            root.remove(relationship)
    return serialized(root)


def zipped(parts: Mapping[str, bytes]) -> BytesIO:
    """Return a package of these parts, without compression."""
    stream = BytesIO()
    with ZipFile(stream, "w", ZIP_STORED) as package:
        for name, part in parts.items():
            package.writestr(name, part)
    stream.seek(0)
    return stream


def core_properties(core: bytes | None) -> tuple[str | None, dict[str, str]]:
    """Return the title and the metadata in the core properties.

    core: the part CORE_PROPERTIES, or the meta.xml of an OpenDocument file; None if it is missing
    """
    if core is None:
        return None, {}
    values: dict[str, list[str]] = {}
    for element in parse_xml(core, "its properties").iter():
        text = " ".join((element.text or "").split())
        if text:
            values.setdefault(local_name(element), []).append(text)
    metadata = {
        "author": _first(values, "initial-creator", "creator"),
        "date": _date(_first(values, "modified", "date", "created", "creation-date")),
        "language": _first(values, "language"),
        "tags": ", ".join(
            tag.strip()
            for keywords in (values.get("keywords") or values.get("keyword") or [])
            for tag in regex.split("[,;]", keywords)
            if tag.strip()
        ),
    }
    return _first(values, "title") or None, {key: text for key, text in metadata.items() if text}


def _first(values: Mapping[str, list[str]], *names: str) -> str:
    return next((values[name][0] for name in names if name in values), "")


def _date(text: str) -> str:
    """Return an ISO 8601 date and time without fractions of seconds; "" if it is not one."""
    match = regex.match(r"(\d{4}-\d\d-\d\d(?:T\d\d:\d\d:\d\d)?)(?:\.\d+)?(Z|[+-]\d\d:\d\d)?", text)
    return f"{match[1]}{(match[2] or '') if 'T' in match[1] else ''}" if match else ""
