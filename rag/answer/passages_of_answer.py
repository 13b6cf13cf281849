"""Choose the passages of an answer: those that contain its sentences, and the best others."""

from collections.abc import Sequence

from rag.answer.answerer import Part
from rag.answer.explain import passage_of
from rag.results import AnswerSentence, Citation, Passage
from rag.search.passages import RankedPassage
from rag.search.ranking import RankSettings
from rag.search.retrieve import Retrieval


def passages_of_answer(
    passages: Sequence[Passage],
    parts: Sequence[Part],
    sentences: Sequence[AnswerSentence],
    k: int,
    explained: RankSettings | None,
) -> list[Passage]:
    """Return at most k passages, the highest score first, ranked from 1.

    Passages that contain a sentence come before others if there is no room for all of them; the
    score of one that is not in `passages` is its score for the sentence's part of the question.

    passages: the best for the whole question. parts: where the sentences come from.
    explained: see passage_of.
    """
    further = _further(passages, parts, sentences, explained)
    cited = [each for each in passages if any(_holds(each, sentence) for sentence in sentences)]
    others = [each for each in passages if each not in cited]
    kept = [*cited, *further, *others][:k]
    if not further and len(kept) == len(passages):
        return list(passages)
    ranked = sorted(kept, key=lambda passage: -passage.score)
    return [passage.model_copy(update={"rank": i}) for i, passage in enumerate(ranked, 1)]


def _further(
    passages: Sequence[Passage],
    parts: Sequence[Part],
    sentences: Sequence[AnswerSentence],
    explained: RankSettings | None,
) -> list[Passage]:
    """Return the passages of the sentences that none of `passages` contains, in their order."""
    further: list[Passage] = []
    for sentence in sentences:
        shown = [*passages, *further]
        if any(_holds(passage, sentence) for passage in shown):
            continue
        retrieval, ranked = _origin(parts, sentence)
        further.append(passage_of(retrieval, len(shown) + 1, ranked, explained))
    return further


def _holds(passage: Passage, sentence: AnswerSentence) -> bool:
    """Whether a passage has a part of what is quoted: a list or a section may be longer than it."""
    outer = passage.citation
    return any(
        outer.doc_id == inner.doc_id and outer.span.overlaps(inner.span)
        for inner in sentence.citations
    )


def _origin(parts: Sequence[Part], sentence: AnswerSentence) -> tuple[Retrieval, RankedPassage]:
    """The retrieved passage that a sentence stands in, and the retrieval that it is from."""
    citation = sentence.citation
    return next(
        (part.retrieval, passage)
        for part in parts
        if part.text == sentence.question
        for passage in (*part.retrieval.passages, part.best.passage)
        if passage is part.best.passage or _overlaps(passage, citation)
    )


def _overlaps(passage: RankedPassage, citation: Citation) -> bool:
    same = passage.best.chunk.doc_id == citation.doc_id
    return same and passage.span.overlaps(citation.span)
