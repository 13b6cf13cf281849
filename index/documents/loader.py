"""What a format's loader does: the bytes of a file to a text and its structure."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib import import_module
from typing import Protocol, cast

from index.documents.blocks import Blocks
from index.documents.formats import Format, format_of_media_type, media_types
from index.errors import BadInput
from index.types import Document, Heading


@dataclass(frozen=True, slots=True)
class LoadOptions:
    """How a file is to be loaded; loaders ignore what means nothing in their format.

    encoding: the one of its text, whatever its bytes say
    fallback: the one of its text where it would be guessed, as a user once named it
    """

    encoding: str | None = None
    fallback: str | None = None

    @property
    def key(self) -> str:
        """What stands for them in a FileVersion."""
        return f"encoding={self.encoding or ''} fallback={self.fallback or ''}"


@dataclass(frozen=True, slots=True)
class Content:
    """What a loader makes of a file.

    text:     canonical: valid Unicode, line ends as `\\n`, no byte-order mark, not all white space
    blocks:   in order, without overlap; together they hold all that is not white space
    headings: in order of their position
    title:    None if the file says none
    pages:    the offset at which each page begins, ascending; empty if the format has no pages
    metadata: what else the file says of itself, and how it was read
    warning:  what a person should look at
    """

    text: str
    blocks: Blocks
    headings: tuple[Heading, ...] = ()
    title: str | None = None
    pages: tuple[int, ...] = ()
    metadata: Mapping[str, str] = field(default_factory=dict)
    warning: str | None = None


class Loader(Protocol):
    """Loads files of one format. Equal bytes and options give equal contents.

    tests/index/documents/test_loader_contract.py holds every registered loader to this.
    """

    def load(self, content: bytes, options: LoadOptions) -> Content:
        """What these bytes hold. Raises UnreadableDocument, with its kind, if that is no document:
        `empty` without a visible character, `binary` or `encoding` if it is not of this format,
        `too-large`."""
        ...

    def blocks(self, document: Document) -> Blocks:
        """The blocks that `load` gave with a document, made again from what is stored of it."""
        ...


def loader_of(format: Format) -> Loader:
    """The loader of a format; its module, and the libraries that it needs, are imported now."""
    module, name = format.loader.split(":")
    return cast(Loader, getattr(import_module(module), name)())


def loader_of_media_type(media_type: str) -> Loader:
    """Raises BadInput if no format has this media type."""
    found = format_of_media_type(media_type)
    if found is None:
        raise BadInput(f"no format has the media type {media_type!r}; there are {media_types()}")
    return loader_of(found)
