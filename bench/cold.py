"""Benchmark `rag search` from a shell against a peer: time and peak memory of the whole process."""

import sys
from pathlib import Path

from bench.peers import ST_FAISS
from bench.plan import Plan
from bench.processes import ProcessUsage, measure_process
from bench.results import Aim, BenchmarkResult, ResultRow, Sample, SkippedRow

NAME = "cold"
_LEXICAL = "--lexical"
_SKIPPED = SkippedRow(f"`rag search {_LEXICAL}`", f"`rag search` has no {_LEXICAL}")

Command = list[str | Path]


def run(plan: Plan) -> BenchmarkResult:
    """Run one question a round, the same for all commands. Round 0 is not counted; it loads the
    files into the system's cache."""
    searches: dict[str, Command] = {"rag search": [*rag(), "search", "--index", plan.index]}
    skipped = () if knows("search", _LEXICAL) else (_SKIPPED,)
    if not skipped:
        searches[f"rag search {_LEXICAL}"] = [*searches["rag search"], _LEXICAL]
    usages = _run_rounds(plan, searches | {ST_FAISS.name: _peers(plan)})
    rows = [row for name in searches for row in _rows(name, usages[name], usages[ST_FAISS.name])]
    return BenchmarkResult(NAME, "A question from the shell", tuple(rows), skipped)


def rag() -> Command:
    """Return the `rag` command of this environment."""
    script = Path(sys.executable).with_name("rag")
    return [script] if script.exists() else [sys.executable, "-m", "rag.cli"]


def knows(command: str, option: str) -> bool:
    """Return whether a command of `rag` has an option."""
    return option in measure_process([*rag(), command, "--help"], Path.cwd()).output


def _peers(plan: Plan) -> Command:
    """Build the peer's index and return the command that searches it."""
    folder, peer = plan.scratch / "st_faiss", plan.peer(ST_FAISS)
    folder.mkdir()
    plan.log("cold: the peer's index")
    peer.task("save", model=plan.model, passages=plan.corpus.paragraphs, folder=str(folder))
    return [peer.python, peer.script, "ask", plan.model, folder]


def _run_rounds(plan: Plan, commands: dict[str, Command]) -> dict[str, list[ProcessUsage]]:
    usages: dict[str, list[ProcessUsage]] = {name: [] for name in commands}
    for number in range(plan.size.rounds + 1):
        plan.log(f"cold: round {number} of {plan.size.rounds}")
        question = plan.corpus.questions[number % len(plan.corpus.questions)]
        for name, command in commands.items():
            usages[name].append(measure_process([*command, question], plan.scratch))
    return {name: exits[1:] for name, exits in usages.items()}


def _rows(name: str, own: list[ProcessUsage], theirs: list[ProcessUsage]) -> list[ResultRow]:
    times, other_times = (Sample(tuple(e.wall_s * 1000 for e in each)) for each in (own, theirs))
    peaks, other_peaks = (Sample(tuple(e.peak_mb for e in each)) for each in (own, theirs))
    faster, smaller = Aim("ratio", "at most", 0.1), Aim("value", "at most", 250)
    return [
        ResultRow(f"`{name}`, whole process", "ms", times, ST_FAISS.name, other_times, faster),
        ResultRow(f"`{name}`, peak memory", "MB", peaks, ST_FAISS.name, other_peaks, smaller),
    ]
