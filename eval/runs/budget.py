"""answer@budget: whether the passages that fit a token budget contain an answer."""

from collections.abc import Sequence

from eval.datasets.load import LabelledQuestion
from eval.measures.measures import Values
from eval.runs.copies import places_of
from rag.pipeline import Pipeline
from rag.results import MAX_K, Passage


def budget_values(
    pipeline: Pipeline, questions: Sequence[LabelledQuestion], token_budget: int
) -> Values:
    """Search for each answerable question once more, under a token budget; return the measure
    `answer@<N>tokens` of each: 1 if one of the passages, or a near-identical one that it replaces,
    contains a whole answer span."""
    values = {}
    for question in questions:
        if question.answerable:
            result = pipeline.search(question.text, MAX_K, token_budget=token_budget)
            values[question.question_id] = float(_contain_answer(result.passages, question))
    return {f"answer@{token_budget}tokens": values}


def _contain_answer(passages: Sequence[Passage], question: LabelledQuestion) -> bool:
    return any(question.has_answer_in(places_of(passage)) for passage in passages)
