"""Labels by text: find the places of a quotation in documents."""

import re
from collections.abc import Mapping

from index.errors import BadDataset
from index.types import Span

_N_SHOWN = 60
"""Characters of a quotation that a message shows."""


def find_quote(
    texts: Mapping[str, str], quote: str, doc_id: str | None = None
) -> list[tuple[str, Span]]:
    """Return every place of a quotation, as doc_id and span, in the order of the documents.

    Any white space matches any other, because a line end of the document becomes a space when the
    quotation is copied from a page. Everything else must be equal. Places do not overlap.

    texts:  canonical text of each document, by doc_id
    doc_id: the only document to look in; None: all

    Raises BadDataset if the quotation is blank or stands nowhere, or if there is no such document.
    """
    if not quote.strip():
        raise BadDataset("an answer is blank; enter a quotation from the documents")
    if doc_id is not None and doc_id not in texts:
        raise BadDataset(f"an answer is in {doc_id!r}, which is not in the corpus")
    pattern = re.compile(r"\s+".join(map(re.escape, quote.split())))
    searched = texts if doc_id is None else {doc_id: texts[doc_id]}
    places = [
        (name, Span(*match.span()))
        for name, text in searched.items()
        for match in pattern.finditer(text)
    ]
    if not places:
        where = "any document" if doc_id is None else repr(doc_id)
        shown = quote if len(quote) <= _N_SHOWN else f"{quote[:_N_SHOWN]}…"
        raise BadDataset(f"the answer {shown!r} is not in {where}; quote it word for word")
    return places
