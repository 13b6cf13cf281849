"""Configurations of the service, run on a dataset with progress on stderr."""

import tomllib
from collections.abc import Sequence
from itertools import groupby
from pathlib import Path

from eval.datasets.load import Dataset
from eval.runs.evaluate import Evaluation, indexed
from index.errors import BadInput
from rag.cli.options import interruptible
from rag.models.load import load_model
from rag.output.progress_bar import watching
from rag.output.terminal import asking, console
from rag.settings import Settings


def settings_of(file: Path) -> Settings:
    """The settings in a file like rag.toml, over those in force.

    Raises BadInput, naming the file, if it cannot be read or a setting in it cannot be used.
    """
    try:
        named = tomllib.loads(file.read_text(encoding="utf-8"))
    except OSError as error:
        raise BadInput(f"cannot read {file}: {error.strerror}") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise BadInput(f"{file} is not valid TOML: {error}") from error
    unknown = named.keys() - Settings.model_fields.keys()
    if unknown:
        known = ", ".join(Settings.model_fields)
        raise BadInput(f"{file}: no setting {min(unknown)!r}; there is: {known}")
    try:
        return Settings.resolve(**named)
    except BadInput as error:
        raise BadInput(f"{file}: {error}") from error


def _model(settings: Settings) -> tuple[str | None, ...]:
    """What decides the vectors."""
    return settings.model, settings.precision, settings.device


def evaluate_each(
    dataset: Dataset, configurations: Sequence[Settings], cutoffs: Sequence[int] = ()
) -> list[Evaluation]:
    """Each configuration on the dataset, in order; neighbours with one model share an index."""
    evaluations = []
    bars = console(stderr=True)
    with interruptible("Stopped; nothing was written."):
        for _, alike in groupby(configurations, key=_model):
            same = list(alike)
            with bars.status("Loading the model…"):
                embedder = load_model(same[0])
            with watching(bars) as watch, indexed(dataset, embedder, watch=watch) as corpus:
                for settings in same:
                    with asking(bars) as asked:
                        evaluation = corpus.evaluate(
                            settings.ranking,
                            cutoffs,
                            calibration=settings.calibration,
                            asked=asked,
                        )
                    evaluations.append(evaluation)
    return evaluations
