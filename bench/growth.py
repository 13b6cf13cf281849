"""What becomes of speed, memory and disk while an index grows."""

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean

from bench.corpus import Corpus, write_files
from bench.plan import Plan
from bench.processes import ours
from bench.query import quantiles
from bench.results import Curve, Part, Row, Sample
from index.documents.sentences import sentences_of
from index.types import Span

NAME = "growth"
_A_DOCUMENT = 50
_SEED = 0
_ROUNDS = 3


@dataclass(frozen=True, slots=True)
class Stage:
    """An index at one size. rate: chunks a second of the ingest that brought it there. p50: of each
    round of questions, in milliseconds. Memory and disk in 2^20 bytes."""

    n_chunks: int
    rate: float
    p50: Sample
    peak_mb: float
    disk_mb: float


def run(plan: Plan) -> Part:
    """An index that is grown to one size after the other by ingests of their own. At each size the
    questions are asked in another process, whose peak memory is that of who only searches."""
    passages = made_passages(plan.corpus, random.Random(_SEED))
    stages: list[Stage] = []
    for size in plan.size.chunks:
        plan.told(f"growth: to {size:,} chunks")
        stages.append(_grown(plan, passages, stages[-1].n_chunks if stages else 0, size))
    first, last = stages[0], stages[-1]
    name = f"one question among {last.n_chunks:,} chunks, p50"
    row = Row(name, "ms", last.p50, f"among {first.n_chunks:,}", first.p50)
    return Part(NAME, "Growth", (row,), curves=_curves(stages), x_name="chunks")


def _grown(plan: Plan, passages: Iterator[str], n_chunks: int, size: int) -> Stage:
    """The index, which has n_chunks, grown to about a size."""
    index, documents = plan.scratch / "grown", plan.scratch / f"grown-{size}"
    _write(documents, passages, max(size - n_chunks, _A_DOCUMENT))
    ingested = ours("ingest", index=str(index), documents=str(documents))
    asked = [ours("query", index=str(index), **plan.asked_first()) for _ in range(_ROUNDS)]
    return Stage(
        n_chunks=n_chunks + ingested["n_chunks"],
        rate=ingested["n_chunks"] / ingested["seconds"],
        p50=quantiles([each["ms"] for each in asked], 50),
        peak_mb=max(each["peak_mb"] for each in asked),
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
    """Write n passages as articles of some each."""
    starts = range(0, n, _A_DOCUMENT)
    texts = (
        "\n\n".join(next(passages) for _ in range(min(_A_DOCUMENT, n - start))) for start in starts
    )
    write_files(folder, {f"{number:06}.txt": text for number, text in enumerate(texts)})


def made_passages(corpus: Corpus, draw: random.Random) -> Iterator[str]:
    """Passages without end, of the corpus's own sentences drawn at random, each about as long as
    its paragraphs are: like real text to tokenizer, model and BM25, and hardly ever twice the
    same."""
    paragraphs = corpus.paragraphs
    length = fmean(map(len, paragraphs))
    sentences = [
        span.of(text).replace("\n", " ")
        for text in paragraphs
        for span in sentences_of(text, Span(0, len(text)))
    ]
    while True:
        passage = draw.choice(sentences)
        while len(passage) < length:
            passage = f"{passage} {draw.choice(sentences)}"
        yield passage


def _bytes_in(folder: Path) -> int:
    return sum(file.stat().st_size for file in folder.rglob("*") if file.is_file())
