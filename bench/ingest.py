"""Benchmark ingest against a peer, and against the model's bare forward passes."""

import shutil
from pathlib import Path

from bench.peers import ST_FAISS
from bench.plan import Plan
from bench.processes import run_task
from bench.results import Aim, BenchmarkResult, ResultRow, Sample, SkippedRow

NAME = "ingest"
_UNIT = "paragraphs/s"
_ARTICLES = "ingest, whole articles"
_PARAGRAPHS = "ingest, a file a paragraph"
_ALONE = "ingest, whole articles, against the model alone"


def run(plan: Plan) -> BenchmarkResult:
    """Measure rates in paragraphs a second: all systems index the same paragraphs, whatever their
    chunks."""
    plan.peer(ST_FAISS)
    rounds = []
    for number in range(1, plan.size.rounds + 1):
        plan.log(f"ingest: round {number} of {plan.size.rounds}")
        rounds.append(_round(plan))
    rates = {name: _rates(plan, [each[name] for each in rounds]) for name in rounds[0]}
    return _part(rates)


def _round(plan: Plan) -> dict[str, float]:
    """Return the seconds of each task; without _ALONE if the embedder has no bare forward pass."""
    index = plan.scratch / "ingested"
    articles = _ingest_s(index, plan.articles)
    alone = run_task("forward", index=str(index))["seconds"]
    peer = plan.peer(ST_FAISS)
    theirs = peer.task("ingest", model=plan.model, passages=plan.corpus.paragraphs)["seconds"]
    paragraphs = _ingest_s(index, plan.paragraphs)
    seconds = {_ARTICLES: articles, _PARAGRAPHS: paragraphs, ST_FAISS.name: theirs}
    return seconds if alone is None else seconds | {_ALONE: alone}


def _ingest_s(index: Path, documents: Path) -> float:
    """Return the seconds of an ingest into a new index."""
    shutil.rmtree(index, ignore_errors=True)
    return float(run_task("ingest", index=str(index), documents=str(documents))["seconds"])


def _rates(plan: Plan, seconds: list[float]) -> Sample:
    n = len(plan.corpus.paragraphs)
    return Sample(tuple(n / each for each in seconds))


def _part(rates: dict[str, Sample]) -> BenchmarkResult:
    peer, faster = rates[ST_FAISS.name], Aim("ratio", "at least", 4.0)
    rows = [
        ResultRow(name, _UNIT, rates[name], ST_FAISS.name, peer, faster)
        for name in (_ARTICLES, _PARAGRAPHS)
    ]
    if _ALONE not in rates:
        skipped = SkippedRow(_ALONE, "the encoder has no bare forward pass")
        return BenchmarkResult(NAME, "Ingest", tuple(rows), (skipped,))
    near = Aim("ratio", "at least", 0.9)
    rows.append(
        ResultRow(_ALONE, _UNIT, rates[_ARTICLES], "bare forward passes", rates[_ALONE], near)
    )
    return BenchmarkResult(NAME, "Ingest", tuple(rows))
