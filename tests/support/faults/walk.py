"""A random walk over all operations on an index, compared with a dictionary of its documents.

After each step the index equals the dictionary. Regularly it also equals, byte for byte, an index
that was built at once, and each citation is its slice of the document.
"""

import shutil
from collections import Counter
from contextlib import closing
from pathlib import Path
from random import Random

from fakes import HashEmbedder
from faults.answers import whole
from faults.corpus import QUERIES, WORDS, text_of
from faults.counts import Counts
from faults.operations import perform
from faults.prepared import value_of
from faults.processes import Child, outcome_of
from rag.pipeline import Pipeline

SEED = 5
INDEX, AT_ONCE = Path("index"), Path("at-once")
STEPS = ("put", "change", "delete", "rename", "prune", "rebuild", "reopen", "crash")
_WEIGHTS = (20, 25, 10, 10, 15, 4, 10, 6)
_COMPARED_EVERY = 50
_MOST_FILES = 12


def run(here: Path, n: int, seed: int = SEED) -> Counts:
    """Make this many steps, each in a separate process; stop at the first difference."""
    counts, taken = Counts("walk"), Counter[str]()
    (here / "docs").mkdir()
    (here / "docs/w0.txt").write_text("The river.")
    model: dict[str, str] = {}
    rng = Random(seed)
    for number in range(1, n + 1):
        step = "put" if number == 1 else rng.choices(STEPS, _WEIGHTS)[0]
        taken[step] += 1
        counts.runs += 1
        operation = _begin(here, step, rng, counts)
        problem = _end(here, operation, model)
        if problem is None and number % _COMPARED_EVERY == 0:
            problem = _end(here, "prune", model) or _other_than_at_once(here)
        if problem:
            counts.fail("wrong", f"step {number} ({step}) of seed {seed}: {problem}")
            return counts
        counts.unharmed += 1
    counts.measured.append(", ".join(f"{times} x {step}" for step, times in taken.most_common()))
    return counts


def _begin(here: Path, step: str, rng: Random, counts: Counts) -> str | None:
    """Change the files, and kill an ingest if that is the step; return the operation to run."""
    if step in ("put", "change", "delete", "rename"):
        _edit(here, step, rng, sorted((here / "docs").iterdir()))
    if step == "crash":
        _edit(here, "change", rng, sorted((here / "docs").iterdir()))
        child = Child(here, perform, "prune", INDEX)
        child.process.join(rng.uniform(0, 0.05))
        counts.in_flight += child.kill()
    # An ingest completes what a killed one left, so that the dictionary is exact.
    endings = {"reopen": None, "rebuild": "rebuild", "prune": "prune", "crash": "prune"}
    return endings.get(step, "incremental")


def _end(here: Path, operation: str | None, model: dict[str, str]) -> str | None:
    """Apply it to the index and to the dictionary; return how they differ, or None."""
    if operation == "prune":
        model.clear()
    if operation in ("prune", "incremental"):
        model.update(_texts(here))
    outcome = outcome_of(here, _held_after, operation, INDEX)
    if outcome.value is None:
        return outcome.refused or outcome.crashed
    texts, problem = outcome.value
    names = sorted(name for name in texts.keys() | model if texts.get(name) != model.get(name))
    if names:
        return f"{', '.join(names)}: not as the dictionary says"
    return str(problem) if problem else None


def _edit(here: Path, step: str, rng: Random, files: list[Path]) -> None:
    name = f"w{rng.randrange(1000)}"
    text = text_of(rng, name, rng.randrange(1, 4)) + rng.choice(["", "\n", " été 漢字\n"])
    file = rng.choice(files)
    if step == "put" and len(files) < _MOST_FILES:
        (here / "docs" / f"{name}.txt").write_text(text)
    elif step in ("put", "change"):
        file.write_text(text)
    elif len(files) > 1 and step == "delete":
        file.unlink()
    elif step == "rename":
        file.rename(here / "docs" / f"{name}.{rng.choice(['md', 'txt'])}")


def _texts(here: Path) -> dict[str, str]:
    return {f"docs/{file.name}": file.read_text() for file in (here / "docs").iterdir()}


def _held_after(operation: str | None, index: Path) -> tuple[dict[str, str], str | None]:
    """The texts of an index after an operation, and a citation that is not a slice, if any."""
    if operation is not None:
        perform(operation, index)
    with closing(Pipeline.over(index, HashEmbedder())) as pipeline:
        with pipeline.snapshot() as snapshot:
            texts = {row.doc_id: snapshot.document(row.doc_id).text for row in snapshot.records()}
        for query in [*QUERIES[:2], WORDS[0]]:
            for passage in pipeline.search(query, 10).passages:
                citation = passage.citation
                if texts[citation.doc_id][citation.start : citation.end] != citation.quote:
                    return texts, f"a citation is not its slice: {citation}"
    return texts, None


def _other_than_at_once(here: Path) -> str | None:
    """Whether the grown index differs from one built at once from the same files."""
    shutil.rmtree(here / AT_ONCE, ignore_errors=True)
    value_of(outcome_of(here, perform, "first", AT_ONCE))
    grown, once = (value_of(outcome_of(here, whole, index)) for index in (INDEX, AT_ONCE))
    return None if grown == once else "it differs from an index built at once"
