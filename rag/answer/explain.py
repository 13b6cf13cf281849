"""What a search found, and how it is shown: passages, explanations, the evidence for confidence."""

from dataclasses import dataclass
from functools import cached_property

from index.publish.snapshot import Snapshot
from index.store.rows import StoredChunk
from index.types import Document, Span
from index.words.analyze import distinct_terms
from rag.answer import cite
from rag.answer.confidence import features_of
from rag.answer.highlight import best_sentence
from rag.results import Explanation, Part, Passage, Place, QueryTerm, Scores
from rag.search.candidates import Candidates
from rag.search.passages import Ranked, distinct
from rag.search.question import Question
from rag.search.ranking import RankSettings
from rag.search.retrieve import with_interactions


@dataclass(frozen=True)
class Found:
    """A question with its distinct passages, best first, within one generation.

    ranked: at least the two best, if there are two; k: how many were asked for
    """

    snapshot: Snapshot
    question: Question
    ranked: tuple[Ranked, ...]
    k: int

    @classmethod
    def of(cls, snapshot: Snapshot, question: Question, candidates: Candidates, k: int) -> "Found":
        """From all candidates, best first."""
        # Two at least: confidence looks at the lead over the second.
        ranked = distinct(snapshot, candidates, max(k, 2), question.idf.keys())
        bests = with_interactions(snapshot, question, [each.best for each in ranked])
        for each, best in zip(ranked, bests, strict=True):
            each.best = best
        return cls(snapshot, question, tuple(ranked), k)

    @property
    def passages(self) -> tuple[Ranked, ...]:
        """Those that were asked for."""
        return self.ranked[: self.k]

    def document(self, ranked: Ranked) -> Document:
        return self.snapshot.document(ranked.best.stored.document)

    def sentence(self, ranked: Ranked) -> Span:
        """The sentence of a passage's best chunk that answers best."""
        return best_sentence(self.document(ranked).text, ranked.best, self.question)

    @cached_property
    def features(self) -> dict[str, float] | None:
        """The evidence for confidence (rag.answer.confidence.FEATURES); None if nothing was
        found."""
        if not self.ranked:
            return None
        best = self.ranked[0]
        runner_up = self.ranked[1].best if len(self.ranked) > 1 else None
        text, sentence = self.document(best).text, self.sentence(best)
        return features_of(self.question, best.best, text, sentence, runner_up)


def passage_of(found: Found, rank: int, ranked: Ranked, explained: RankSettings | None) -> Passage:
    """A passage as users get it; with the settings it was ranked by, how it came by its score."""
    document, best = found.document(ranked), ranked.best
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
        highlight=cite.highlight(document, found.sentence(ranked), ranked.span),
        citation=citation,
        duplicates=[_place(each.stored) for each in ranked.duplicates],
        explanation=None
        if explained is None
        else _explanation(ranked, citation.quote, found.question, explained),
    )


def _place(stored: StoredChunk) -> Place:
    chunk = stored.chunk
    return Place(doc_id=chunk.doc_id, start=chunk.span.start, end=chunk.span.end)


def _explanation(
    ranked: Ranked, text: str, question: Question, ranking: RankSettings
) -> Explanation:
    best, weights = ranked.best, ranking.weights
    in_passage = distinct_terms(text)

    def part(value: float, scaled: float, weight: float) -> Part:
        scaled = min(max(scaled, 0.0), 1.0)
        return Part(value=value, scaled=scaled, weight=round(weight * best.first_weight, 6))

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
        else Part(value=reranked, scaled=reranked, weight=ranking.rerank_weight),
        terms=[
            QueryTerm(term=term, idf=round(idf, 6), in_passage=term in in_passage)
            for term, idf in question.idf.items()
        ],
        merged=[_place(part) for part in ranked.parts] if len(ranked.parts) > 1 else [],
    )
