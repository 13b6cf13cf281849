"""Check one quote against a document."""

from index.types import Document, Span
from rag.verify.occurrences import best_occurrence
from rag.verify.verdict import CitedQuote, Status, Verdict


def check_quote(cited: CitedQuote, document: Document | None) -> Verdict:
    """Return whether the quote is in the document, and where. document: None if there is none.

    The time is linear in the length of the document's text.
    """
    if document is None:
        return gone(cited, "there is no such document")
    if document.text[cited.start : cited.end] == cited.quote:
        return _valid(cited, document)
    span = best_occurrence(
        document.text, cited.quote, cited.start, prefix=cited.prefix, suffix=cited.suffix
    )
    if span is not None:
        line = document.lines_of(span)[0]
        return _at(cited, document, span, "moved", f"the quote is now at line {line}")
    return _changed(cited, document)


def gone(cited: CitedQuote, detail: str, *, document_changed: bool | None = None) -> Verdict:
    """Return the verdict on a quote that is not there, with the reason."""
    return Verdict(
        doc_id=cited.doc_id,
        status="gone",
        start=None,
        end=None,
        line_start=None,
        line_end=None,
        text=None,
        similarity=None,
        document_changed=document_changed,
        detail=detail,
    )


def _valid(cited: CitedQuote, document: Document) -> Verdict:
    detail = "the quote is at its place"
    if _has_changed(cited, document):
        detail += "; the document has changed elsewhere"
    return _at(cited, document, Span(cited.start, cited.end), "valid", detail)


def _changed(cited: CitedQuote, document: Document) -> Verdict:
    # Imported here: most quotes are unchanged.
    from rag.verify.nearest import nearest

    similar = nearest(document.text, cited.quote, cited.start)
    if similar is None:
        changed = _has_changed(cited, document)
        detail = "the document contains neither the quote nor a similar text"
        return gone(cited, detail, document_changed=changed)
    line = document.lines_of(similar.span)[0]
    verdict = _at(
        cited, document, similar.span, "changed", f"a similar text is at line {line} instead"
    )
    nearest_text = similar.span.of(document.text)
    return verdict.model_copy(update={"text": nearest_text, "similarity": similar.similarity})


def _at(cited: CitedQuote, document: Document, span: Span, status: Status, detail: str) -> Verdict:
    line_start, line_end = document.lines_of(span)
    return Verdict(
        doc_id=cited.doc_id,
        status=status,
        start=span.start,
        end=span.end,
        line_start=line_start,
        line_end=line_end,
        text=None,
        similarity=None,
        document_changed=_has_changed(cited, document),
        detail=detail,
    )


def _has_changed(cited: CitedQuote, document: Document) -> bool | None:
    return None if cited.sha256 is None else cited.sha256 != document.sha256
