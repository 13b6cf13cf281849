"""What was measured, as rows that compare; written to JSON and read back."""

from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from typing import Literal

from pydantic import TypeAdapter, ValidationError

from bench.machine import Machine
from index.errors import BadInput


@dataclass(frozen=True, slots=True)
class Sample:
    """One thing measured several times; values in the order of the rounds, at least one."""

    values: tuple[float, ...]

    @property
    def median(self) -> float:
        return median(self.values)

    @property
    def low(self) -> float:
        return min(self.values)

    @property
    def high(self) -> float:
        return max(self.values)


@dataclass(frozen=True, slots=True)
class Aim:
    """What a row's ratio, or its own value, should be."""

    of: Literal["ratio", "value"]
    bound: Literal["at least", "at most"]
    limit: float

    def met_by(self, measured: float) -> bool:
        return measured >= self.limit if self.bound == "at least" else measured <= self.limit


@dataclass(frozen=True, slots=True)
class Row:
    """Ours, and what was measured beside it in the same rounds.

    theirs: as many values as ours, the i-th taken right before or after our i-th.
    """

    name: str
    unit: str
    ours: Sample
    against: str = ""
    theirs: Sample | None = None
    aim: Aim | None = None

    @property
    def ratio(self) -> Sample | None:
        """Ours over theirs, round by round: what slows the machine for a while slows both."""
        if self.theirs is None:
            return None
        pairs = zip(self.ours.values, self.theirs.values, strict=True)
        return Sample(tuple(ours / theirs for ours, theirs in pairs))

    @property
    def met(self) -> bool | None:
        """Whether the median reaches the aim; None without one."""
        if self.aim is None:
            return None
        measured = self.ratio if self.aim.of == "ratio" else self.ours
        return measured is not None and self.aim.met_by(measured.median)


@dataclass(frozen=True, slots=True)
class Skipped:
    """A row that could not be measured here, and why."""

    name: str
    reason: str


@dataclass(frozen=True, slots=True)
class Curve:
    """A quantity over another, for a plot."""

    name: str
    unit: str
    x: tuple[float, ...]
    y: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Part:
    """What one benchmark found. `x_name` is what its curves are drawn over."""

    name: str
    title: str
    rows: tuple[Row, ...] = ()
    skipped: tuple[Skipped, ...] = ()
    curves: tuple[Curve, ...] = ()
    x_name: str = ""


@dataclass(frozen=True, slots=True)
class Results:
    """A run of the benchmarks. started: ISO 8601, UTC. versions: by the package's name, the
    peers' as "peer: package".."""

    started: str
    commit: str
    machine: Machine
    versions: dict[str, str]
    corpus: str
    n_paragraphs: int
    n_questions: int
    rounds: int
    quick: bool
    parts: tuple[Part, ...] = field(default_factory=tuple)


_RESULTS = TypeAdapter(Results)


def to_json(results: Results) -> str:
    """Indented, ending in a line end, so that a kept file shows what changed."""
    return _RESULTS.dump_json(results, indent=1).decode() + "\n"


def read_results(file: Path) -> Results:
    """Raises BadInput if the file is missing or not what `to_json` writes."""
    try:
        return _RESULTS.validate_json(file.read_bytes())
    except OSError as error:
        raise BadInput(f"cannot read {file}: {error.strerror}; run `make bench` first") from error
    except ValidationError as error:
        reason = error.errors()[0]
        where = ".".join(map(str, reason["loc"]))
        raise BadInput(f"{file} holds no results: {where}: {reason['msg']}") from error
