"""The steps from a document to an answer, and the one at which an expected passage was lost.

For a lost passage, the step compares it with a better one.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from index.backend import Snapshot
from index.types import Chunk, Document, Ids, Span
from rag.answer.reader import PASSAGES_READ
from rag.answer.why.expected import Expected, chunks_of, chunks_within, similar_names
from rag.answer.why.ranking import Search, ranked_steps
from rag.answer.why.result import Stage, Why, WhyStep
from rag.results import Answer
from rag.search.retrieve import rank_candidates

N_WIDE = 10_000
"""Chunks to fetch from FAISS and from BM25 for the rank of a passage that is not a candidate."""

_N_NAMED = 3
"""The maximum number of a document's passages in a message."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """The response to a question.

    candidate: the answer if the confidence were ignored
    k:         number of passages in the response
    threshold: of the confidence; None if there is none
    """

    answer: Answer
    candidate: Answer
    k: int
    threshold: float | None


def why(search: Search, expected: Expected, outcome: Outcome) -> Why:
    """Return the steps of the expected passage, and the first one that it did not pass.

    If several passages are expected, like all of a document, the steps are those of the one that
    ranks best. Raises SpanOutOfRange if the document lacks the expected line.
    """
    steps = list(_steps(search, expected, outcome))
    return Why(
        query=search.question.text,
        generation=search.snapshot.generation,
        expected=str(expected),
        lost_at=next((step.stage for step in steps if not step.passed), None),
        steps=steps,
    )


def _steps(search: Search, expected: Expected, outcome: Outcome) -> Iterator[WhyStep]:
    snapshot, doc_id = search.snapshot, expected.doc_id
    if snapshot.record(doc_id) is None:
        yield _not_indexed(snapshot, doc_id)
        return
    yield _step("document", True, f"The index contains {doc_id}.")
    document = snapshot.document(doc_id)
    span = expected.span_in(document)
    of_document = chunks_of(snapshot, doc_id)
    chunks = chunks_within(document, of_document, span)
    yield _passage_step(document, span, of_document, chunks)
    if not chunks:
        return
    ids = np.array(sorted(chunk.chunk_id for chunk in chunks), np.int64)
    candidates = rank_candidates(snapshot, search.question, search.ranking, search.reranker)
    rows = np.flatnonzero(np.isin(candidates.signals["chunk_id"], ids))
    if not len(rows):
        yield _not_candidate(search, chunks, ids)
        return
    steps = list(ranked_steps(search, candidates, int(rows[0]), outcome.k))
    yield from steps
    if steps[-1].stage == "rank":
        yield from _answer_steps(document, span, outcome)


def _step(stage: Stage, passed: bool, detail: str) -> WhyStep:
    return WhyStep(stage=stage, passed=passed, detail=detail)


# Before the ranking


def _not_indexed(snapshot: Snapshot, doc_id: str) -> WhyStep:
    near = similar_names(snapshot, doc_id)
    similar = f"Similar names: {', '.join(near)}." if near else "No document has a similar name."
    return _step("document", False, f"The index does not contain {doc_id}. {similar}")


def _passage_step(
    document: Document, span: Span, of_document: Sequence[Chunk], chunks: Sequence[Chunk]
) -> WhyStep:
    if chunks:
        return _step("passage", True, f"It is searched as {_in_words(document, chunks)}.")
    what = "The line" if span.of(document.text).strip() else "A blank line"
    nearest = sorted(of_document, key=lambda chunk: _distance(chunk.span, span))[:1]
    near = f"; the nearest is {_in_words(document, nearest)}" if nearest else ""
    return _step("passage", False, f"{what} belongs to no passage{near}.")


def _distance(one: Span, other: Span) -> int:
    return max(one.start - other.end, other.start - one.end, 0)


def _in_words(document: Document, chunks: Sequence[Chunk]) -> str:
    """Return text like `the passages of lines 3, 5-9, 12 and 4 more`."""
    lines = []
    for chunk in chunks[:_N_NAMED]:
        first, last = document.lines_of(chunk.span)
        lines.append(f"{first}" if first == last else f"{first}-{last}")
    more = f" and {len(chunks) - _N_NAMED:,} more" if len(chunks) > _N_NAMED else ""
    several = "" if len(chunks) == 1 else "s"
    numbers = "line" if lines[0].isdigit() and not several else "lines"
    return f"the passage{several} of {numbers} {', '.join(lines)}{more}"


def _not_candidate(search: Search, chunks: Sequence[Chunk], ids: Ids) -> WhyStep:
    """Return the step of a passage that is not a candidate, with its ranks in a wider search."""
    question, n = search.question, search.ranking.n_candidates
    wide = search.snapshot.candidates(question.vector, question.terms, N_WIDE)
    among = np.isin(wide.vectors.ids, ids)
    faiss = _rank_in_words(wide.dense_rank[among])
    bm25 = _rank_in_words(wide.lexical_rank[among])
    detail = f"It is {faiss} of FAISS and {bm25} of BM25; the first {n} of each are candidates."
    return _step("candidates", False, detail + search.lacking(*chunks))


def _rank_in_words(ranks: NDArray[np.int64]) -> str:
    found = ranks[ranks > 0]
    return f"#{found.min():,}" if len(found) else f"not among the first {N_WIDE:,}"


# After the ranking


def _answer_steps(document: Document, span: Span, outcome: Outcome) -> Iterator[WhyStep]:
    yield _confidence_step(outcome)
    yield _quote_step(document, span, outcome)


def _confidence_step(outcome: Outcome) -> WhyStep:
    answer, threshold = outcome.answer, outcome.threshold
    confidence = answer.confidence
    if confidence is None or threshold is None:
        detail = "There is no confidence: an answer must have every word of the question."
    else:
        detail = f"The confidence is {confidence:.2f}; below {threshold:.2f} no answer is stated."
    if not answer.answered and (confidence is None or confidence >= (threshold or 0.0)):
        detail += " The best candidate lacks something that the question asks for."
    return _step("confidence", answer.answered, detail)


def _quote_step(document: Document, span: Span, outcome: Outcome) -> WhyStep:
    stated, sentences = outcome.answer.answered, outcome.candidate.sentences
    quotes = "The answer quotes" if stated else "If an answer were stated, it would quote"
    citations = [each for sentence in sentences for each in sentence.citations]
    if not citations:
        detail = f"Nothing in the first {PASSAGES_READ} passages can be quoted as an answer."
        return _step("answer", False, detail)
    if any(each.doc_id == document.doc_id and each.span.overlaps(span) for each in citations):
        return _step("answer", stated, f"{quotes} it.")
    places = ", ".join(dict.fromkeys(f"{each.source}:{each.line_start}" for each in citations))
    detail = f"{quotes} {places} instead: this is the best candidate in the first "
    detail += f"{PASSAGES_READ} passages, by its own score and its passage's."
    return _step("answer", False, detail)
