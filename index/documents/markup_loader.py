"""Base class of loaders whose canonical text has Markdown's block notation."""

from abc import ABC, abstractmethod

from index.documents.blocks import Blocks
from index.documents.loader import Content, LoadOptions
from index.documents.markdown import markdown_blocks
from index.errors import UnreadableDocument
from index.types import Document


class MarkupLoader(ABC):
    """A loader that writes its text with index.documents.markup_text."""

    def load(self, content: bytes, options: LoadOptions) -> Content:
        if not content.strip():
            raise UnreadableDocument("empty", "empty")
        return self.read(content, options)

    def blocks(self, document: Document) -> Blocks:
        return markdown_blocks(document.text)

    @abstractmethod
    def read(self, content: bytes, options: LoadOptions) -> Content:
        """Return the content of these bytes, which are not only white space."""
