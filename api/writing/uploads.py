"""What a request uploads: from its Content-Type and body to the bytes of a document."""

import codecs
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from email.message import Message
from pathlib import PurePosixPath

from index.documents.charset import known_encoding
from index.documents.formats import (
    PLAIN_TEXT,
    Format,
    format_of_file,
    format_of_media_type,
    media_types,
)
from index.documents.isolation import ParserProcess
from index.documents.load import LoadedFile, load_bytes
from index.documents.loader import LoadOptions
from index.errors import BadInput, UnreadableDocument, UnsupportedType
from index.ingest.collection import check_collection_in, in_collection

JSON = "application/json"
MULTIPART = "multipart/form-data"
HTML = "text/html"

_UNSPECIFIC = ("", "application/octet-stream", "application/x-www-form-urlencoded")
"""Content types that say nothing about a file. curl sends the last one with --data-binary."""

_ALIASES: Mapping[str, str] = {
    "application/jsonlines": "application/jsonl",
    "application/x-jsonlines": "application/jsonl",
    "application/x-ndjson": "application/jsonl",
    "application/x-pdf": "application/pdf",
    "application/x-tex": "application/x-latex",
    "application/xhtml+xml": "text/html",
    "text/prs.fallenstein.rst": "text/x-rst",
    "text/rst": "text/x-rst",
    "text/x-asciidoc": "text/asciidoc",
    "text/x-markdown": "text/markdown",
    "text/x-org": "text/org",
    "text/x-tex": "application/x-latex",
}
"""Other names of supported media types, in use by clients."""


@dataclass(frozen=True, slots=True)
class ContentType:
    """A Content-Type. media_type: in lower case, without parameters; "" if there is none."""

    media_type: str = ""
    charset: str | None = None

    @classmethod
    def of(cls, header: str | None) -> "ContentType":
        if not header:
            return cls()
        message = Message()
        message["content-type"] = header
        charset = message.get_param("charset")
        return cls(
            header.partition(";")[0].strip().lower(), charset if isinstance(charset, str) else None
        )

    def format_for(self, doc_id: str, *, guessed: bool = False) -> Format:
        """Return the format that it names, or that of the id's extension if it names none.

        guessed: whether a program guessed the type; then the extension is used, if it is known, for
                 an unsupported type too

        Raises UnsupportedType.
        """
        name = _ALIASES.get(self.media_type, self.media_type)
        format = format_of_media_type(name)
        what = f"{self.media_type[:100]} is not a supported type"
        if format is None and (guessed or name in _UNSPECIFIC):
            format = format_of_file(PurePosixPath(doc_id))
        if name in _UNSPECIFIC:
            what = "neither the Content-Type nor the extension of the id names a supported type"
        if format is None:
            raise UnsupportedType(
                f"{what}; send {JSON} with the text, or one of {media_types()} as Content-Type"
            )
        return format

    @property
    def options(self) -> LoadOptions:
        """The options to load the body. Raises BadInput for an unknown charset.

        UTF-8 is what a file without a charset is tried with first, and many clients add it to any
        file, so it is no option.
        """
        if self.charset is None or _is_utf8(self.charset):
            return LoadOptions()
        return LoadOptions(known_encoding(self.charset))


def _is_utf8(charset: str) -> bool:
    try:
        return codecs.lookup(charset).name in ("utf-8", "ascii")
    except LookupError:
        return False


@dataclass(frozen=True, slots=True)
class Upload:
    """The bytes of a document, and what else a request says about it.

    guessed: whether a program guessed the content type from the file's name
    title, metadata: replace and complete those in the file
    """

    doc_id: str
    content: bytes
    content_type: ContentType
    guessed: bool = False
    title: str | None = None
    metadata: Mapping[str, str] = field(default_factory=dict)

    def load(self, parser: ParserProcess) -> LoadedFile:
        """Return the document. Raises UnreadableDocument, UnsupportedType or BadInput."""
        format = self.content_type.format_for(self.doc_id, guessed=self.guessed)
        options = self.content_type.options
        try:
            loaded = load_bytes(self.content, format, self.doc_id, options, parser.load)
        except UnreadableDocument as error:
            raise UnreadableDocument(f"{self.doc_id}: {error}", error.kind) from error
        check_collection_in(self.metadata)
        document = in_collection(loaded, "").document  # what the file says of it does not count
        if self.title is not None:
            document = replace(document, title=self.title)
        if self.metadata:
            document = replace(document, metadata={**document.metadata, **self.metadata})
        return replace(loaded, document=document)


def text_upload(
    doc_id: str,
    text: str,
    media_type: str | None,
    title: str | None,
    metadata: Mapping[str, str],
) -> Upload:
    """Return the upload of a text. Without a media type it is that of the id's extension if the
    extension belongs to a text format, else plain text.

    Raises UnsupportedType, or BadInput for the media type of a format that is not text.
    """
    format = format_of_file(PurePosixPath(doc_id))
    if media_type is not None:
        format = ContentType(media_type.strip().lower()).format_for(doc_id)
        if not _is_text(format):
            raise BadInput(f"{format.media_type} is not a text format; send the file itself")
    name = format.media_type if format is not None and _is_text(format) else PLAIN_TEXT
    return Upload(doc_id, text.encode(), ContentType(name), title=title, metadata=metadata)


def _is_text(format: Format) -> bool:
    return not format.isolated or format.media_type == HTML
