"""Base class of loaders for text formats: decode the bytes, then find the structure of the text.

Canonical text is the decoded file without a byte-order mark and with every line end as `\\n`.
Nothing else is changed, so a citation can be compared with the file.
"""

import unicodedata
from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import replace
from itertools import islice

from index.documents.blocks import Blocks
from index.documents.charset import Decoded, decoded, display_name
from index.documents.loader import Content, LoadOptions
from index.errors import UnreadableDocument
from index.types import Document, Heading

MAX_HEADINGS = 2_000_000
"""A file with more is skipped: a heading takes about 200 bytes of memory."""

_TRUSTED_SAMPLE = 256 * 1024


class TextLoader(ABC):
    """A loader of a text format. A subclass defines the blocks, the heading text and the title."""

    def load(self, content: bytes, options: LoadOptions) -> Content:
        """Return the content of these bytes.

        Metadata: `encoding` if it is not valid UTF-8, and `encoding_given` if a user named it.
        Neither for ASCII, which has the same bytes in nearly all encodings.
        """
        text, metadata, warning = decoded_text(content, options)
        parsed = self.parse(text)
        return replace(parsed, metadata={**parsed.metadata, **metadata}, warning=warning)

    def parse(self, text: str) -> Content:
        """Return the content of a canonical text.

        Raises UnreadableDocument if it is all white space, or has more than MAX_HEADINGS.
        """
        if not text or text.isspace():
            raise UnreadableDocument("empty", "empty")
        blocks = self.blocks_in(text)
        found = (
            Heading(block.span, block.level, self.heading_text(block.span.of(text)))
            for block in blocks
            if block.kind == "heading"
        )
        headings = tuple(islice(found, MAX_HEADINGS + 1))
        if len(headings) > MAX_HEADINGS:
            raise UnreadableDocument(
                f"more than {MAX_HEADINGS:,} headings; split the file", "too-large"
            )
        content = Content(text, blocks, headings)
        return replace(content, title=self.title(content))

    def blocks(self, document: Document) -> Blocks:
        """Return the blocks of the document's text."""
        return self.blocks_in(document.text)

    @abstractmethod
    def blocks_in(self, text: str) -> Blocks:
        """Return the blocks of a canonical text, in order; empty if it is all white space."""

    @abstractmethod
    def heading_text(self, raw: str) -> str:
        """Return the text of a heading without marks, on one line."""

    @abstractmethod
    def title(self, content: Content) -> str | None:
        """Return the title in the text, or None."""


def decode(content: bytes) -> str:
    """Decode bytes to canonical text. Raises UnreadableDocument if they are not text."""
    return _canonical(decoded(content).text)


def decoded_text(
    content: bytes, options: LoadOptions, declared: str | None = None
) -> tuple[str, Mapping[str, str], str | None]:
    """Return the decoded text of a file, its encoding as metadata, and a warning or None.

    declared: the encoding that the file itself states; replaces a guess

    The metadata is that of TextLoader.load. Raises UnreadableDocument if the bytes are not text.
    """
    read = decoded(content, options.encoding, options.fallback or declared)
    return _canonical(read.text), _metadata(read, content, options), read.warning


def _metadata(read: Decoded, content: bytes, options: LoadOptions) -> dict[str, str]:
    metadata = {}
    plain = read.text.isascii() and len(read.text) == len(content)
    if not plain and (read.encoding != "utf-8" or read.n_bad):
        metadata["encoding"] = display_name(read.encoding)
    given = options.encoding or options.fallback
    if not plain and given:
        metadata["encoding_given"] = display_name(given)
    return metadata


def _canonical(text: str) -> str:
    text = text.removeprefix("\ufeff")
    if _is_binary(text):
        raise UnreadableDocument("binary, not text", "binary")
    return text.replace("\r\n", "\n").replace("\r", "\n")


def _is_binary(text: str) -> bool:
    """Return whether the text has a NUL, or more than 1 % control characters."""
    if "\0" in text:
        return True
    sample = text[:_TRUSTED_SAMPLE]
    n_controls = sum(unicodedata.category(c) == "Cc" and c not in "\t\n\r\f\v\x1b" for c in sample)
    return n_controls > len(sample) / 100
