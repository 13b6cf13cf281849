"""Reduce the service's replies to what is measured."""

from collections.abc import Mapping
from itertools import chain

from eval.measures.measures import Outcome, RunPassage, Statement
from eval.runs.copies import copies_of, places_of
from index.types import Span
from rag.results import Answer, Passage, SearchResult

N_QUOTES = 3
"""The text of so many passages is kept."""


def outcome_of(
    question_id: str,
    result: SearchResult | Answer,
    texts: Mapping[str, str],
    statement: Statement | None = None,
) -> Outcome:
    """Return the outcome of a question.

    texts: canonical text of each document, by doc_id
    """
    passages = tuple(_run_passage(passage, texts) for passage in result.passages)
    return Outcome(question_id, result.confidence, passages, statement)


def statement_of(stated: bool, candidate: Answer, texts: Mapping[str, str]) -> Statement:
    """Return the statement of an answer.

    candidate: the best answer, whether it was stated or declined
    """
    cited = [each for sentence in candidate.sentences for each in sentence.citations]
    citations = tuple((each.doc_id, each.span) for each in cited)
    passages = [places_of(passage) for passage in candidate.passages]
    copies = (copies_of(place, passages, texts) for place in citations)
    return Statement(stated, citations, tuple(chain.from_iterable(copies)))


def _run_passage(passage: Passage, texts: Mapping[str, str]) -> RunPassage:
    (doc_id, span), *duplicates = places_of(passage)
    highlight = Span(passage.highlight.start, passage.highlight.end)
    return RunPassage(
        doc_id=doc_id,
        span=span,
        score=passage.score,
        highlight=highlight,
        quote=passage.text if passage.rank <= N_QUOTES else None,
        duplicates=tuple(duplicates),
        highlight_copies=copies_of((doc_id, highlight), [[(doc_id, span), *duplicates]], texts),
    )
