"""Models that are known to work in each role, with their licences, sizes and published quality.

No model is downloaded from here. `quality` repeats what its authors publish; the times were
measured with random weights of the same size by `python -m bench.reader --write`.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Literal

Role = Literal["model", "rerank", "reader"]
"""The settings that name a model."""

ROLES: tuple[Role, ...] = ("model", "rerank", "reader")

_TIMES = Path(__file__).with_name("times.json")


@dataclass(frozen=True, slots=True)
class KnownModel:
    """A model of the hub, or the default model.

    n_parameters: in millions
    layers, dimension: of its transformer
    quality:      published by its authors, not measured here; empty if it is not listed
    suggested:    whether it is the one to try first in its role
    """

    name: str
    role: Role
    licence: str
    languages: str
    n_parameters: float
    layers: int
    dimension: int
    quality: str
    suggested: bool = False

    @property
    def size(self) -> str:
        """What its time depends on, as `layers x dimension`."""
        return f"{self.layers}x{self.dimension}"

    @property
    def download_mb(self) -> float:
        """The size of its weights: four bytes a parameter."""
        return 4 * self.n_parameters

    @property
    def compiled_mb(self) -> float:
        """The size of the compiled model in int8: one byte a parameter."""
        return self.n_parameters


KNOWN_MODELS = (
    KnownModel(
        name="all-MiniLM-L6-v2",
        role="model",
        licence="Apache-2.0",
        languages="English",
        n_parameters=22.7,
        layers=6,
        dimension=384,
        quality="",
        suggested=True,
    ),
    KnownModel(
        name="intfloat/multilingual-e5-small",
        role="model",
        licence="MIT",
        languages="94 languages",
        n_parameters=118,
        layers=12,
        dimension=384,
        quality="",
    ),
    KnownModel(
        name="cross-encoder/ms-marco-MiniLM-L6-v2",
        role="rerank",
        licence="Apache-2.0",
        languages="English",
        n_parameters=22.7,
        layers=6,
        dimension=384,
        quality="nDCG@10 of 74.3 on TREC DL 2019",
        suggested=True,
    ),
    KnownModel(
        name="cross-encoder/ms-marco-MiniLM-L12-v2",
        role="rerank",
        licence="Apache-2.0",
        languages="English",
        n_parameters=33.4,
        layers=12,
        dimension=384,
        quality="nDCG@10 of 74.3 on TREC DL 2019",
    ),
    KnownModel(
        name="deepset/minilm-uncased-squad2",
        role="reader",
        licence="CC-BY-4.0",
        languages="English",
        n_parameters=33.4,
        layers=12,
        dimension=384,
        quality="exact match of 76.2, F1 of 79.5 on SQuAD 2.0 dev",
        suggested=True,
    ),
    KnownModel(
        name="deepset/tinyroberta-squad2",
        role="reader",
        licence="CC-BY-4.0",
        languages="English",
        n_parameters=82,
        layers=6,
        dimension=768,
        quality="exact match of 78.9, F1 of 82.0 on SQuAD 2.0 dev",
    ),
    KnownModel(
        name="deepset/roberta-base-squad2",
        role="reader",
        licence="CC-BY-4.0",
        languages="English",
        n_parameters=124,
        layers=12,
        dimension=768,
        quality="exact match of 79.9, F1 of 83.0 on SQuAD 2.0 dev",
    ),
)


@dataclass(frozen=True, slots=True)
class MeasuredTimes:
    """The times that bench.reader measured.

    machine:   where
    passages_ms: median to read five passages with a question, by KnownModel.size
    """

    machine: str
    passages_ms: Mapping[str, float]


@lru_cache(maxsize=1)
def measured_times() -> MeasuredTimes:
    """Return the times that `python -m bench.reader --write` stored; none if it was not run."""
    if not _TIMES.exists():
        return MeasuredTimes("", {})
    return MeasuredTimes(**json.loads(_TIMES.read_text(encoding="utf-8")))


def write_times(times: MeasuredTimes) -> Path:
    """Replace the file of the times, and return its path."""
    fields = {"machine": times.machine, "passages_ms": dict(times.passages_ms)}
    _TIMES.write_text(json.dumps(fields, indent=1) + "\n", encoding="utf-8")
    return _TIMES
