"""Measure an ingest after a small change among many files: `python -m bench.edit [DATA]`.

The folder has 3,000 Markdown files of six passages. The passages are drawn from 1,200 ones of
random sentences of a dataset, so that the first ingest encodes only these. Each ingest runs in a
process of its own. Prints the median of the rounds in ms: of the whole process, and of its parts.
"""

import json
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import wraps
from itertools import islice
from pathlib import Path
from statistics import median
from typing import Any

from bench.corpus import load_corpus
from bench.growth import random_passages
from bench.processes import ROOT
from index.ingest import ingest as ingest_module
from index.ingest.changes import FileChanges
from index.publish import session
from rag import ingest as command
from rag.settings import Settings

N_FILES, N_PASSAGES_A_FILE, N_PASSAGES, N_ROUNDS = 3000, 6, 1200, 3
PARTS = ("scan", "load model", "encode and store", "publish")
CHANGES = ("nothing", "one edited", "one added", "one removed")


def main() -> None:
    data = Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT / "eval" / "seeds"
    with tempfile.TemporaryDirectory(prefix="rag-edit-") as name:
        scratch = Path(name)
        passages = _passages(data)
        rng = random.Random(0)
        for number in range(N_FILES):
            _write(scratch, number, rng.sample(passages, N_PASSAGES_A_FILE))
        first_s = _ingest(scratch)["process"] / 1000
        print(f"first ingest of {N_FILES} files: {first_s:.1f} s")
        print(f"{'change':<14}" + "".join(f"{part:>18}" for part in ("process", *PARTS)))
        results: dict[str, list[dict[str, float]]] = {change: [] for change in CHANGES}
        for round_number in range(N_ROUNDS):
            for change in CHANGES:
                _change(scratch, change, round_number, rng, passages)
                results[change].append(_ingest(scratch))
        for change, rounds in results.items():
            values = [median(each[part] for each in rounds) for part in ("process", *PARTS)]
            print(f"{change:<14}" + "".join(f"{value:>18.0f}" for value in values))
        print(f"files of FAISS and BM25: {_derived_mb(scratch):.0f} MB")


def _passages(data: Path) -> list[str]:
    corpus = load_corpus(data, 400, 1)
    return list(islice(random_passages(corpus, random.Random(0)), N_PASSAGES))


def _path(scratch: Path, number: int) -> Path:
    return scratch / "docs" / f"part-{number % 40}" / f"page-{number:04d}.md"


def _write(scratch: Path, number: int, passages: list[str]) -> None:
    path = _path(scratch, number)
    path.parent.mkdir(parents=True, exist_ok=True)
    # The headings depend on the passages alone, so that equal sections are encoded once.
    sections = (f"## {' '.join(text.split()[:3])}\n\n{text}\n" for text in passages)
    path.write_text("\n".join(sections), encoding="utf-8")


def _change(
    scratch: Path, change: str, round_number: int, rng: random.Random, passages: list[str]
) -> None:
    """Change one file; no two rounds change the same one."""
    text = f"Edition {round_number} says this about {change}. {rng.choice(passages)}"
    few = [text, *rng.sample(passages, N_PASSAGES_A_FILE - 1)]
    if change == "one edited":
        _write(scratch, 100 + 500 * round_number, few)
    elif change == "one added":
        _write(scratch, N_FILES + round_number, few)
    elif change == "one removed":
        _path(scratch, 300 + 500 * round_number).unlink()


def _ingest(scratch: Path) -> dict[str, float]:
    """Run one ingest in a process; return the ms of the process and of its parts."""
    began = time.perf_counter()
    done = subprocess.run(
        [sys.executable, "-m", "bench.edit", "--timed", str(scratch)],
        cwd=ROOT,
        capture_output=True,
        check=True,
    )
    parts: dict[str, float] = json.loads(done.stdout)
    return {**parts, "process": (time.perf_counter() - began) * 1000}


def timed(scratch: Path) -> None:
    """Ingest the folder once, and print the ms of each part as JSON."""
    taken = dict.fromkeys(PARTS, 0.0)
    with (
        _timing(ingest_module, "scan_files", taken, "scan"),
        _timing(FileChanges, "look_at", taken, "scan"),
        _timing(command, "load_model", taken, "load model"),
        _timing(command, "load_model_of", taken, "load model"),
        _timing(ingest_module._Ingest, "_put", taken, "encode and store"),
        _timing(session, "publish", taken, "publish"),
    ):
        settings = Settings.resolve(index=scratch / "index")
        command.ingest_paths(settings, [scratch / "docs"], prune=True)
    taken["encode and store"] -= taken["load model"]
    print(json.dumps(taken))


@contextmanager
def _timing(owner: Any, name: str, taken: dict[str, float], part: str) -> Iterator[None]:
    """Add the ms of each call of a function to a part, during the block."""
    function: Callable[..., Any] = getattr(owner, name)

    @wraps(function)
    def timed_function(*args: Any, **kwargs: Any) -> Any:
        began = time.perf_counter()
        try:
            return function(*args, **kwargs)
        finally:
            taken[part] += (time.perf_counter() - began) * 1000

    setattr(owner, name, timed_function)
    try:
        yield
    finally:
        setattr(owner, name, function)


def _derived_mb(scratch: Path) -> float:
    files = [*scratch.glob("index/dense-*/*"), *scratch.glob("index/lexical-*/*")]
    inodes = {file.stat().st_ino: file.stat().st_size for file in files}
    return sum(inodes.values()) / 2**20


if __name__ == "__main__":
    if sys.argv[1:2] == ["--timed"]:
        timed(Path(sys.argv[2]))
    else:
        main()
