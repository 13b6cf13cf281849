"""Measure recall, speed, memory and disk up to a million chunks: `python -m bench.scale`.

The first chunks come from real documents. The rest are copies of them with other words and other
vectors (bench/scale/copies.py), because encoding a million chunks would take hours. The questions
are distinct sentences of texts that are not in the index, encoded by the model.
"""

import json
import shutil
import sys
import tempfile
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from statistics import median, quantiles
from typing import Annotated

import numpy as np
import typer

from bench.machine import Machine, commit, this_machine, versions
from bench.processes import ROOT, run_job
from bench.scale.index import GrowingIndex, dense_search, disk
from bench.scale.results import ScaleResults, SizeMeasures, picture, table, to_json
from bench.scale.text import split, texts_in
from index.errors import BadInput, RagError
from rag.models.load import load_model
from rag.settings import Settings

_DOCUMENTATION = [Path("/usr/share/doc"), Path("/usr/share/man")]
_SIZES = [1_000, 10_000, 100_000, 1_000_000]
_N_FIRST = 10


def scale(
    texts: Annotated[
        list[Path] | None,
        typer.Argument(help="Folders of texts, HTML and manual pages. Default: this machine's."),
    ] = None,
    sizes: Annotated[
        str, typer.Option(help="Numbers of chunks to measure at, ascending.")
    ] = ",".join(map(str, _SIZES)),
    real: Annotated[
        int, typer.Option(min=1, help="Number of chunks to encode; the rest are copies.")
    ] = (20_000),
    questions: Annotated[int, typer.Option(min=10, help="Number of questions.")] = 200,
    folder: Annotated[
        Path | None,
        typer.Option(help="A new folder for the index, 20 GB for a million. Default: temporary."),
    ] = None,
    output: Annotated[Path, typer.Option(help="The folder for results.")] = ROOT / ".bench",
) -> None:
    """Grow an index of real text from one size to the next, and measure it at each. The index is
    deleted afterwards."""
    steps = _steps(sizes)
    documents, queries = split(texts_in(texts or _DOCUMENTATION), questions + _N_FIRST)
    if folder is not None and folder.exists():
        raise BadInput(f"{folder} exists; choose a new folder, because it is deleted afterwards")
    index = folder or Path(tempfile.mkdtemp(prefix="rag-scale-"))
    embedder = load_model(Settings())
    vectors = np.stack([each.vector for each in embedder.encode_queries(queries[_N_FIRST:])])
    machine = this_machine()
    growing = GrowingIndex(index, embedder, documents, real)
    sizes_so_far: list[SizeMeasures] = []
    try:
        for size in steps:
            print(f"scale: to {size:,} chunks", file=sys.stderr)
            stages = growing.grow(size)
            sizes_so_far.append(
                {"n_chunks": growing.n_chunks, **stages, **_measure(index, vectors, queries)}
            )
            _write(sizes_so_far, machine, output)
            print(json.dumps(sizes_so_far[-1], indent=1))
        print(table(sizes_so_far))
    finally:
        shutil.rmtree(index, ignore_errors=True)


def _steps(sizes: str) -> list[int]:
    steps = [int(size) for size in sizes.split(",") if size.strip().isdecimal()]
    if not steps or steps != sorted(set(steps)) or len(steps) != sizes.count(",") + 1:
        raise BadInput(f"sizes are {sizes!r}; choose ascending numbers such as 1000,10000")
    return steps


def _measure(index: Path, vectors: np.ndarray, questions: Sequence[str]) -> SizeMeasures:
    """Measure an index. Two processes run the questions, one after the other: the first may wait
    for the disk, the second reads from the system's cache."""
    first, then = (_time_searches(index, questions) for _ in range(2))
    parts = disk(index)
    return {
        **dense_search(index, vectors),
        **then,
        **{f"first_{name}": first[name] for name in ("p50_ms", "p90_ms", "open_s")},
        "disk_mb": sum(parts.values()),
        "disk_by_part_mb": parts,
    }


def _time_searches(index: Path, questions: Sequence[str]) -> SizeMeasures:
    measures: SizeMeasures = run_job(
        [sys.executable, "-m", "bench.scale.search"],
        {
            "index": str(index),
            "first": questions[:_N_FIRST],
            "questions": questions[_N_FIRST:],
            "k": 5,
        },
    )
    times = measures.pop("ms")
    return {"p50_ms": median(times), "p90_ms": quantiles(times, n=10)[-1], **measures}


def _write(sizes_so_far: list[SizeMeasures], machine: Machine, output: Path) -> None:
    folder = output / "results"
    folder.mkdir(parents=True, exist_ok=True)
    results = ScaleResults(
        started=datetime.now(UTC).isoformat(timespec="seconds"),
        commit=commit(ROOT),
        machine=machine,
        versions=versions(),
        sizes=tuple(sizes_so_far),
    )
    (folder / "scale.json").write_text(to_json(results), encoding="utf-8")
    (folder / "scale.svg").write_text(picture(sizes_so_far), encoding="utf-8")


def main() -> None:
    app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)
    app.command()(scale)
    try:
        app(prog_name="python -m bench.scale")
    except RagError as error:
        sys.exit(f"bench: {error}")


if __name__ == "__main__":
    main()
