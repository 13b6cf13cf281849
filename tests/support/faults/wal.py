"""Many ingests of one changed file while a reader follows: the write-ahead log stays limited, and
the ingest after the end of the reader leaves none."""

from contextlib import closing
from multiprocessing.connection import Connection
from pathlib import Path
from random import Random

from fakes import HashEmbedder
from faults.corpus import QUERIES, text_of, write_corpus
from faults.counts import Counts
from faults.operations import perform
from faults.prepared import value_of
from faults.processes import Child, outcome_of, talking
from rag.pipeline import Pipeline

SEED = 4
INDEX = Path("index")
MOST_BYTES = 8 * 2**20
"""The limit of the log: SQLite truncates a log of 1,000 pages of 4 KiB at the next commit that no
reader blocks, and an ingest here writes about 40."""


def run(here: Path, n: int, seed: int = SEED) -> Counts:
    counts, rng = Counts("wal"), Random(seed)
    write_corpus(here / "docs", rng, n_documents=6, n_paragraphs=10)
    value_of(outcome_of(here, perform, "first", INDEX))
    reader = Child(here, _follow, INDEX)
    assert reader.receive() == "open"
    sizes = []
    for number in range(n):
        (here / "docs/d00.txt").write_text(text_of(rng, f"version{number}", 10))
        value_of(outcome_of(here, perform, "incremental", INDEX))
        counts.runs += 1
        counts.in_flight += reader.process.is_alive()
        sizes.append(_log_bytes(here))
        reader.send("refresh")
        if f"version{number}" not in reader.receive():
            counts.fail("silent", f"the reader does not see version {number}")
    reader.send("end")
    value_of(reader.end())
    value_of(outcome_of(here, perform, "incremental", INDEX))
    _judge(counts, here, sizes)
    return counts


def _judge(counts: Counts, here: Path, sizes: list[int]) -> None:
    database, left = (here / INDEX / "rag.db").stat().st_size, _log_bytes(here)
    counts.measured.append(
        f"the log had at most {max(sizes)} bytes while a reader followed and {left} after it had "
        f"gone; the database has {database}"
    )
    counts.unharmed += counts.runs - counts.silent
    if max(sizes) > MOST_BYTES:
        counts.fail("wrong", f"the log grew to {max(sizes)} bytes")
    if left:
        counts.fail("wrong", f"the log still has {left} bytes with no reader left")


def _log_bytes(here: Path) -> int:
    log = here / INDEX / "rag.db-wal"
    return log.stat().st_size if log.exists() else 0


@talking
def _follow(parent: Connection, index: Path) -> None:
    with closing(Pipeline.over(index, HashEmbedder())) as pipeline:
        parent.send("open")
        while parent.recv() == "refresh":
            pipeline.refresh()
            pipeline.search(QUERIES[0])
            parent.send(pipeline.slice("docs/d00.txt")[0].text)
