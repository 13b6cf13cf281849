"""How long one question takes in process, against a peer's."""

from collections.abc import Iterator, Sequence

import numpy as np

from bench.peers import TXTAI
from bench.plan import Plan
from bench.processes import ours
from bench.results import Aim, Part, Row, Sample

NAME = "query"
_RANKINGS = {"one question": None, "one question, rerank = none": "none"}
_ENCODING = "of it, encoding the question"
_AIMS = {50: Aim("ratio", "at most", 1 / 8), 99: None}

Times = list[float]
"""Milliseconds of each question."""


def run(plan: Plan) -> Part:
    """The median and the 99th percentile of the same questions, one by one."""
    peer, folder = plan.peer(TXTAI), str(plan.scratch / "txtai")
    index = str(plan.index)
    plan.told("query: the peer's index")
    peer.task("save", model=plan.model, passages=plan.corpus.paragraphs, folder=folder)
    rounds: list[dict[str, Times]] = []
    for number in range(1, plan.size.rounds + 1):
        plan.told(f"query: round {number} of {plan.size.rounds}")
        times: dict[str, Times] = {}
        for name, rerank in _RANKINGS.items():
            mine = ours("query", index=index, rerank=rerank, **plan.asked_first())
            times |= {name: mine["ms"], _ENCODING: mine["encoding_ms"]}
        theirs: Times = peer.task("query", folder=folder, **plan.asked_first())["ms"]
        rounds.append(times | {TXTAI.name: theirs})
    return Part(NAME, "A question in process", tuple(_rows(rounds)))


def _rows(rounds: list[dict[str, Times]]) -> Iterator[Row]:
    for name in _RANKINGS:
        for percent, aim in _AIMS.items():
            yield _row(rounds, name, percent, aim)
    yield _row(rounds, _ENCODING, 50, None)


def _row(rounds: list[dict[str, Times]], name: str, percent: int, aim: Aim | None) -> Row:
    mine, theirs = (
        quantiles([each[which] for each in rounds], percent) for which in (name, TXTAI.name)
    )
    return Row(f"{name}, p{percent}", "ms", mine, TXTAI.name, theirs, aim)


def quantiles(rounds: Sequence[Sequence[float]], percent: float) -> Sample:
    """A percentile of each round's times."""
    return Sample(tuple(float(np.percentile(times, percent)) for times in rounds))
