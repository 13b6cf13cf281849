"""Load a model, index datasets and run questions, with progress on stderr."""

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from itertools import groupby

from eval.datasets.load import Dataset
from eval.runs.configurations import model_key
from eval.runs.evaluate import Evaluation, IndexedDataset, QuestionCallback, index_dataset
from index.protocols import Embedder
from rag.cli.options import interruptible
from rag.models.load import load_model
from rag.models.load_pairs import load_reader
from rag.output.progress_bar import show_progress
from rag.output.terminal import console, question_progress
from rag.settings import Settings


@contextmanager
def loaded_model(settings: Settings) -> Iterator[Embedder]:
    """Load the model of the settings. Ctrl-C in the block ends the command with status 130."""
    with interruptible("Stopped. Nothing was written."):
        with console(stderr=True).status("Loading the model…"):
            embedder = load_model(settings)
        yield embedder


@contextmanager
def indexed_dataset(dataset: Dataset, embedder: Embedder) -> Iterator[IndexedDataset]:
    """Index a dataset's corpus for the block. The progress bar is removed before the block."""
    with ExitStack() as index:
        with show_progress(console(stderr=True)) as watch:
            corpus = index.enter_context(index_dataset(dataset, embedder, watch=watch))
        yield corpus


@contextmanager
def counting_questions() -> Iterator[QuestionCallback]:
    """Show a line on stderr that counts the questions; show nothing in a pipe."""
    with question_progress(console(stderr=True)) as on_question:
        yield on_question


def evaluate_each(
    dataset: Dataset,
    configurations: Sequence[Settings],
    cutoffs: Sequence[int] = (),
    token_budget: int | None = None,
) -> list[Evaluation]:
    """Run each configuration on the dataset, in order. Consecutive configurations with the same
    model share an index."""
    evaluations = []
    for _, group in groupby(configurations, key=model_key):
        same = list(group)
        with (
            loaded_model(same[0]) as embedder,
            indexed_dataset(dataset, embedder) as corpus,
        ):
            evaluations += [_evaluate(corpus, settings, cutoffs, token_budget) for settings in same]
    return evaluations


def _evaluate(
    corpus: IndexedDataset,
    settings: Settings,
    cutoffs: Sequence[int],
    token_budget: int | None,
) -> Evaluation:
    with counting_questions() as on_question:
        return corpus.evaluate(
            settings.ranking,
            cutoffs,
            calibration=settings.calibration,
            reader=load_reader(settings),
            token_budget=token_budget,
            on_question=on_question,
        )
