"""`rag search` from a shell: the whole process, its time and its memory, against a peer's."""

import sys
from pathlib import Path

from bench.peers import ST_FAISS
from bench.plan import Plan
from bench.processes import Exit, measured
from bench.results import Aim, Part, Row, Sample, Skipped

NAME = "cold"
_LEXICAL = "--lexical"
_SKIPPED = Skipped(f"`rag search {_LEXICAL}`", f"`rag search` has no {_LEXICAL}")

Command = list[str | Path]


def run(plan: Plan) -> Part:
    """A question a round, the same for all; each process once before, so that files are cached."""
    searches: dict[str, Command] = {"rag search": [*rag(), "search", "--index", plan.index]}
    skipped = () if knows("search", _LEXICAL) else (_SKIPPED,)
    if not skipped:
        searches[f"rag search {_LEXICAL}"] = [*searches["rag search"], _LEXICAL]
    ended = _ended(plan, searches | {ST_FAISS.name: _peers(plan)})
    rows = [row for name in searches for row in _rows(name, ended[name], ended[ST_FAISS.name])]
    return Part(NAME, "A question from the shell", tuple(rows), skipped)


def rag() -> Command:
    """The `rag` command of this environment."""
    script = Path(sys.executable).with_name("rag")
    return [script] if script.exists() else [sys.executable, "-m", "rag.cli"]


def knows(command: str, option: str) -> bool:
    """Whether a command of `rag` has an option."""
    return option in measured([*rag(), command, "--help"], Path.cwd()).output


def _peers(plan: Plan) -> Command:
    """The peer's command, on an index that this makes."""
    folder, peer = plan.scratch / "st_faiss", plan.peer(ST_FAISS)
    folder.mkdir()
    plan.told("cold: the peer's index")
    peer.task("save", model=plan.model, passages=plan.corpus.paragraphs, folder=str(folder))
    return [peer.python, peer.script, "ask", plan.model, folder]


def _ended(plan: Plan, commands: dict[str, Command]) -> dict[str, list[Exit]]:
    ended: dict[str, list[Exit]] = {name: [] for name in commands}
    for number in range(plan.size.rounds + 1):
        plan.told(f"cold: round {number} of {plan.size.rounds}")
        question = plan.corpus.questions[number % len(plan.corpus.questions)]
        for name, command in commands.items():
            ended[name].append(measured([*command, question], plan.scratch))
    return {name: exits[1:] for name, exits in ended.items()}


def _rows(name: str, mine: list[Exit], theirs: list[Exit]) -> list[Row]:
    times, other_times = (Sample(tuple(e.wall_s * 1000 for e in each)) for each in (mine, theirs))
    peaks, other_peaks = (Sample(tuple(e.peak_mb for e in each)) for each in (mine, theirs))
    faster, smaller = Aim("ratio", "at most", 0.1), Aim("value", "at most", 250)
    return [
        Row(f"`{name}`, whole process", "ms", times, ST_FAISS.name, other_times, faster),
        Row(f"`{name}`, peak memory", "MB", peaks, ST_FAISS.name, other_peaks, smaller),
    ]
