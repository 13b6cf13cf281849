"""Which candidates define an identifier of the question, as a function or a constant of that name.

Most chunks of source code that have an identifier only use it. A person who asks for it wants its
definition.
"""

import numpy as np
import regex
from numpy.typing import NDArray

from index.backend import Snapshot
from index.documents.formats import notation_of
from index.types import Document, Span
from index.words.analyze import terms_of
from rag.search.exact_terms import exact_terms
from rag.search.question import Question

DEFINES = 0.15
"""Added to the first score, and to the reranker's, of a chunk that defines what is asked for."""

_WORD = regex.compile(r"\W*([\p{L}_$][\p{L}\p{N}_$]*)(?:\(\))?\W*")
_PARTS = regex.compile(r"::|->|[.#]")


def definition_gain(
    snapshot: Snapshot, question: Question, chunk_ids: NDArray[np.int64]
) -> NDArray[np.float64]:
    """Return DEFINES for each chunk that defines an identifier of the question, else 0; (n,).

    chunk_ids: ascending
    """
    gain = np.zeros(len(chunk_ids))
    for name in identifiers(question.text):
        terms = [term for term in dict.fromkeys(terms_of(name)) if term in question.idf]
        if not terms or not len(chunk_ids):
            continue
        has = np.flatnonzero(snapshot.having(terms, chunk_ids).all(axis=1))
        for row, chunk in zip(has, snapshot.chunks(chunk_ids[has].tolist()), strict=True):
            record = snapshot.record(chunk.doc_id)
            if record is None or notation_of(record.media_type) != "code":
                continue
            if defines(snapshot.document(chunk.doc_id), chunk.span, name):
                gain[row] = DEFINES
    return gain


def identifiers(question: str) -> list[str]:
    """Return the identifiers of a question. A single word is one, whatever its form.

    >>> identifiers("What does `Parser.load` return?"), identifiers("chunk")
    (['Parser.load'], ['chunk'])
    """
    word = _WORD.fullmatch(question)
    if word is not None:
        return [word.group(1)]
    names = (
        each.text.removesuffix("()")
        for each in exact_terms(question)
        if each.kind in ("identifier", "quoted")
    )
    return [name for name in names if regex.fullmatch(r"[\w$.:>#-]+", name)]


def defines(document: Document, span: Span, name: str) -> bool:
    """Return whether a part of source code has the signature of a name, or assigns it.

    A name with dots, such as `Parser.load`, is that of a member: the last part is its name and the
    others are those above it.
    """
    parts = _parts_of(name)
    if not parts:
        return False
    path: list[str] = []
    for heading in document.heading_path(span.end):
        path += _parts_of(heading.text)
        named = path[-len(parts) :] == parts or name in heading.text.split(", ")
        if named and span.overlaps(heading.span):
            return True
    assigned = regex.compile(
        rf"^[ \t]*(?:[\w#]+[ \t]+)*{regex.escape(parts[-1])}[ \t]*(?::[^=\n]*)?=(?!=)", regex.M
    )
    return len(parts) == 1 and assigned.search(span.of(document.text)) is not None


def _parts_of(name: str) -> list[str]:
    return [part for part in _PARTS.split(name) if part]
