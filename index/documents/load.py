"""Files to documents: decode them, and make their canonical text.

Canonical text is the decoded file without a byte-order mark and with every line end as `\\n`;
nothing else is changed, so a citation can be held against the file itself.
"""

import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from index.documents.blocks import Block
from index.documents.charset import decoded, display_name
from index.documents.formats import MARKDOWN, MEDIA_TYPES
from index.documents.markdown import front_matter_title
from index.documents.structure import blocks_of, headings_of
from index.errors import UnreadableDocument
from index.types import Document, Heading

MAX_FILE_BYTES = 32 * 2**20
"""A larger file is skipped: it would be hours of encoding, and no one reads it as one document."""

MAX_HEADINGS = 2_000_000
"""A file of more is skipped: a heading takes some 200 bytes of memory."""

_TRUSTED_SAMPLE = 256 * 1024
_SHOWN_TITLE = 200


@dataclass(frozen=True, slots=True)
class FileText:
    """A file's canonical text and what else is known of it.

    metadata: `encoding`, if it is not plain UTF-8, and `encoding_given`, if a user named it;
              neither for ASCII, which is the same in nearly all
    """

    text: str
    media_type: str
    metadata: Mapping[str, str]
    encoding: str
    warning: str | None


def read(
    path: Path, doc_id: str, encoding: str | None = None, fallback: str | None = None
) -> Document:
    """The document that a file holds. Raises UnreadableDocument as read_text does."""
    content = read_text(path, encoding, fallback)
    return document_of(
        content.text,
        doc_id,
        media_type=content.media_type,
        name=path.stem,
        metadata=content.metadata,
    )


def read_text(path: Path, encoding: str | None = None, fallback: str | None = None) -> FileText:
    """A file's text, without looking for its structure: enough to see whether it has changed.

    encoding: the one to read it in whatever its bytes say
    fallback: the one to read it in where its encoding would be guessed, as a user once named it

    Raises UnreadableDocument, with the reason, for a file that is missing, unreadable, too large,
    of a type that is not read, binary, or empty.
    """
    media_type = MEDIA_TYPES.get(path.suffix.lower())
    if media_type is None:
        raise UnreadableDocument("not a type that is read (.txt and .md)", "other-type")
    content = _bytes_of(path)
    found = decoded(content, encoding, fallback)
    text = _canonical(found.text)
    _refuse_blank(text)
    metadata = {}
    plain = found.text.isascii() and len(found.text) == len(content)
    if not plain and (found.encoding != "utf-8" or found.n_bad):
        metadata["encoding"] = display_name(found.encoding)
    given = encoding or fallback
    if not plain and given:
        metadata["encoding_given"] = display_name(given)
    name = display_name(found.encoding)
    return FileText(text, media_type, metadata, name, found.warning)


def _refuse_blank(text: str) -> None:
    if not text or text.isspace():
        raise UnreadableDocument("empty", "empty")


def _bytes_of(path: Path) -> bytes:
    try:
        if not path.is_file():
            path.stat()  # which says why, if nothing is there
            raise UnreadableDocument("not a regular file", "special")
        size = path.stat().st_size
        if size > MAX_FILE_BYTES:
            limit = MAX_FILE_BYTES // 2**20
            raise UnreadableDocument(
                f"{size / 2**20:.0f} MiB, over the limit of {limit} MiB", "too-large"
            )
        return path.read_bytes()
    except OSError as error:
        raise UnreadableDocument(f"cannot be read: {error.strerror or error}") from error


def document_of(
    text: str,
    doc_id: str,
    *,
    media_type: str,
    name: str,
    source: str | None = None,
    metadata: Mapping[str, str] | None = None,
) -> Document:
    """A document of a canonical text, its title and headings found in it.

    Raises UnreadableDocument if the text is all white space, or has more than MAX_HEADINGS.
    """
    _refuse_blank(text)
    blocks = blocks_of(text, media_type)
    headings = tuple(islice(headings_of(text, blocks, media_type), MAX_HEADINGS + 1))
    if len(headings) > MAX_HEADINGS:
        raise UnreadableDocument(f"more than {MAX_HEADINGS:,} headings; split it", "too-large")
    return Document(
        doc_id=doc_id,
        source=doc_id if source is None else source,
        title=_title(text, media_type, blocks[0], headings) or name,
        text=text,
        media_type=media_type,
        metadata=metadata or {},
        headings=headings,
    )


def _title(text: str, media_type: str, first: Block, headings: tuple[Heading, ...]) -> str | None:
    """Markdown: the front matter's title, or the first top heading. Else a heading at the top."""
    if media_type == MARKDOWN:
        top = next((heading.text for heading in headings if heading.level == 1), None)
        return front_matter_title(text) or top
    at_top = headings and headings[0].span == first.span
    return headings[0].text[:_SHOWN_TITLE] if at_top else None


def decode(content: bytes) -> str:
    """Bytes to canonical text. Raises UnreadableDocument if they are not text."""
    return _canonical(decoded(content).text)


def _canonical(text: str) -> str:
    text = text.removeprefix("\ufeff")
    if _is_binary(text):
        raise UnreadableDocument("binary, not text", "binary")
    return text.replace("\r\n", "\n").replace("\r", "\n")


def _is_binary(text: str) -> bool:
    """NUL, or more than one control character in a hundred."""
    if "\0" in text:
        return True
    sample = text[:_TRUSTED_SAMPLE]
    n_controls = sum(unicodedata.category(c) == "Cc" and c not in "\t\n\r\f\v\x1b" for c in sample)
    return n_controls > len(sample) / 100
