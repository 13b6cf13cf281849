"""The results of many faults of one kind, and the table of all kinds."""

from collections.abc import Iterable
from dataclasses import dataclass, field, fields

_SHOWN = 5
"""Failures of each kind in the table; all are in Counts.failures."""


@dataclass
class Counts:
    """The number of each result.

    runs:      faults made
    in_flight: of these, faults while the process was working
    unharmed:  every answer was right: the fault had no effect or the index was repaired
    refused:   an error of this project was raised: one line that says what to do
    lost:      a commit is missing
    wrong:     an index differs from an undisturbed one
    silent:    an answer differs, and no error reports it
    crashed:   a signal ended the process, or it raised an error of another type
    """

    part: str
    runs: int = 0
    in_flight: int = 0
    unharmed: int = 0
    refused: int = 0
    lost: int = 0
    wrong: int = 0
    silent: int = 0
    crashed: int = 0
    failures: list[str] = field(default_factory=list)
    measured: list[str] = field(default_factory=list)

    def fail(self, kind: str, what: str) -> None:
        """Count one `lost`, `wrong`, `silent` or `crashed`, and record how to reproduce it."""
        setattr(self, kind, getattr(self, kind) + 1)
        self.failures.append(f"{self.part}: {kind}: {what}")


_COLUMNS = [f.name for f in fields(Counts) if f.type is int]


def table(all_counts: Iterable[Counts]) -> str:
    """The counts as text: one line per part, then the sum, the measurements and the failures."""
    all_counts = list(all_counts)
    rows = [["part", *_COLUMNS]]
    rows += [[c.part, *(str(getattr(c, name)) for name in _COLUMNS)] for c in all_counts]
    rows.append(["all", *(str(sum(getattr(c, n) for c in all_counts)) for n in _COLUMNS)])
    lines = [f"{row[0]:12}" + "".join(f"{cell:>11}" for cell in row[1:]) for row in rows]
    for counts in all_counts:
        lines += [f"{counts.part}: {line}" for line in counts.measured]
        for kind in ("lost", "wrong", "silent", "crashed"):
            of_kind = [f for f in counts.failures if f.startswith(f"{counts.part}: {kind}:")]
            lines += of_kind[:_SHOWN]
            if len(of_kind) > _SHOWN:
                lines.append(f"{counts.part}: {kind}: and {len(of_kind) - _SHOWN} more")
    return "\n".join(lines)
