"""Another dataset's questions as questions that nothing in a corpus answers."""

from dataclasses import replace
from pathlib import Path

from eval.datasets.load import Dataset, Question, SpanDataset, load_dataset
from index.errors import BadDataset


def load_asked(folder: Path, split: str | None = None, unanswerable: Path | None = None) -> Dataset:
    """The dataset in a folder, asked the questions of the one in `unanswerable` too.

    Raises BadDataset as load_dataset does, and if both are one.
    """
    dataset = load_dataset(folder, split)
    if unanswerable is None:
        return dataset
    if unanswerable.resolve() == folder.resolve():
        raise BadDataset(f"{folder} answers its own questions; name another set's folder")
    return with_unanswerable(dataset, load_dataset(unanswerable))


def with_unanswerable(dataset: Dataset, other: Dataset) -> Dataset:
    """The dataset with the other's questions, answerable there or not, for those without an answer.
    Its own such questions are left out. An id becomes the other's name, a slash, and the id.

    Raises BadDataset if a question of the dataset has that id already.
    """
    foreign = {f"{other.name}/{i}": text for i, text in other.queries.items()}
    taken = dataset.queries.keys() & foreign.keys()
    if taken:
        raise BadDataset(f"{dataset.name} has a question {min(taken)!r} too; rename {other.name}")
    if isinstance(dataset, SpanDataset):
        own = [question for question in dataset.questions if question.answerable]
        added = [Question(i, text, ()) for i, text in foreign.items()]
        return replace(dataset, questions=own + added, unanswerable=other.name)
    return replace(dataset, queries=dataset.queries | foreign, unanswerable=other.name)
