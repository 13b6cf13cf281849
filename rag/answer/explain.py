"""Make the passages of a response: with citation and highlight, and an explanation on request."""

from typing import Literal

from index.types import Chunk
from index.words.analyze import distinct_terms
from rag.answer import cite
from rag.answer.highlight import best_sentence
from rag.results import Explanation, Passage, PassageSpan, QueryTerm, ScorePart, Scores
from rag.search.candidates import Candidate
from rag.search.passages import RankedPassage
from rag.search.question import Question
from rag.search.ranking import RankSettings
from rag.search.retrieve import Retrieval

Signal = Literal["dense", "sentence", "lexical", "rerank"]
"""The name of a part of a score: its field in Explanation."""


def passage_of(
    retrieval: Retrieval, rank: int, ranked: RankedPassage, explained: RankSettings | None
) -> Passage:
    """Return a passage with its verified citation.

    rank: from 1. explained: the settings of the ranking; None for no explanation.
    """
    document, best = retrieval.document(ranked), ranked.best
    sentence = best_sentence(document.text, best, retrieval.question)
    citation = cite.cite(document, ranked.parts)
    return Passage(
        rank=rank,
        score=best.score,
        scores=Scores(
            dense=best.dense,
            lexical=best.lexical,
            sentence=best.sentence,
            rerank=best.reranked,
        ),
        text=citation.quote,
        highlight=cite.highlight(document, sentence, ranked.span),
        citation=citation,
        duplicates=[place_of(each.chunk) for each in ranked.duplicates],
        explanation=None
        if explained is None
        else _explanation(ranked, citation.quote, retrieval.question, explained),
    )


def place_of(chunk: Chunk) -> PassageSpan:
    """Return a chunk's document and span."""
    return PassageSpan(doc_id=chunk.doc_id, start=chunk.span.start, end=chunk.span.end)


def _explanation(
    ranked: RankedPassage, text: str, question: Question, ranking: RankSettings
) -> Explanation:
    best, in_passage = ranked.best, distinct_terms(text)
    parts = score_parts(best, ranking)
    return Explanation(
        dense_rank=best.dense_rank,
        lexical_rank=best.lexical_rank,
        first_rank=best.first_rank,
        dense=parts["dense"],
        sentence=parts["sentence"],
        lexical=parts["lexical"],
        rerank=parts.get("rerank"),
        terms=[
            QueryTerm(term=term, idf=round(idf, 6), in_passage=term in in_passage)
            for term, idf in question.idf.items()
        ],
        merged=[place_of(part) for part in ranked.parts] if len(ranked.parts) > 1 else [],
    )


def score_parts(candidate: Candidate, ranking: RankSettings) -> dict[Signal, ScorePart]:
    """Return the parts of a candidate's score by signal: the sum of weight x scaled is the score.

    Has `rerank` only if the reranker scored the candidate. ranking: the settings of the ranking.
    """
    weights = ranking.weights

    def part(value: float, scaled: float, weight: float) -> ScorePart:
        scaled = min(max(scaled, 0.0), 1.0)
        return ScorePart(
            value=value, scaled=scaled, weight=round(weight * candidate.first_weight, 6)
        )

    parts: dict[Signal, ScorePart] = {
        "dense": part(candidate.dense, candidate.dense, weights.dense),
        "sentence": part(candidate.sentence, candidate.sentence, weights.sentence),
        "lexical": part(candidate.lexical, candidate.lexical_share, weights.lexical),
    }
    reranked = candidate.reranked
    if reranked is not None:
        parts["rerank"] = ScorePart(value=reranked, scaled=reranked, weight=ranking.rerank_weight)
    return parts
