"""Damage to every file of an index: each answer is right, or an error says that there is none.
Never a wrong answer, never a crash.

A closed index is damaged and then opened; one in use is damaged while a process has it open. Half
of the indexes have commits that are only in the write-ahead log, as after a power cut.
"""

import shutil
from collections import Counter
from contextlib import closing
from multiprocessing.connection import Connection
from pathlib import Path
from random import Random

from fakes import HashEmbedder
from faults.answers import REFUSED, Answers, answers_from, answers_of
from faults.blows import kind_of, strike
from faults.corpus import change_corpus, write_corpus
from faults.counts import Counts
from faults.operations import perform
from faults.prepared import value_of
from faults.processes import Child, Outcome, outcome_of, talking
from rag.pipeline import Pipeline

SEED = 2
AT_REST, IN_LOG = Path("at-rest"), Path("in-log")


def run(here: Path, n: int, seed: int = SEED) -> Counts:
    counts, rng = Counts("damage"), Random(seed)
    write_corpus(here / "docs", rng, n_documents=8, n_paragraphs=6)
    value_of(outcome_of(here, _make_both))
    right = {index: value_of(outcome_of(here, answers_of, index)) for index in (AT_REST, IN_LOG)}
    kinds: Counter[str] = Counter()
    for number in range(n):
        source = rng.choice([AT_REST, IN_LOG])
        in_use = rng.random() < 0.3
        # Reading a closed index emptied its log, so each fault is made in a copy of a copy.
        shutil.rmtree(here / "struck", ignore_errors=True)
        shutil.copytree(here / f"{source}.kept", here / "struck")
        blow, outcome = (_in_use if in_use else _at_rest)(here, rng)
        counts.runs += 1
        counts.in_flight += in_use
        label = f"{blow} of {source}{' in use' if in_use else ''} (run {number + 1})"
        kinds[kind_of(blow.split(" ")[1])] += 1
        _judge(counts, label, outcome, right[source])
    counts.measured.append(", ".join(f"{n} x {kind}" for kind, n in sorted(kinds.items())))
    return counts


def _make_both() -> None:
    """Make an index that was closed, and one whose last commits are in its log; copy each."""
    docs = Path("docs")
    perform("first", AT_REST)
    perform("first", IN_LOG)
    change_corpus(docs, Random(SEED), n_paragraphs=6)
    perform("prune", AT_REST)
    shutil.copytree(AT_REST, f"{AT_REST}.kept")
    with closing(Pipeline.over(IN_LOG, HashEmbedder())):  # this keeps the log
        perform("prune", IN_LOG)
        shutil.copytree(IN_LOG, f"{IN_LOG}.kept")
    assert (Path(f"{IN_LOG}.kept") / "rag.db-wal").stat().st_size > 0


def _at_rest(here: Path, rng: Random) -> tuple[str, Outcome]:
    blow = strike(here / "struck", rng)
    return blow, outcome_of(here, answers_of, Path("struck"))


def _in_use(here: Path, rng: Random) -> tuple[str, Outcome]:
    child = Child(here, _answers_after_a_message, Path("struck"))
    child.receive()
    blow = strike(here / "struck", rng)
    child.send("struck")
    return blow, child.end()


@talking
def _answers_after_a_message(parent: Connection, index: Path) -> Answers:
    with closing(Pipeline.over(index, HashEmbedder())) as pipeline:
        parent.send("open")
        parent.recv()
        return answers_from(pipeline)


def _judge(counts: Counts, label: str, outcome: Outcome, right: object) -> None:
    assert isinstance(right, dict)
    if outcome.crashed:
        counts.fail("crashed", f"{label}: {outcome.crashed}")
        return
    if outcome.refused:
        counts.refused += 1
        return
    given: Answers = outcome.value
    refused = [question for question in given if given[question].startswith(REFUSED)]
    wrong = [q for q in given if q not in refused and given[q] != right.get(q)]
    if wrong:
        counts.fail("silent", f"{label}: {wrong[0]}")
    elif refused:
        counts.refused += 1
    else:
        counts.unharmed += 1
