"""PDF: paragraphs, lists and headings, with pages."""

from collections.abc import Mapping

import regex

from index.documents.loader import Content, LoadOptions
from index.documents.markup_loader import MarkupLoader
from index.documents.markup_text import MarkupText
from index.documents.pdf_layout import Part, bullet_removed, parts_of
from index.documents.pdf_lines import PdfFile, read_pdf
from index.errors import UnreadableDocument

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
        written = MarkupText()
        labels = [page.label or str(n) for n, page in enumerate(file.pages, 1)]
        has_labels = any(label != str(n) for n, label in enumerate(labels, 1))
        page = -1
        for part in parts_of(file):
            for i, (number, text) in enumerate(part.pieces):
                while page < number:
                    page += 1
                    written.page()
                    if has_labels:
                        written.place("page-label", labels[page])
                _write(written, part, text, continues=i > 0)
        if not written.text:
            raise _without_text(file)
        for _ in range(page + 1, len(file.pages)):
            written.page()
        return written.content(
            title=_title(file.metadata), metadata=_metadata(file.metadata), warning=_warning(file)
        )


def _write(written: MarkupText, part: Part, text: str, *, continues: bool) -> None:
    if continues:
        written.extend(text)
    elif part.kind == "table":
        written.table(part.rows)
    elif part.kind == "heading":
        written.heading(part.level, text)
    elif part.kind == "item" and bullet_removed(text) != text:
        written.item(bullet_removed(text))
    else:
        written.paragraph(text, lists=True)


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
