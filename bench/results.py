"""Results of the benchmarks, and their JSON file."""

from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from typing import Literal

from pydantic import TypeAdapter, ValidationError

from bench.machine import Machine
from index.errors import BadInput


@dataclass(frozen=True, slots=True)
class Sample:
    """A quantity that was measured once in each round; at least one value, in order."""

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
    """The bound that a row's ratio, or its own value, should meet."""

    of: Literal["ratio", "value"]
    bound: Literal["at least", "at most"]
    limit: float

    def met_by(self, measured: float) -> bool:
        return measured >= self.limit if self.bound == "at least" else measured <= self.limit


@dataclass(frozen=True, slots=True)
class ResultRow:
    """A quantity of this project, and the one that it is compared with.

    ours: this project's values
    against: name of what it is compared with; empty if nothing
    theirs: as many values as ours; the i-th was measured right before or after our i-th
    """

    name: str
    unit: str
    ours: Sample
    against: str = ""
    theirs: Sample | None = None
    aim: Aim | None = None

    @property
    def ratio(self) -> Sample | None:
        """Return ours / theirs for each round. Other load on the machine slows both alike."""
        if self.theirs is None:
            return None
        pairs = zip(self.ours.values, self.theirs.values, strict=True)
        return Sample(tuple(ours / theirs for ours, theirs in pairs))

    @property
    def met(self) -> bool | None:
        """Return whether the median meets the aim; None without an aim."""
        if self.aim is None:
            return None
        measured = self.ratio if self.aim.of == "ratio" else self.ours
        return measured is not None and self.aim.met_by(measured.median)


@dataclass(frozen=True, slots=True)
class SkippedRow:
    """A row that could not be measured, and the reason."""

    name: str
    reason: str


@dataclass(frozen=True, slots=True)
class Curve:
    """The points of a plot. unit: of y"""

    name: str
    unit: str
    x: tuple[float, ...]
    y: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class BenchmarkResult:
    """The results of one benchmark. x_name: name of its curves' x axis"""

    name: str
    title: str
    rows: tuple[ResultRow, ...] = ()
    skipped: tuple[SkippedRow, ...] = ()
    curves: tuple[Curve, ...] = ()
    x_name: str = ""


@dataclass(frozen=True, slots=True)
class Results:
    """The results of a run of the benchmarks.

    started: ISO 8601, UTC
    versions: package -> version; a peer's package is "peer: package"
    """

    started: str
    commit: str
    machine: Machine
    versions: dict[str, str]
    corpus: str
    n_paragraphs: int
    n_questions: int
    rounds: int
    quick: bool
    parts: tuple[BenchmarkResult, ...] = field(default_factory=tuple)


_RESULTS = TypeAdapter(Results)


def to_json(results: Results) -> str:
    """Return JSON with one value a line and a line end, so that git shows each change."""
    return _RESULTS.dump_json(results, indent=1).decode() + "\n"


def read_results(file: Path) -> Results:
    """Read results. Raises BadInput if the file is missing or not what `to_json` writes."""
    try:
        return _RESULTS.validate_json(file.read_bytes())
    except OSError as error:
        raise BadInput(f"cannot read {file}: {error.strerror}; run `make bench` first") from error
    except ValidationError as error:
        reason = error.errors()[0]
        where = ".".join(map(str, reason["loc"]))
        raise BadInput(f"{file} has no valid results: {where}: {reason['msg']}") from error
