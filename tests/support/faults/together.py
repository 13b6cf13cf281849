"""Several processes with one index: of two concurrent ingests, one is refused as busy and neither
loses anything; each answer of a reader during ingests is of exactly one generation."""

import re
from contextlib import closing
from multiprocessing.connection import Connection
from pathlib import Path
from random import Random

from fakes import HashEmbedder
from faults.answers import whole
from faults.corpus import QUERIES, WORDS, text_of, write_corpus
from faults.counts import Counts
from faults.operations import perform
from faults.prepared import value_of
from faults.processes import Child, outcome_of, talking
from rag.pipeline import Pipeline

SEED = 6
INDEX, ALONE = Path("index"), Path("alone")
_N_READERS = 2


def run(here: Path, n: int, seed: int = SEED) -> Counts:
    """Run this many pairs of ingests, and as many ingests with readers."""
    counts = Counts("together")
    writers, readers = here / "writers", here / "readers"
    for folder in (writers, readers):
        folder.mkdir()
    _writers(writers, n, Random(seed), counts)
    _readers(readers, n, Random(seed), counts)
    return counts


def _writers(here: Path, n: int, rng: Random, counts: Counts) -> None:
    write_corpus(here / "docs", rng, n_documents=6, n_paragraphs=10)
    n_busy = 0
    for number in range(n):
        (here / f"docs/more{number}.txt").write_text(text_of(rng, f"more{number}", 10))
        outcomes = [child.end() for child in [Child(here, perform, "first", INDEX) for _ in "ab"]]
        counts.runs += 1
        for outcome in outcomes:
            if outcome.crashed:
                counts.fail("crashed", f"pair {number}: {outcome.crashed}")
            elif outcome.refused and not outcome.refused.startswith("IndexBusy"):
                counts.fail("wrong", f"pair {number}: {outcome.refused}")
        n_refused = sum(outcome.refused is not None for outcome in outcomes)
        n_busy += n_refused
        counts.in_flight += bool(n_refused)
        counts.refused += bool(n_refused)
        counts.unharmed += not n_refused
        if n_refused == 2:
            counts.fail("wrong", f"pair {number}: both say that the index is busy")
    value_of(outcome_of(here, perform, "first", ALONE))
    both, alone = (value_of(outcome_of(here, whole, index)) for index in (INDEX, ALONE))
    if both != alone:
        counts.fail("lost", "the index of both writers differs from that of one alone")
    counts.measured.append(f"of {n} pairs of ingests, {n_busy} ingests said that the index is busy")


def _readers(here: Path, n: int, rng: Random, counts: Counts) -> None:
    _write_version(here, rng, 0)
    value_of(outcome_of(here, perform, "first", INDEX))
    readers = [Child(here, _read_on, INDEX) for _ in range(_N_READERS)]
    for reader in readers:
        reader.receive()
    for version in range(1, n + 1):
        _write_version(here, rng, version)
        value_of(outcome_of(here, perform, "incremental", INDEX))
        counts.runs += 1
        counts.in_flight += all(reader.process.is_alive() for reader in readers)
    for reader in readers:
        reader.send("end")
    for outcome in [reader.end() for reader in readers]:
        _judge(outcome.value, outcome.refused or outcome.crashed, counts)
    counts.unharmed += n


def _judge(value: object, error: str | None, counts: Counts) -> None:
    if not isinstance(value, tuple):
        counts.fail("crashed", f"a reader: {error}")
        return
    n_answers, mixed, n_generations = value
    for problem in mixed:
        counts.fail("silent", f"a reader: {problem}")
    counts.measured.append(f"a reader had {n_answers} answers from {n_generations} generations")


def _write_version(here: Path, rng: Random, version: int) -> None:
    """Replace all documents; they are few enough for one commit."""
    for number in range(5):
        words = " ".join(rng.choices(WORDS, k=20))
        file = here / "docs" / f"r{number}.txt"
        file.parent.mkdir(exist_ok=True)
        file.write_text(f"Version{version}x of river and grain, document {number}: {words}.")


@talking
def _read_on(parent: Connection, index: Path) -> tuple[int, list[str], int]:
    """Search and refresh until the parent says stop. Return the number of answers, those with
    several versions, and the number of their generations."""
    versions: dict[int, str] = {}
    mixed, n_answers = [], 0
    with closing(Pipeline.over(index, HashEmbedder())) as pipeline:
        parent.send("open")
        while not parent.poll():
            result = pipeline.search(QUERIES[0], 5)
            n_answers += 1
            found = {re.findall(r"Version\d+x", p.text)[0] for p in result.passages}
            if len(found) != 1:
                mixed.append(f"generation {result.generation} has {sorted(found)}")
            elif versions.setdefault(result.generation, min(found)) not in found:
                mixed.append(f"generation {result.generation} is two versions")
            pipeline.refresh()
    return n_answers, mixed, len(versions)
