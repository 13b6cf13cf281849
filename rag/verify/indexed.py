"""Check citations against the documents of an index."""

from collections.abc import Sequence

from index.backend import Snapshot
from index.types import Document
from rag.verify.check_quote import check_quote
from rag.verify.verdict import CitedQuote, Verdict, Verdicts


def check_indexed(citations: Sequence[CitedQuote], snapshot: Snapshot) -> Verdicts:
    """Return the verdict on each citation, in order. Each document is read once."""
    verdicts: dict[int, Verdict] = {}
    document: Document | None = None
    doc_id = None
    for i in sorted(range(len(citations)), key=lambda i: (citations[i].doc_id, i)):
        if citations[i].doc_id != doc_id:  # at most one document is in memory
            doc_id = citations[i].doc_id
            document = _document(snapshot, doc_id)
        verdicts[i] = check_quote(citations[i], document)
    return Verdicts.of([verdicts[i] for i in range(len(citations))])


def _document(snapshot: Snapshot, doc_id: str) -> Document | None:
    return None if snapshot.record(doc_id) is None else snapshot.document(doc_id)
