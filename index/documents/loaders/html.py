"""HTML pages: their main content."""

from index.documents.html.metadata import metadata_of, title_of
from index.documents.html.page_text import write_source
from index.documents.html.source import declared_encoding
from index.documents.loader import Content, LoadOptions
from index.documents.markup_loader import MarkupLoader
from index.documents.markup_text import MarkupText
from index.documents.text_loader import decoded_text
from index.errors import UnreadableDocument


class HtmlLoader(MarkupLoader):
    """Loads HTML and XHTML pages. Navigation, controls and hidden elements are left out.

    Each `id`, and each `name` of an `<a>`, is a place of kind `anchor` with the label `#id`.
    """

    def read(self, content: bytes, options: LoadOptions) -> Content:
        source, metadata, warning = decoded_page(content, options)
        text = MarkupText()
        written = write_source(source, text)
        return text.content(
            title=title_of(written.page, written.first_heading),
            metadata={**metadata_of(written.page), **metadata},
            warning=warning,
        )


def decoded_page(content: bytes, options: LoadOptions) -> tuple[str, dict[str, str], str | None]:
    """Return the source of a page, its encoding as metadata, and a warning or None.

    The encoding is that of the options or of a byte-order mark, else UTF-8 if the bytes are valid
    in it, else the one that the page declares if they are valid in that, else a guess.

    Raises UnreadableDocument if the bytes are not text.
    """
    declared = declared_encoding(content)
    if declared is not None:
        try:
            return _decoded(content, options, declared)
        except UnreadableDocument:
            pass
    return _decoded(content, options, None)


def _decoded(
    content: bytes, options: LoadOptions, declared: str | None
) -> tuple[str, dict[str, str], str | None]:
    text, metadata, warning = decoded_text(content, options, declared)
    return text, dict(metadata), warning
