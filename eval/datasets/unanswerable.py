"""Add another dataset's questions as unanswerable questions: the corpus does not answer them."""

from dataclasses import replace
from pathlib import Path

from eval.datasets.load import Dataset, LabelledQuestion, SpanDataset, load_dataset
from index.errors import BadDataset


def load_with_unanswerable(
    folder: Path, split: str | None = None, unanswerable: Path | None = None
) -> Dataset:
    """Read the dataset in a folder and add the questions of the dataset in `unanswerable`.

    Raises BadDataset as load_dataset does, and if both folders are the same.
    """
    dataset = load_dataset(folder, split)
    if unanswerable is None:
        return dataset
    if unanswerable.resolve() == folder.resolve():
        raise BadDataset(f"--unanswerable is the dataset itself ({folder}); choose another folder")
    return with_unanswerable(dataset, load_dataset(unanswerable))


def with_unanswerable(dataset: Dataset, other: Dataset) -> Dataset:
    """Replace the dataset's unanswerable questions by all questions of another dataset.

    The id of an added question is the other dataset's name, a slash, and its id there.

    Raises BadDataset if a question of the dataset has such an id already.
    """
    foreign = {f"{other.name}/{i}": text for i, text in other.queries.items()}
    taken = dataset.queries.keys() & foreign.keys()
    if taken:
        raise BadDataset(f"{dataset.name} also has a question {min(taken)!r}; rename {other.name}")
    if isinstance(dataset, SpanDataset):
        own = [question for question in dataset.questions if question.answerable]
        added = [LabelledQuestion(i, text, ()) for i, text in foreign.items()]
        return replace(dataset, questions=own + added, unanswerable=other.name)
    return replace(dataset, queries=dataset.queries | foreign, unanswerable=other.name)
