"""Ranked passages as users get them: cited, with a highlight, and explained on request."""

from index.types import Chunk
from index.words.analyze import distinct_terms
from rag.answer import cite
from rag.answer.highlight import best_sentence
from rag.results import Explanation, Passage, PassageSpan, QueryTerm, ScorePart, Scores
from rag.search.passages import RankedPassage
from rag.search.question import Question
from rag.search.ranking import RankSettings
from rag.search.retrieve import Retrieval


def passage_of(
    retrieval: Retrieval, rank: int, ranked: RankedPassage, explained: RankSettings | None
) -> Passage:
    """A passage with its proven citation.

    explained: the settings it was ranked by, if its score is to be explained
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
        duplicates=[_place(each.chunk) for each in ranked.duplicates],
        explanation=None
        if explained is None
        else _explanation(ranked, citation.quote, retrieval.question, explained),
    )


def _place(chunk: Chunk) -> PassageSpan:
    return PassageSpan(doc_id=chunk.doc_id, start=chunk.span.start, end=chunk.span.end)


def _explanation(
    ranked: RankedPassage, text: str, question: Question, ranking: RankSettings
) -> Explanation:
    best, weights = ranked.best, ranking.weights
    in_passage = distinct_terms(text)

    def part(value: float, scaled: float, weight: float) -> ScorePart:
        scaled = min(max(scaled, 0.0), 1.0)
        return ScorePart(value=value, scaled=scaled, weight=round(weight * best.first_weight, 6))

    reranked = best.reranked
    return Explanation(
        dense_rank=best.dense_rank,
        lexical_rank=best.lexical_rank,
        first_rank=best.first_rank,
        dense=part(best.dense, best.dense, weights.dense),
        sentence=part(best.sentence, best.sentence, weights.sentence),
        lexical=part(best.lexical, best.lexical_share, weights.lexical),
        rerank=None
        if reranked is None
        else ScorePart(value=reranked, scaled=reranked, weight=ranking.rerank_weight),
        terms=[
            QueryTerm(term=term, idf=round(idf, 6), in_passage=term in in_passage)
            for term, idf in question.idf.items()
        ],
        merged=[_place(part) for part in ranked.parts] if len(ranked.parts) > 1 else [],
    )
