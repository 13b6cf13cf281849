"""OpenDocument texts (.odt)."""

from index.documents.loader import Content, LoadOptions
from index.documents.markup_loader import MarkupLoader
from index.documents.office.library_errors import library_errors
from index.documents.office.open_writer import OpenWriter
from index.documents.office.opendocument import read_open_document
from index.documents.office.package import core_properties


class OdtLoader(MarkupLoader):
    """Loads OpenDocument texts. docs/ingest.md defines what is in the text."""

    def read(self, content: bytes, options: LoadOptions) -> Content:
        with library_errors("an OpenDocument text"):
            document = read_open_document(content, "office:text", "a text document (.odt)")
            title, metadata = core_properties(document.meta)
            writer = OpenWriter(document.styles)
            writer.write_all(document.body)
        return writer.text.content(title=writer.title or title, metadata=metadata)
