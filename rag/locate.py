"""Find the rectangles of a quote on the pages of its file."""

from dataclasses import asdict
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field

from index.documents.formats import FORMATS, Format, format_of_media_type
from index.documents.isolation import rectangles_isolated
from index.documents.load import FileBytes, read_file
from index.errors import FileChanged, NoRectangles, SpanOutOfRange, UnreadableDocument
from index.types import DocumentRecord, Span


class RectangleOnPage(BaseModel):
    """Where a line of a quote, or a part of it, is on its page. Coordinates are in points (1/72
    inch) from the top left corner of the page as it is shown: turned and cropped."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    page: int = Field(ge=1, description="The page, from 1.")
    label: str = Field(
        description="The page's printed number, such as `iv`; the same as `page` if the file names "
        "none."
    )
    left: float = Field(description="Distance of the left edge from the page's left edge.")
    top: float = Field(description="Distance of the top edge from the page's top edge.")
    right: float = Field(description="Distance of the right edge from the page's left edge.")
    bottom: float = Field(description="Distance of the bottom edge from the page's top edge.")
    page_width: float = Field(description="Width of the page, in points.")
    page_height: float = Field(description="Height of the page, in points.")


class QuoteRectangles(BaseModel):
    """The rectangles of a span of a document, in reading order."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    doc_id: str = Field(description="The document's id.")
    start: int = Field(ge=0, description="Start offset in the canonical text.")
    end: int = Field(ge=0, description="End offset, exclusive.")
    sha256: str = Field(description="SHA-256 of the document's canonical text in UTF-8, as hex.")
    rectangles: list[RectangleOnPage] = Field(
        description="One for each line of the quote, more where a wide gap divides a line. Marks "
        "of the canonical text (`#`, `-`, `|`) and white space have none."
    )


def locate(record: DocumentRecord, start: int, end: int) -> QuoteRectangles:
    """Return the rectangles of the span [start, end) of a document, from its file.

    Raises SpanOutOfRange; NoRectangles for a document of another format or without a file;
    FileChanged if the file is missing or not the one that was indexed; UnreadableDocument if it
    cannot be parsed.
    """
    format = _format_of(record)
    if not 0 <= start < end <= record.n_chars:
        raise SpanOutOfRange(
            f"the span [{start}, {end}) is not within {record.doc_id}, which has "
            f"{record.n_chars} characters; choose 0 <= start < end <= this number"
        )
    file = _indexed_file(record)
    quote = rectangles_isolated(format, file.content, Span(start, end))
    if quote.text_sha256 != record.sha256:
        raise FileChanged(
            f"{record.doc_id} was indexed by a version of this program that reads its file "
            "differently; ingest it again"
        )
    return QuoteRectangles(
        doc_id=record.doc_id,
        start=start,
        end=end,
        sha256=record.sha256,
        rectangles=[RectangleOnPage(**asdict(each)) for each in quote.rectangles],
    )


def _format_of(record: DocumentRecord) -> Format:
    format = format_of_media_type(record.media_type)
    if format is None or not format.has_rectangles:
        names = " or ".join(each.name for each in FORMATS if each.has_rectangles)
        raise NoRectangles(
            f"{record.doc_id} is not a {names} ({record.media_type}), so its quotes have no "
            "rectangles on pages"
        )
    return format


def _indexed_file(record: DocumentRecord) -> FileBytes:
    """Return the bytes of a document's file. Raises NoRectangles or FileChanged."""
    if record.path is None:
        raise NoRectangles(f"{record.doc_id} was not read from a file")
    try:
        file = read_file(Path(record.path))
    except UnreadableDocument as error:
        raise FileChanged(
            f"the file of {record.doc_id} is not as it was indexed: {error}"
        ) from None
    version = record.file_version
    if version is not None and version.sha256 != file.sha256:
        raise FileChanged(
            f"the file of {record.doc_id} has changed since it was indexed; ingest it again"
        )
    return file
