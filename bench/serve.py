"""How much the server answers at once, against encoding the same questions and nothing else."""

import json
import re
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from bench import wrk
from bench.cold import knows, rag
from bench.corpus import distinct_questions
from bench.plan import Plan
from bench.processes import MeasurementFailed, environment, ours
from bench.results import Aim, Part, Row, Sample, Skipped

NAME = "serve"
_WORKERS = (1, 2)
_OPTION = "--workers"
_QUESTIONS_A_SECOND = 4000
"""More than any server here answers: none is asked twice."""

_N_ENCODED = 2000
_WARM_S = 2
_FLOOR = "encoding alone"
_PATIENCE_S = 20


def run(plan: Plan) -> Part:
    """64 connections; every question is another, so nothing that is kept of one helps with the
    next. Each round starts its server anew."""
    title = f"Over HTTP, {wrk.CONNECTIONS} connections"
    if not wrk.is_installed():
        return Part(NAME, title, (), (Skipped("requests over HTTP", wrk.INSTALL),))
    counts = _WORKERS if knows("serve", _OPTION) else ()
    skipped = () if counts else (Skipped(f"`rag serve {_OPTION} 2`", f"no {_OPTION} there"),)
    loads, floor = _measured(plan, {n: [_OPTION, str(n)] for n in counts} or {1: []})
    rows = [row for n, each in loads.items() for row in _rows(n, each, floor)]
    return Part(NAME, title, tuple(rows), skipped)


def _measured(
    plan: Plan, options: dict[int, list[str]]
) -> tuple[dict[int, list[wrk.Load]], Sample]:
    """The loads by the number of workers, whose options are given, and the rates of the floor."""
    questions, bodies = _bodies(plan)
    loads: dict[int, list[wrk.Load]] = {n: [] for n in options}
    floor = []
    for number in range(1, plan.size.rounds + 1):
        plan.told(f"serve: round {number} of {plan.size.rounds}")
        for n, given in options.items():
            with serving(plan.index, given) as url:
                loads[n].append(_loaded(plan, f"{url}/v1/search", bodies))
        batch = questions[:_N_ENCODED]
        seconds = ours("encode", questions=batch, batch=wrk.CONNECTIONS)["seconds"]
        floor.append(len(batch) / seconds)
    return loads, Sample(tuple(floor))


def _bodies(plan: Plan) -> tuple[list[str], Path]:
    """The questions, and a file with a request's body a line."""
    n = _QUESTIONS_A_SECOND * (plan.size.seconds + _WARM_S)
    questions = distinct_questions(plan.corpus.questions, n)
    file = plan.scratch / "questions.jsonl"
    file.write_text("".join(json.dumps({"query": q}) + "\n" for q in questions), encoding="utf-8")
    return questions, file


def _loaded(plan: Plan, url: str, bodies: Path) -> wrk.Load:
    warm = wrk.load(url, bodies, 0, _WARM_S)
    return wrk.load(url, bodies, warm.requests + wrk.CONNECTIONS, plan.size.seconds)


def _rows(n_workers: int, loads: list[wrk.Load], floor: Sample) -> list[Row]:
    name = f"HTTP search, {n_workers} worker{'s' if n_workers > 1 else ''}"
    rates = Sample(tuple(load.rate for load in loads))
    p50, p99 = (Sample(tuple(v)) for v in zip(*((e.p50_ms, e.p99_ms) for e in loads), strict=True))
    errors = Sample(tuple(float(load.errors) for load in loads))
    return [
        Row(name, "requests/s", rates, _FLOOR, floor, Aim("ratio", "at least", 0.8)),
        Row(f"{name}, p99", "ms", p99, "its p50", p50, Aim("ratio", "at most", 5)),
        Row(f"{name}, errors", "requests", errors, aim=Aim("value", "at most", 0)),
    ]


@contextmanager
def serving(index: Path, options: list[str]) -> Iterator[str]:
    """The address of a server of an index, stopped with the block.

    Raises MeasurementFailed if it ends before it serves.
    """
    command = [*map(str, rag()), "serve", "--index", str(index), "--port", "0", *options]
    with subprocess.Popen(
        command,
        env=environment(),
        cwd=index.parent,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    ) as server:
        try:
            yield _address(server)
        finally:
            server.send_signal(signal.SIGINT)
            try:
                server.wait(_PATIENCE_S)
            except subprocess.TimeoutExpired:
                server.kill()


def _address(server: "subprocess.Popen[str]") -> str:
    """Where it says that it serves."""
    for line in server.stdout or ():
        found = re.search(r" on (http://\S+)", line)
        if found:
            return found[1]
    raise MeasurementFailed("`rag serve` ended before it served; run it by hand to see why")
