"""Some of a dataset's questions, over its whole corpus."""

from collections.abc import Iterable
from dataclasses import replace

from eval.datasets.load import Dataset, SpanDataset
from eval.runs.evaluate import Indexed
from index.errors import BadDataset


def judged_ids(dataset: Dataset, at_least: int = 1) -> list[str]:
    """The questions that the measures of a ranking are of, in order: those with an answer.

    Raises BadDataset if there are fewer than at_least.
    """
    answerable = dataset.answerable
    ids = [i for i in dataset.queries if answerable.get(i, True)]
    if len(ids) < at_least:
        raise BadDataset(
            f"{dataset.name} has {len(ids)} questions with an answer; {at_least} are needed"
        )
    return ids


def asking(corpus: Indexed, question_ids: Iterable[str]) -> Indexed:
    """The same corpus, asked only these questions, in the order they have there."""
    wanted, dataset = set(question_ids), corpus.dataset
    if isinstance(dataset, SpanDataset):
        kept = [question for question in dataset.questions if question.question_id in wanted]
        return replace(corpus, dataset=replace(dataset, questions=kept))
    queries = {i: text for i, text in dataset.queries.items() if i in wanted}
    qrels = {i: grades for i, grades in dataset.qrels.items() if i in wanted}
    return replace(corpus, dataset=replace(dataset, queries=queries, qrels=qrels))
