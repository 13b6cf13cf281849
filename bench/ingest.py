"""How fast documents are taken in: against a peer, and against the model's bare forward passes."""

import shutil
from pathlib import Path

from bench.peers import ST_FAISS
from bench.plan import Plan
from bench.processes import ours
from bench.results import Aim, Part, Row, Sample, Skipped

NAME = "ingest"
_UNIT = "paragraphs/s"
_ARTICLES = "ingest, whole articles"
_PARAGRAPHS = "ingest, a file a paragraph"
_ALONE = "ingest, whole articles, against the model alone"


def run(plan: Plan) -> Part:
    """Rates in terms of the same paragraphs, however they were cut into chunks."""
    plan.peer(ST_FAISS)
    rounds = []
    for number in range(1, plan.size.rounds + 1):
        plan.told(f"ingest: round {number} of {plan.size.rounds}")
        rounds.append(_round(plan))
    rates = {name: _rates(plan, [each[name] for each in rounds]) for name in rounds[0]}
    return _part(rates)


def _round(plan: Plan) -> dict[str, float]:
    """Seconds of each; without the model alone where it cannot be had."""
    index = plan.scratch / "ingested"
    articles = _ingested(index, plan.articles)
    alone = ours("forward", index=str(index))["seconds"]
    peer = plan.peer(ST_FAISS)
    theirs = peer.task("ingest", model=plan.model, passages=plan.corpus.paragraphs)["seconds"]
    paragraphs = _ingested(index, plan.paragraphs)
    seconds = {_ARTICLES: articles, _PARAGRAPHS: paragraphs, ST_FAISS.name: theirs}
    return seconds if alone is None else seconds | {_ALONE: alone}


def _ingested(index: Path, documents: Path) -> float:
    """Seconds of an ingest into an index that is new."""
    shutil.rmtree(index, ignore_errors=True)
    return float(ours("ingest", index=str(index), documents=str(documents))["seconds"])


def _rates(plan: Plan, seconds: list[float]) -> Sample:
    n = len(plan.corpus.paragraphs)
    return Sample(tuple(n / each for each in seconds))


def _part(rates: dict[str, Sample]) -> Part:
    peer, faster = rates[ST_FAISS.name], Aim("ratio", "at least", 4.0)
    rows = [
        Row(name, _UNIT, rates[name], ST_FAISS.name, peer, faster)
        for name in (_ARTICLES, _PARAGRAPHS)
    ]
    if _ALONE not in rates:
        skipped = Skipped(_ALONE, "the encoder has no bare forward pass")
        return Part(NAME, "Ingest", tuple(rows), (skipped,))
    near = Aim("ratio", "at least", 0.9)
    rows.append(Row(_ALONE, _UNIT, rates[_ARTICLES], "bare forward passes", rates[_ALONE], near))
    return Part(NAME, "Ingest", tuple(rows))
