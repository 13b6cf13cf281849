"""Select some of a dataset's questions, over its whole corpus."""

from collections.abc import Iterable
from dataclasses import replace

from eval.datasets.load import Dataset, SpanDataset
from eval.runs.evaluate import IndexedDataset
from index.errors import BadDataset


def judged_ids(dataset: Dataset, at_least: int = 1) -> list[str]:
    """Return the ids of the answerable (or judged) questions, in the dataset's order. The measures
    of a ranking are defined for these.

    Raises BadDataset if there are fewer than at_least.
    """
    answerable = dataset.answerable
    ids = [i for i in dataset.queries if answerable.get(i, True)]
    if len(ids) < at_least:
        raise BadDataset(
            f"{dataset.name} has {len(ids)} questions with an answer, but needs {at_least}"
        )
    return ids


def with_questions(corpus: IndexedDataset, question_ids: Iterable[str]) -> IndexedDataset:
    """Return the same index with only these questions, in the dataset's order."""
    ids, dataset = set(question_ids), corpus.dataset
    if isinstance(dataset, SpanDataset):
        questions = [question for question in dataset.questions if question.question_id in ids]
        return replace(corpus, dataset=replace(dataset, questions=questions))
    queries = {i: text for i, text in dataset.queries.items() if i in ids}
    qrels = {i: grades for i, grades in dataset.qrels.items() if i in ids}
    return replace(corpus, dataset=replace(dataset, queries=queries, qrels=qrels))
