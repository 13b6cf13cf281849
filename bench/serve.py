"""Benchmark the server's rate under load, against the rate of encoding the same questions alone."""

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
from bench.processes import MeasurementFailed, environment, run_task
from bench.results import Aim, BenchmarkResult, ResultRow, Sample, SkippedRow

NAME = "serve"
_WORKERS = (1, 2)
_OPTION = "--workers"
_QUESTIONS_A_SECOND = 4000
"""More than any server answers, so that no question is sent twice."""

_N_ENCODED = 2000
_WARM_S = 2
_FLOOR = "encoding alone"
_TIMEOUT_S = 20


def run(plan: Plan) -> BenchmarkResult:
    """Load a server over 64 connections with distinct questions, so that no cache helps. Each round
    starts a new server."""
    title = f"Over HTTP, {wrk.CONNECTIONS} connections"
    if not wrk.is_installed():
        return BenchmarkResult(NAME, title, (), (SkippedRow("requests over HTTP", wrk.INSTALL),))
    counts = _WORKERS if knows("serve", _OPTION) else ()
    skipped = (
        () if counts else (SkippedRow(f"`rag serve {_OPTION} 2`", f"`rag serve` has no {_OPTION}"),)
    )
    loads, floor = _measure_rounds(plan, {n: [_OPTION, str(n)] for n in counts} or {1: []})
    rows = [row for n, each in loads.items() for row in _rows(n, each, floor)]
    return BenchmarkResult(NAME, title, tuple(rows), skipped)


def _measure_rounds(
    plan: Plan, options: dict[int, list[str]]
) -> tuple[dict[int, list[wrk.Load]], Sample]:
    """Return the loads of each number of workers, and the rates of encoding alone.

    options: number of workers -> the options of `rag serve` for it
    """
    questions, bodies = _bodies(plan)
    loads: dict[int, list[wrk.Load]] = {n: [] for n in options}
    floor = []
    for number in range(1, plan.size.rounds + 1):
        plan.log(f"serve: round {number} of {plan.size.rounds}")
        for n, arguments in options.items():
            with serving(plan.index, arguments) as url:
                loads[n].append(_load_after_warm_up(plan, f"{url}/v1/search", bodies))
        batch = questions[:_N_ENCODED]
        seconds = run_task("encode", questions=batch, batch=wrk.CONNECTIONS)["seconds"]
        floor.append(len(batch) / seconds)
    return loads, Sample(tuple(floor))


def _bodies(plan: Plan) -> tuple[list[str], Path]:
    """Return the questions, and a file with one request body a line."""
    n = _QUESTIONS_A_SECOND * (plan.size.seconds + _WARM_S)
    questions = distinct_questions(plan.corpus.questions, n)
    file = plan.scratch / "questions.jsonl"
    file.write_text("".join(json.dumps({"query": q}) + "\n" for q in questions), encoding="utf-8")
    return questions, file


def _load_after_warm_up(plan: Plan, url: str, bodies: Path) -> wrk.Load:
    warm = wrk.load(url, bodies, 0, _WARM_S)
    return wrk.load(url, bodies, warm.requests + wrk.CONNECTIONS, plan.size.seconds)


def _rows(n_workers: int, loads: list[wrk.Load], floor: Sample) -> list[ResultRow]:
    name = f"HTTP search, {n_workers} worker{'s' if n_workers > 1 else ''}"
    rates = Sample(tuple(load.rate for load in loads))
    p50, p99 = (Sample(tuple(v)) for v in zip(*((e.p50_ms, e.p99_ms) for e in loads), strict=True))
    errors = Sample(tuple(float(load.errors) for load in loads))
    return [
        ResultRow(name, "requests/s", rates, _FLOOR, floor, Aim("ratio", "at least", 0.8)),
        ResultRow(f"{name}, p99", "ms", p99, "its p50", p50, Aim("ratio", "at most", 5)),
        ResultRow(f"{name}, errors", "requests", errors, aim=Aim("value", "at most", 0)),
    ]


@contextmanager
def serving(index: Path, options: list[str]) -> Iterator[str]:
    """Serve an index during the block; yield the server's address.

    Raises MeasurementFailed if the server ends before it accepts requests.
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
                server.wait(_TIMEOUT_S)
            except subprocess.TimeoutExpired:
                server.kill()


def _address(server: "subprocess.Popen[str]") -> str:
    """Return the address that the server prints."""
    for line in server.stdout or ():
        match = re.search(r" on (http://\S+)", line)
        if match:
            return match[1]
    raise MeasurementFailed("`rag serve` ended before it was ready; run it by hand to see why")
