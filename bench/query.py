"""Benchmark the time of one question within a process, against a peer."""

from collections.abc import Iterator, Sequence

import numpy as np

from bench.peers import TXTAI
from bench.plan import Plan
from bench.processes import run_task
from bench.results import Aim, BenchmarkResult, ResultRow, Sample

NAME = "query"
_RANKINGS = {"one question": None, "one question, rerank = none": "none"}
_ENCODING = "of it, encoding the question"
_AIMS = {50: Aim("ratio", "at most", 1 / 8), 99: None}

Times = list[float]
"""The time of each question, in ms."""


def run(plan: Plan) -> BenchmarkResult:
    """Measure the median and the 99th percentile of the same questions, one by one."""
    peer, folder = plan.peer(TXTAI), str(plan.scratch / "txtai")
    index = str(plan.index)
    plan.log("query: the peer's index")
    peer.task("save", model=plan.model, passages=plan.corpus.paragraphs, folder=folder)
    rounds: list[dict[str, Times]] = []
    for number in range(1, plan.size.rounds + 1):
        plan.log(f"query: round {number} of {plan.size.rounds}")
        times: dict[str, Times] = {}
        for name, rerank in _RANKINGS.items():
            own = run_task("query", index=index, rerank=rerank, **plan.question_job())
            times |= {name: own["ms"], _ENCODING: own["encoding_ms"]}
        theirs: Times = peer.task("query", folder=folder, **plan.question_job())["ms"]
        rounds.append(times | {TXTAI.name: theirs})
    return BenchmarkResult(NAME, "A question in process", tuple(_rows(rounds)))


def _rows(rounds: list[dict[str, Times]]) -> Iterator[ResultRow]:
    for name in _RANKINGS:
        for percent, aim in _AIMS.items():
            yield _row(rounds, name, percent, aim)
    yield _row(rounds, _ENCODING, 50, None)


def _row(rounds: list[dict[str, Times]], name: str, percent: int, aim: Aim | None) -> ResultRow:
    own, theirs = (
        quantiles([each[which] for each in rounds], percent) for which in (name, TXTAI.name)
    )
    return ResultRow(f"{name}, p{percent}", "ms", own, TXTAI.name, theirs, aim)


def quantiles(rounds: Sequence[Sequence[float]], percent: float) -> Sample:
    """Return a percentile of each round's times."""
    return Sample(tuple(float(np.percentile(times, percent)) for times in rounds))
