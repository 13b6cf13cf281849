"""Turn files into documents: read the bytes once, then call the loader of the format."""

import os
import stat
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from hashlib import sha256
from pathlib import Path, PurePosixPath

from index.documents.blocks import Blocks
from index.documents.formats import Format, format_of_file, main_extensions
from index.documents.isolation import load_isolated
from index.documents.loader import Content, LoadOptions, loader_of, loader_of_media_type
from index.documents.text_loader import TextLoader
from index.errors import BadInput, UnreadableDocument
from index.types import Document, FileVersion

MAX_FILE_BYTES = 32 * 2**20
"""A larger file is skipped: encoding would take hours, and nobody reads it as one document."""

_SETTLED_NS = 2 * 10**9
"""A change time is used only if it is older than this. File systems store it in steps of up to two
seconds, so a second change within one step has the same time."""


@dataclass(frozen=True, slots=True)
class FileBytes:
    """The content of a file. `changed_ns` is None if a later change could have the same time."""

    path: Path
    format: Format
    content: bytes
    changed_ns: int | None
    sha256: str


@dataclass(frozen=True, slots=True)
class LoadedFile:
    """The document of a file, its blocks, and the version of the file."""

    document: Document
    blocks: Blocks
    version: FileVersion


def read_file(path: Path) -> FileBytes:
    """Read a whole file.

    Raises UnreadableDocument, with the reason, for a file that is missing, unreadable, too large,
    or of a type that is not supported.
    """
    format = format_of_file(path)
    if format is None:
        listed = main_extensions("and")
        raise UnreadableDocument(f"not a supported type ({listed})", "other-type")
    try:
        before = path.stat()
        _check_readable(before)
        now_ns = time.time_ns()
        with path.open("rb") as stream:
            content = stream.read(MAX_FILE_BYTES + 1)
            after = os.fstat(stream.fileno())
    except OSError as error:
        raise UnreadableDocument(f"cannot be read: {error.strerror or error}") from error
    _check_size(max(len(content), after.st_size))
    same = changed_ns(before) == changed_ns(after) and len(content) == after.st_size
    settled = same and changed_ns(after) < now_ns - _SETTLED_NS
    digest = sha256(content).hexdigest()
    return FileBytes(path, format, content, changed_ns(after) if settled else None, digest)


def changed_ns(status: os.stat_result) -> int:
    """Return the time of a file's last change, in nanoseconds: the later of mtime and ctime.

    A program can set mtime to an earlier time, but not ctime.
    """
    return max(status.st_mtime_ns, status.st_ctime_ns)


def _check_readable(status: os.stat_result) -> None:
    if not stat.S_ISREG(status.st_mode):
        raise UnreadableDocument("not a regular file", "special")
    _check_size(status.st_size)


def _check_size(n_bytes: int) -> None:
    if n_bytes > MAX_FILE_BYTES:
        limit = MAX_FILE_BYTES // 2**20
        raise UnreadableDocument(
            f"too large: {n_bytes / 2**20:.0f} MiB; the limit is {limit} MiB", "too-large"
        )


def load(file: FileBytes, doc_id: str, options: LoadOptions) -> LoadedFile:
    """Return the document of a file. Raises UnreadableDocument if the loader does."""
    parse = load_isolated if file.format.isolated else _load_here
    content = parse(file.format, file.content, options)
    document = _document(content, doc_id, media_type=file.format.media_type, name=file.path.stem)
    version = _version(file.format, file.content, file.sha256, options, content)
    return LoadedFile(document, content.blocks, replace(version, changed_ns=file.changed_ns))


def load_bytes(
    file: bytes,
    format: Format,
    doc_id: str,
    options: LoadOptions,
    parse: Callable[[Format, bytes, LoadOptions], Content],
) -> LoadedFile:
    """Return the document of bytes that are in no file.

    parse: index.documents.isolation.ParserProcess.load, for bytes from others

    Raises UnreadableDocument for too many bytes, or if the loader does.
    """
    _check_size(len(file))
    content = parse(format, file, options)
    name = PurePosixPath(doc_id).stem or doc_id
    document = _document(content, doc_id, media_type=format.media_type, name=name)
    version = _version(format, file, sha256(file).hexdigest(), options, content)
    return LoadedFile(document, content.blocks, version)


def _version(
    format: Format, file: bytes, digest: str, options: LoadOptions, content: Content
) -> FileVersion:
    return FileVersion(
        n_bytes=len(file),
        changed_ns=None,
        sha256=digest,
        loader=format.key,
        options=options.key,
        warning=content.warning,
    )


def _load_here(format: Format, content: bytes, options: LoadOptions) -> Content:
    return loader_of(format).load(content, options)


def read(
    path: Path, doc_id: str, encoding: str | None = None, fallback: str | None = None
) -> Document:
    """Return the document of a file. Raises UnreadableDocument as read_file and load."""
    return load(read_file(path), doc_id, LoadOptions(encoding, fallback)).document


def document_of(
    text: str,
    doc_id: str,
    *,
    media_type: str,
    name: str,
    source: str | None = None,
    metadata: Mapping[str, str] | None = None,
) -> Document:
    """Return a document of a canonical text, with the title and headings of this text.

    name: the title if the text has none

    Raises UnreadableDocument as TextLoader.parse, BadInput if the media type is no text format.
    """
    loader = loader_of_media_type(media_type)
    if not isinstance(loader, TextLoader):
        raise BadInput(f"{media_type} is not a text format; load it from a file")
    content = loader.parse(text)
    return _document(
        content, doc_id, media_type=media_type, name=name, source=source, metadata=metadata
    )


def _document(
    content: Content,
    doc_id: str,
    *,
    media_type: str,
    name: str,
    source: str | None = None,
    metadata: Mapping[str, str] | None = None,
) -> Document:
    return Document(
        doc_id=doc_id,
        source=doc_id if source is None else source,
        title=content.title or name,
        text=content.text,
        media_type=media_type,
        metadata=content.metadata if metadata is None else metadata,
        headings=content.headings,
        pages=content.pages,
        places=content.places,
    )


def blocks_of(document: Document) -> Blocks:
    """Return the blocks of a document, in order. Raises BadInput if its media type is unknown."""
    return loader_of_media_type(document.media_type).blocks(document)
