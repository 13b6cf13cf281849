"""Measure an ingest after a small change among many files: `python -m bench.edit [DATA]`.

The folder has 3,000 Markdown files of six sections. The sections are drawn from 1,200 ones with
random sentences of a dataset, so the first ingest encodes only these. Each ingest runs in a process
of its own. Prints the median of the rounds in ms: of the whole process, and of its parts. The rest
of a process is its start, its imports, and the log of the database.
"""

import json
import random
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import wraps
from itertools import islice
from pathlib import Path
from statistics import median
from typing import Any

from bench.corpus import load_corpus
from bench.growth import random_passages
from bench.processes import ROOT, run_job
from index.errors import RagError
from index.ingest import encode_once
from index.ingest import ingest as ingest_module
from index.ingest.changes import FileChanges
from index.publish import session
from rag import ingest as command
from rag.settings import Settings

N_FILES, N_ROUNDS = 3000, 5
_N_SECTIONS, _N_DISTINCT = 6, 1200
PARTS = ("scan", "load model", "encode", "store", "publish")
CHANGES = ("nothing", "one edited", "one added", "one removed")
Times = dict[str, float]
"""The ms of each part, and of the process."""


@dataclass(frozen=True, slots=True)
class Site:
    """The files and the index of a run."""

    scratch: Path
    sections: Sequence[str]
    rng: random.Random

    def path(self, number: int) -> Path:
        return self.scratch / "docs" / f"part-{number % 40}" / f"page-{number:05d}.md"

    def write(self, number: int, new: Sequence[str] = ()) -> None:
        """Write a page of random sections, the first ones new."""
        sections = [*new, *self.rng.sample(self.sections, _N_SECTIONS - len(new))]
        # A heading depends on its section alone, so that equal sections are encoded once.
        parts = (f"## {' '.join(text.split()[:3])}\n\n{text}\n" for text in sections)
        self.path(number).parent.mkdir(parents=True, exist_ok=True)
        self.path(number).write_text("\n".join(parts), encoding="utf-8")

    def change(self, change: str, round_number: int, n_files: int) -> None:
        """Change one page. Each round edits and removes another one."""
        number = (1 + 2 * round_number) * n_files // (2 * N_ROUNDS)
        text = f"Edition {round_number} says this. {self.rng.choice(self.sections)}"
        if change == "one edited":
            self.write(number, [text])
        elif change == "one added":
            self.write(n_files + round_number, [text])
        elif change == "one removed":
            self.path(number + 1).unlink()

    def ingest(self) -> Times:
        began = time.perf_counter()
        command_line = [sys.executable, "-m", "bench.edit", "--timed"]
        times: Times = run_job(command_line, {"scratch": str(self.scratch)})
        return {**times, "process": (time.perf_counter() - began) * 1000}


def measure(
    data: Path, scratch: Path, n_files: int = N_FILES, n_rounds: int = N_ROUNDS
) -> dict[str, Times]:
    """Return the medians of n_rounds for each change, and of the first ingest."""
    passages = random_passages(load_corpus(data, 400, 1), random.Random(0))
    site = Site(scratch, list(islice(passages, _N_DISTINCT)), random.Random(0))
    for number in range(n_files):
        site.write(number)
    rounds: dict[str, list[Times]] = {"first ingest": [site.ingest()]}
    for round_number in range(n_rounds):
        for change in CHANGES:
            site.change(change, round_number, n_files)
            rounds.setdefault(change, []).append(site.ingest())
    return {
        change: {part: median(each[part] for each in times) for part in ("process", *PARTS)}
        for change, times in rounds.items()
    }


def timed(scratch: Path) -> Times:
    """Ingest the folder once; return the ms of each part."""
    times = dict.fromkeys(PARTS, 0.0)
    running: list[str] = []
    with (
        _timing(ingest_module, "scan_files", times, "scan", running),
        _timing(FileChanges, "look_at", times, "scan", running),
        _timing(command, "load_model", times, "load model", running),
        _timing(command, "load_model_of", times, "load model", running),
        _timing(encode_once._Batch, "wait", times, "encode", running),
        _timing(ingest_module._Ingest, "_put", times, "store", running),
        _timing(session, "publish", times, "publish", running),
    ):
        settings = Settings.resolve(index=scratch / "index")
        command.ingest_paths(settings, [scratch / "docs"], prune=True)
    return times


@contextmanager
def _timing(owner: Any, name: str, times: Times, part: str, running: list[str]) -> Iterator[None]:
    """Add the ms of each call of a function to a part, during the block.

    running: the parts of the calls that run now; a call inside another counts in its own part alone
    """
    function: Callable[..., Any] = getattr(owner, name)

    @wraps(function)
    def timed_function(*args: Any, **kwargs: Any) -> Any:
        began = time.perf_counter()
        running.append(part)
        try:
            return function(*args, **kwargs)
        finally:
            running.pop()
            ms = (time.perf_counter() - began) * 1000
            times[part] += ms
            if running:
                times[running[-1]] -= ms

    setattr(owner, name, timed_function)
    try:
        yield
    finally:
        setattr(owner, name, function)


def main() -> None:
    if sys.argv[1:] == ["--timed"]:
        print(json.dumps(timed(Path(json.loads(sys.stdin.read())["scratch"]))))
        return
    data = Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT / "eval" / "seeds"
    with tempfile.TemporaryDirectory(prefix="rag-edit-") as scratch:
        medians = measure(data, Path(scratch))
    columns = ("process", *PARTS)
    print(f"{'change':<14}" + "".join(f"{part:>12}" for part in columns))
    for change, times in medians.items():
        print(f"{change:<14}" + "".join(f"{times[part]:>12.0f}" for part in columns))


if __name__ == "__main__":
    try:
        main()
    except RagError as error:
        sys.exit(f"bench: {error}")
