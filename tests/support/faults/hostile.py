"""Ingest folders of files that attack their parsers.

The good files of a folder are ingested, each other one is ingested or named with a reason, memory
stays within limits, and no process is left behind.
"""

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from faults.counts import Counts
from hostile_files import REFUSED, damaged, good_files, hostile_files, make_special, other_files
from index.documents.sandbox import MEMORY_BYTES

MAX_PARENT_BYTES = 700 << 20
MAX_PARSER_BYTES = MEMORY_BYTES + (300 << 20)

_PROGRAM = """
import json, resource, sys
from dataclasses import asdict
from pathlib import Path
from fakes import HashEmbedder
from index.ingest.ingest import ingest
report = ingest(Path("index"), [Path("files")], HashEmbedder)
# Not RUSAGE_SELF: it begins with the memory of the process that started this one.
status = dict(line.split(":", 1) for line in Path("/proc/self/status").read_text().splitlines())
print(json.dumps({
    "report": asdict(report),
    "parent": int(status["VmHWM"].split()[0]) * 1024,
    "parser": resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss * 1024,
}))
"""


@dataclass(frozen=True, slots=True)
class Outcome:
    """The result of an ingest. named: the kind of the reason for each file that was not read.

    parent, parser: most memory, in bytes. left: the ids of processes that still run
    """

    documents: frozenset[str]
    named: dict[str, str]
    parent: int
    parser: int
    left: tuple[int, ...]


def run(here: Path, *, step: int, scale: int) -> Counts:
    """Ingest hostile files, and copies of good files that are damaged at every `step` percent."""
    counts = Counts("files")
    folder = here / "files"
    folder.mkdir()
    good = good_files()
    bad = {**dict(hostile_files(scale)), **dict(damaged({**good, **other_files()}, step))}
    for name, content in {**good, **bad}.items():
        (folder / name).write_bytes(content)
    special = make_special(folder)
    outcome = ingest_in_process(here)
    _check(counts, outcome, set(good), set(bad), special)
    counts.measured.append(
        f"{len(bad) + len(special)} files; most memory: {outcome.parent >> 20} MiB, "
        f"parser {outcome.parser >> 20} MiB"
    )
    return counts


def ingest_in_process(here: Path) -> Outcome:
    """Ingest here/files in a process of its own."""
    process = subprocess.Popen(
        [sys.executable, "-c", _PROGRAM],
        cwd=here,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=_environment(),
    )
    output, errors = process.communicate()
    if process.returncode:
        raise AssertionError(errors.decode()[-2000:])
    found = json.loads(output)
    report = found["report"]
    named = {Path(each["path"]).name: each["kind"] for each in report["skipped"]}
    named |= {Path(each["path"]).name: each["kind"] for each in report["left_out"]}
    documents = frozenset(Path(doc_id).name for doc_id in report["added"])
    left = tuple(_running_in(here))
    return Outcome(documents, named, found["parent"], found["parser"], left)


def _check(
    counts: Counts, outcome: Outcome, good: set[str], bad: set[str], special: set[str]
) -> None:
    for name in sorted(good | bad | special):
        counts.runs += 1
        counts.in_flight += name in bad
        shown = name.replace("\n", "\\n")
        kind = outcome.named.get(name) or outcome.named.get(shown)
        is_in = name in outcome.documents or shown in outcome.documents
        if is_in and name not in special and name not in REFUSED:
            counts.unharmed += 1
        elif kind is not None and name not in good and kind == REFUSED.get(name, kind):
            counts.refused += 1
        elif name in good:
            counts.fail("lost", f"{shown} was not ingested: {kind}")
        else:
            counts.fail("silent", f"{shown}: ingested {is_in}, named {kind}")
    for what, used, most in (
        ("parent", outcome.parent, MAX_PARENT_BYTES),
        ("parser", outcome.parser, MAX_PARSER_BYTES),
    ):
        if used > most:
            counts.fail("crashed", f"the {what} took {used >> 20} MiB, over {most >> 20}")
    if outcome.left:
        counts.fail("crashed", f"processes left behind: {outcome.left}")


def _running_in(here: Path) -> list[int]:
    """Return the ids of the processes that work in a folder."""
    found = []
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            if (entry / "cwd").resolve().is_relative_to(here.resolve()):
                found.append(int(entry.name))
        except OSError:
            continue
    return found


def _environment() -> dict[str, str]:
    root = Path(__file__).parents[3]
    return {**os.environ, "PYTHONPATH": f"{root / 'tests/support'}{os.pathsep}{root}"}
