"""Benchmark speed, memory and disk while an index grows."""

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean

from bench.corpus import Corpus, write_files
from bench.plan import Plan
from bench.processes import run_task
from bench.query import quantiles
from bench.results import BenchmarkResult, Curve, ResultRow, Sample
from index.documents.sentences import sentences_of
from index.types import Span

NAME = "growth"
_A_DOCUMENT = 50
_SEED = 0
_ROUNDS = 3


@dataclass(frozen=True, slots=True)
class Stage:
    """An index at one size.

    rate: of the ingest that grew it to this size, in chunks a second
    p50: median time of a question in each round, in ms
    peak_mb, disk_mb: in 2^20 bytes
    """

    n_chunks: int
    rate: float
    p50: Sample
    peak_mb: float
    disk_mb: float


def run(plan: Plan) -> BenchmarkResult:
    """Grow an index from size to size, one ingest each. At each size a separate process runs the
    questions, so that its peak memory is that of searching alone."""
    passages = random_passages(plan.corpus, random.Random(_SEED))
    stages: list[Stage] = []
    for size in plan.size.chunks:
        plan.log(f"growth: to {size:,} chunks")
        stages.append(_grow(plan, passages, stages[-1].n_chunks if stages else 0, size))
    first, last = stages[0], stages[-1]
    name = f"one question among {last.n_chunks:,} chunks, p50"
    row = ResultRow(name, "ms", last.p50, f"among {first.n_chunks:,}", first.p50)
    return BenchmarkResult(NAME, "Growth", (row,), curves=_curves(stages), x_name="chunks")


def _grow(plan: Plan, passages: Iterator[str], n_chunks: int, size: int) -> Stage:
    """Grow the index from n_chunks to about `size` chunks and measure it."""
    index, documents = plan.scratch / "grown", plan.scratch / f"grown-{size}"
    _write(documents, passages, max(size - n_chunks, _A_DOCUMENT))
    ingest = run_task("ingest", index=str(index), documents=str(documents))
    results = [run_task("query", index=str(index), **plan.question_job()) for _ in range(_ROUNDS)]
    return Stage(
        n_chunks=n_chunks + ingest["n_chunks"],
        rate=ingest["n_chunks"] / ingest["seconds"],
        p50=quantiles([each["ms"] for each in results], 50),
        peak_mb=max(each["peak_mb"] for each in results),
        disk_mb=_bytes_in(index) / 2**20,
    )


def _curves(stages: Sequence[Stage]) -> tuple[Curve, ...]:
    x = tuple(float(stage.n_chunks) for stage in stages)
    return (
        Curve("ingest", "chunks/s", x, tuple(stage.rate for stage in stages)),
        Curve("one question, p50", "ms", x, tuple(stage.p50.median for stage in stages)),
        Curve("peak memory of a search", "MB", x, tuple(stage.peak_mb for stage in stages)),
        Curve("on disk", "MB", x, tuple(stage.disk_mb for stage in stages)),
    )


def _write(folder: Path, passages: Iterator[str], n: int) -> None:
    """Write n passages as documents of _A_DOCUMENT passages each."""
    starts = range(0, n, _A_DOCUMENT)
    texts = (
        "\n\n".join(next(passages) for _ in range(min(_A_DOCUMENT, n - start))) for start in starts
    )
    write_files(folder, {f"{number:06}.txt": text for number, text in enumerate(texts)})


def random_passages(corpus: Corpus, rng: random.Random) -> Iterator[str]:
    """Yield endless passages of random sentences of the corpus, each about as long as its
    paragraphs. For the tokenizer, the model and BM25 they are like real text, and they rarely
    repeat."""
    paragraphs = corpus.paragraphs
    length = fmean(map(len, paragraphs))
    sentences = [
        span.of(text).replace("\n", " ")
        for text in paragraphs
        for span in sentences_of(text, Span(0, len(text)))
    ]
    while True:
        passage = rng.choice(sentences)
        while len(passage) < length:
            passage = f"{passage} {rng.choice(sentences)}"
        yield passage


def _bytes_in(folder: Path) -> int:
    return sum(file.stat().st_size for file in folder.rglob("*") if file.is_file())
