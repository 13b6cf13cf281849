"""Citations. Each is verified when it is created: its quote is its slice of the document."""

from collections.abc import Sequence

from index.errors import CitationBroken
from index.types import Chunk, Document, Span, digest_of
from rag.results import CONTEXT_CHARACTERS, Citation, Highlight, SourcePlace


def cite(document: Document, parts: Sequence[Chunk], span: Span | None = None) -> Citation:
    """Return the citation of a chunk, of several adjacent chunks, or of a span within them.

    parts: in document order, with only white space between them.

    Raises CitationBroken unless each chunk's slice of the document is exactly the text that was
    encoded at ingest, and `span` is within the parts.
    """
    whole = Span(parts[0].span.start, parts[-1].span.end)
    at = whole.start
    for part in parts:
        _prove(document, part)
        if document.text[at : part.span.start].strip():
            raise CitationBroken(f"{document.doc_id} has text between joined passages; report this")
        at = part.span.end
    span = whole if span is None else span
    if not whole.contains(span):
        raise CitationBroken(f"{span} of {document.doc_id} is outside {whole}; report this")
    return _citation(document, span)


def cite_near(document: Document, parts: Sequence[Chunk], span: Span) -> Citation:
    """Return the citation of a span that may be outside the chunks, like a table's header.

    The span is in the same document; the digests of the chunks verify its text.

    Raises CitationBroken as `cite` does, or if the span is outside the document.
    """
    for part in parts:
        _prove(document, part)
    if not 0 <= span.start < span.end <= len(document.text):
        raise CitationBroken(f"{span} is outside {document.doc_id}; report this")
    return _citation(document, span)


def _citation(document: Document, span: Span) -> Citation:
    line_start, line_end = document.lines_of(span)
    page_start, page_end = document.pages_of(span)
    return Citation(
        doc_id=document.doc_id,
        source=document.source,
        title=document.title,
        media_type=document.media_type,
        start=span.start,
        end=span.end,
        line_start=line_start,
        line_end=line_end,
        page_start=page_start,
        page_end=page_end,
        places=[
            SourcePlace(kind=each.kind, first=each.first, last=each.last)
            for each in document.places_of(span)
        ],
        headings=list(document.headings_of(span)),
        quote=span.of(document.text),
        prefix=document.text[max(0, span.start - CONTEXT_CHARACTERS) : span.start],
        suffix=document.text[span.end : span.end + CONTEXT_CHARACTERS],
        sha256=document.sha256,
    )


def _prove(document: Document, chunk: Chunk) -> None:
    span = chunk.span
    quote = span.of(document.text)
    if len(quote) != span.end - span.start or digest_of(quote) != chunk.digest:
        raise CitationBroken(
            f"{document.doc_id}[{span.start}:{span.end}] differs from the indexed text; "
            "run `rag ingest --rebuild` and report this"
        )


def highlight(document: Document, span: Span, within: Span) -> Highlight:
    """Return the highlight of a sentence. within: the passage's span.

    Raises CitationBroken if the sentence is outside the passage.
    """
    if not within.contains(span):
        raise CitationBroken(f"sentence {span} is outside its passage {within}; report this")
    return Highlight(start=span.start, end=span.end, quote=span.of(document.text))
