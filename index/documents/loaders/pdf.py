"""PDF: paragraphs, lists and headings, with pages."""

from collections.abc import Mapping

import regex

from index.documents.loader import Content, LoadOptions
from index.documents.markup_loader import MarkupLoader
from index.documents.pdf_lines import PdfFile, read_pdf
from index.documents.pdf_rectangles import rectangles_of
from index.documents.pdf_text import PdfText
from index.documents.rectangles import LocatedQuote
from index.errors import UnreadableDocument
from index.types import Span, sha256_of

_DATE = regex.compile(r"D:(\d{4})(\d{2})?(\d{2})?(\d{2})?(\d{2})?(\d{2})?")
_NO_TITLE = regex.compile(
    r"untitled|microsoft \w+ - .*|.*\.(?:docx?|odt|tex|dvi|indd|pptx?|xlsx?|pdf|html?|rtf)",
    regex.IGNORECASE,
)
_N_LISTED = 5


class PdfLoader(MarkupLoader):
    """Loads PDFs. Running heads, page numbers and pictures are left out; a word that is divided at
    the end of a line is joined.

    Raises UnreadableDocument (`no-text`) for a file of scanned pages.
    """

    def read(self, content: bytes, options: LoadOptions) -> Content:
        del options  # a PDF names its encodings
        file = read_pdf(content)
        return _content(file, PdfText.of(file))

    def rectangles(self, content: bytes, span: Span) -> LocatedQuote:
        file = read_pdf(content)
        text = PdfText.of(file)
        return LocatedQuote(
            sha256_of(_content(file, text).text), rectangles_of(content, text, span)
        )


def _content(file: PdfFile, text: PdfText) -> Content:
    if not text.written.length:
        raise _without_text(file)
    return text.written.content(
        title=_title(file.metadata), metadata=_metadata(file.metadata), warning=_warning(file)
    )


def _without_text(file: PdfFile) -> UnreadableDocument:
    if any(page.has_pictures for page in file.pages):
        reason = (
            "its pages are pictures without text; run a program that recognises text, such as "
            "`ocrmypdf IN.pdf OUT.pdf`, and ingest its output"
        )
        return UnreadableDocument(reason, "no-text")
    return UnreadableDocument("has no text", "empty")


def _warning(file: PdfFile) -> str | None:
    """Return which pages are pictures without text, or None."""
    numbers = [str(n) for n, page in enumerate(file.pages, 1) if page.has_pictures]
    if not numbers:
        return None
    listed = ", ".join(numbers[:_N_LISTED])
    more = f" and {len(numbers) - _N_LISTED} more" if len(numbers) > _N_LISTED else ""
    return f"pages without text, only pictures: {listed}{more}"


def _title(metadata: Mapping[str, str]) -> str | None:
    title = metadata.get("Title", "").strip()
    return None if not title or _NO_TITLE.fullmatch(title) else title


def _metadata(metadata: Mapping[str, str]) -> dict[str, str]:
    found = {
        "author": metadata.get("Author", "").strip(),
        "date": _iso(metadata.get("CreationDate", "")),
        "tags": metadata.get("Keywords", "").strip(),
    }
    return {key: value for key, value in found.items() if value}


def _iso(date: str) -> str:
    """Return a PDF's date in ISO 8601; "" if it is none.

    >>> _iso("D:20210930074500Z"), _iso("D:2021")
    ('2021-09-30', '2021')
    """
    found = _DATE.match(date)
    return "-".join(part for part in found.groups()[:3] if part) if found else ""
