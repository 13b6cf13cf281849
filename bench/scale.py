"""`python -m bench.scale`: what becomes of recall, speed, memory and disk up to a million chunks.

Real documents make the first chunks; beyond, they are copied with other words and other vectors
(bench/scale_copies.py), for a model would need hours. Questions are real and distinct, encoded by
the model, out of texts that are not in the index.
"""

import json
import shutil
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from statistics import median, quantiles
from typing import Annotated, Any

import numpy as np
import typer

from bench.machine import commit, this_machine, versions
from bench.plots import Line, Panel, svg
from bench.processes import ROOT, asked
from bench.scale_index import GrowingIndex, dense_search, disk
from bench.scale_text import split, texts_in
from index.errors import BadInput, RagError
from rag.models import load_model
from rag.settings import Settings

_DOCUMENTATION = [Path("/usr/share/doc"), Path("/usr/share/man")]
_SIZES = [1_000, 10_000, 100_000, 1_000_000]
_N_FIRST = 10

Measured = dict[str, Any]

_PANELS = (
    ("recall_at_10", "Dense recall@10 after rescoring", "share", False),
    ("p50_ms", "Whole hybrid query, p50", "ms", False),
    ("open_s", "Opening the index", "s", False),
    ("resident_mb", "Resident memory of a search process", "MB", False),
    ("disk_mb", "On disk", "MB", True),
    ("publish_s", "Publishing FAISS and BM25", "s", False),
)


def scale(
    texts: Annotated[
        list[Path] | None,
        typer.Argument(help="Folders of texts, HTML and manual pages; this machine's, if none."),
    ] = None,
    sizes: Annotated[str, typer.Option(help="Chunks at which to measure, ascending.")] = ",".join(
        map(str, _SIZES)
    ),
    real: Annotated[int, typer.Option(min=1, help="Chunks to encode; the rest are copies.")] = (
        20_000
    ),
    questions: Annotated[int, typer.Option(min=10, help="How many are asked.")] = 200,
    folder: Annotated[
        Path | None,
        typer.Option(help="A new folder for the index, 20 GB for a million; else a temporary one."),
    ] = None,
    output: Annotated[Path, typer.Option(help="Where results and plots go.")] = ROOT / ".bench",
) -> None:
    """Grow an index of real text from one size to the next, and measure it at each. The index is
    deleted afterwards."""
    steps = _steps(sizes)
    documents, asked_for = split(texts_in(texts or _DOCUMENTATION), questions + _N_FIRST)
    if folder is not None and folder.exists():
        raise BadInput(f"{folder} exists; name a new folder: it is deleted afterwards")
    index = folder or Path(tempfile.mkdtemp(prefix="rag-scale-"))
    embedder = load_model(Settings())
    vectors = np.stack([each.vector for each in embedder.encode_queries(asked_for[_N_FIRST:])])
    growing = GrowingIndex(index, embedder, documents, real)
    measured: list[Measured] = []
    try:
        for size in steps:
            print(f"scale: to {size:,} chunks", file=sys.stderr)
            grown = growing.grow(size)
            measured.append(
                {"n_chunks": growing.n_chunks, **grown, **_measure(index, vectors, asked_for)}
            )
            _write(measured, output)
            print(json.dumps(measured[-1], indent=1))
    finally:
        shutil.rmtree(index, ignore_errors=True)


def _steps(sizes: str) -> list[int]:
    steps = [int(size) for size in sizes.split(",") if size.strip().isdecimal()]
    if not steps or steps != sorted(set(steps)) or len(steps) != sizes.count(",") + 1:
        raise BadInput(f"sizes are {sizes!r}; give ascending numbers as 1000,10000")
    return steps


def _measure(index: Path, vectors: np.ndarray, questions: Sequence[str]) -> Measured:
    searched = asked(
        [sys.executable, "-m", "bench.scale_search"],
        {
            "index": str(index),
            "first": questions[:_N_FIRST],
            "questions": questions[_N_FIRST:],
            "k": 5,
        },
    )
    times = searched.pop("ms")
    parts = disk(index)
    return {
        **dense_search(index, vectors),
        "p50_ms": median(times),
        "p90_ms": quantiles(times, n=10)[-1],
        **searched,
        "disk_mb": sum(parts.values()),
        "disk_by_part_mb": parts,
    }


def _write(measured: list[Measured], output: Path) -> None:
    folder = output / "results"
    folder.mkdir(parents=True, exist_ok=True)
    results = {
        "started": datetime.now(UTC).isoformat(timespec="seconds"),
        "commit": commit(ROOT),
        "machine": asdict(this_machine()),
        "versions": versions(),
        "sizes": measured,
    }
    (folder / "scale.json").write_text(json.dumps(results, indent=1) + "\n", encoding="utf-8")
    (folder / "scale.svg").write_text(picture(measured), encoding="utf-8")


def picture(measured: Sequence[Measured]) -> str:
    """A panel a quantity, over the number of chunks."""
    sizes = [float(each["n_chunks"]) for each in measured]
    return svg(
        "What becomes of an index as it grows",
        [
            Panel(
                title,
                "chunks",
                unit,
                [Line("", sizes, [float(each.get(key, 0.0)) for each in measured])],
                log_x=True,
                log_y=log,
            )
            for key, title, unit, log in _PANELS
        ],
    )


def main() -> None:
    app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)
    app.command()(scale)
    try:
        app(prog_name="python -m bench.scale")
    except RagError as error:
        sys.exit(f"bench: {error}")


if __name__ == "__main__":
    main()
