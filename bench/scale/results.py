"""Results of `bench.scale`: their JSON file, their table and their plots."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter, ValidationError

from bench.machine import Machine
from bench.plots import Line, Panel, svg
from bench.table import format_number, markdown
from index.errors import BadInput

SizeMeasures = dict[str, Any]
"""Name -> value of the measures at one size; `n_chunks` is the size."""


@dataclass(frozen=True, slots=True)
class ScaleResults:
    """The results of a run. started: ISO 8601, UTC. sizes: ascending."""

    started: str
    commit: str
    machine: Machine
    versions: dict[str, str]
    sizes: tuple[SizeMeasures, ...]


_RESULTS = TypeAdapter(ScaleResults)

_ROWS: tuple[tuple[str, str, Callable[[SizeMeasures], float]], ...] = (
    ("encoded and stored, chunks/s", "", lambda m: m["encoded_per_s"]),
    ("copied and stored, chunks/s", "", lambda m: m["copied_per_s"]),
    ("publishing FAISS, s", "", lambda m: m["publish_dense_s"]),
    ("publishing BM25, s", "", lambda m: m["publish_dense_s"] and m["publish_lexical_s"]),
    ("lists, probed", "", lambda m: m["dense"]["n_probed"]),
    ("dense recall@10", "≥ 0.98", lambda m: m["recall_at_10"]),
    ("dense search, p50, ms", "", lambda m: m["dense_p50_ms"]),
    ("whole query, p50, ms", "≤ 15", lambda m: m["p50_ms"]),
    ("whole query, p90, ms", "", lambda m: m["p90_ms"]),
    ("asked for the first time, p50, ms", "", lambda m: m["first_p50_ms"]),
    ("asked for the first time, p90, ms", "", lambda m: m["first_p90_ms"]),
    ("opening, the first time, s", "≤ 2", lambda m: m["first_open_s"]),
    ("resident, MB", "≤ 1,500", lambda m: m["resident_mb"]),
    ("of it the process's own, MB", "", lambda m: m["own_mb"]),
    ("on disk, MB", "", lambda m: m["disk_mb"]),
    ("on disk, kB a chunk", "", lambda m: m["disk_mb"] * 1024 / m["n_chunks"]),
)

_PANELS = (
    ("Dense recall@10 after rescoring", "share", {"": "recall_at_10"}, False),
    (
        "Whole hybrid query, p50",
        "ms",
        {"asked again": "p50_ms", "the first time": "first_p50_ms"},
        False,
    ),
    ("Opening the index, the first time", "s", {"": "first_open_s"}, False),
    ("Resident memory of a search process", "MB", {"": "resident_mb"}, False),
    ("On disk", "MB", {"": "disk_mb"}, True),
    (
        "Ingest, without publishing",
        "chunks/s",
        {"encoded": "encoded_per_s", "copied": "copied_per_s"},
        True,
    ),
    ("Publishing FAISS and BM25", "s", {"": "publish_s"}, True),
)


def to_json(results: ScaleResults) -> str:
    """Return JSON with one value a line and a line end."""
    return _RESULTS.dump_json(results, indent=1).decode() + "\n"


def read_scale(file: Path) -> ScaleResults:
    """Read results. Raises BadInput if the file is missing or not what `to_json` writes."""
    try:
        return _RESULTS.validate_json(file.read_bytes())
    except OSError as error:
        raise BadInput(
            f"cannot read {file}: {error.strerror}; run `make bench-scale` first"
        ) from error
    except ValidationError as error:
        raise BadInput(f"{file} has no valid results of `make bench-scale`: {error}") from error


def table(sizes: Sequence[SizeMeasures]) -> str:
    """Return a table with a column for each size. A cell is empty if its value is 0, for example
    the rate of copying at the first size."""
    header = ("chunks", *(f"{each['n_chunks']:,}" for each in sizes), "aim")
    rows = [
        (name, *(format_number(value) if (value := of(each)) else "" for each in sizes), aim)
        for name, aim, of in _ROWS
    ]
    return markdown([header, *rows])


def picture(sizes: Sequence[SizeMeasures]) -> str:
    """Draw a panel for each quantity over the number of chunks. A size without a value has no
    point; a quantity without values has no panel."""
    return svg(
        "Speed and size of an index as it grows",
        [
            Panel(title, "chunks", unit, lines, log_x=True, log_y=log)
            for title, unit, names, log in _PANELS
            if (lines := _lines(sizes, names))
        ],
    )


def _lines(sizes: Sequence[SizeMeasures], names: dict[str, str]) -> list[Line]:
    lines = []
    for name, key in names.items():
        # An ingest has published its chunks already: FAISS then takes 0 s here.
        published = [each for each in sizes if key != "publish_s" or each["publish_dense_s"]]
        points = [
            (float(each["n_chunks"]), float(each[key])) for each in published if each.get(key)
        ]
        if points:
            lines.append(Line(name, *zip(*points, strict=True)))
    return lines
