"""The Loader protocol: from the bytes of a file to a text and its structure."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib import import_module
from typing import Protocol, cast

from index.documents.blocks import Blocks
from index.documents.formats import Format, format_of_media_type, media_types
from index.documents.rectangles import LocatedQuote
from index.errors import BadInput
from index.places import Place
from index.types import Document, Heading, Span


@dataclass(frozen=True, slots=True)
class LoadOptions:
    """Options for loading a file. A loader ignores options that do not apply to its format.

    encoding: of the text; overrides what the bytes show
    fallback: of the text, from an earlier run; replaces a guess
    """

    encoding: str | None = None
    fallback: str | None = None

    @property
    def key(self) -> str:
        """Return the value of FileVersion.options."""
        return f"encoding={self.encoding or ''} fallback={self.fallback or ''}"


@dataclass(frozen=True, slots=True)
class Content:
    """The text and structure of a file.

    text:     canonical: valid Unicode, line ends as `\\n`, no byte-order mark, not all white space
    blocks:   in order, without overlap; together they contain all that is not white space
    headings: in order of their position
    title:    None if the file has none
    pages:    the offset at which each page begins, ascending; empty if the format has no pages
    places:   slides, sheets, rows, anchors and the like, in order of their offsets
    metadata: other properties of the file, and its encoding
    warning:  what a user should check, or None
    """

    text: str
    blocks: Blocks
    headings: tuple[Heading, ...] = ()
    title: str | None = None
    pages: tuple[int, ...] = ()
    places: tuple[Place, ...] = ()
    metadata: Mapping[str, str] = field(default_factory=dict)
    warning: str | None = None


class Loader(Protocol):
    """Loads files of one format. Equal bytes and options give equal contents.

    tests/index/documents/test_loader_contract.py tests every registered loader against this.
    """

    def load(self, content: bytes, options: LoadOptions) -> Content:
        """Return the content of these bytes.

        Raises UnreadableDocument with one of these kinds: `empty` (no visible character), `binary`,
        `encoding` or `damaged` (not of this format), `password`, `no-text`, `too-large`.
        """
        ...

    def blocks(self, document: Document) -> Blocks:
        """Return the same blocks that `load` returned, computed from the stored document."""
        ...


class PageLoader(Loader, Protocol):
    """The loader of a format with pages on which a quote has rectangles (Format.has_rectangles)."""

    def rectangles(self, content: bytes, span: Span) -> LocatedQuote:
        """Return the rectangles of a span of the text that `load` returns for these bytes.

        Raises UnreadableDocument as `load`.
        """
        ...


def loader_of(format: Format) -> Loader:
    """Return the loader of a format. Import its module and the libraries that it needs."""
    return loader_named(format.loader)


def loader_named(loader: str) -> Loader:
    """Return the loader of a Format.loader, `module:class`."""
    module, name = loader.split(":")
    return cast(Loader, getattr(import_module(module), name)())


def loader_of_media_type(media_type: str) -> Loader:
    """Return the loader of a media type. Raises BadInput if no format has it."""
    found = format_of_media_type(media_type)
    if found is None:
        raise BadInput(f"unknown media type {media_type!r}; choose {media_types()}")
    return loader_of(found)
