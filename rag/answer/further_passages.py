"""Find the passages of quoted sentences that are not among the results."""

from collections.abc import Sequence

from rag.answer.answerer import Part
from rag.answer.explain import passage_of
from rag.results import AnswerSentence, Citation, Passage
from rag.search.passages import RankedPassage
from rag.search.ranking import RankSettings
from rag.search.retrieve import Retrieval


def further_passages(
    passages: Sequence[Passage],
    parts: Sequence[Part],
    sentences: Sequence[AnswerSentence],
    explained: RankSettings | None,
) -> list[Passage]:
    """Return the passages of sentences that none of `passages` contains, in the order of the
    sentences. Their ranks follow those of `passages`.

    parts: where the sentences come from. explained: see passage_of.
    """
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
