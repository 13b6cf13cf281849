"""The `rag` command with the real model, killed and with failed system calls. An error is one line
on stderr with exit status 2, and afterwards the command ends like an undisturbed one."""

import errno
import json
import os
import shutil
import subprocess
import time
from pathlib import Path
from random import Random
from typing import Any

from command import RAG, rag
from faults import shim
from faults.corpus import QUERIES, write_corpus
from faults.counts import Counts
from faults.processes import ROOT

SEED = 8
_FIRST_CALLS = 60
"""One of these fails in each run: database creation, commits and publishing use them."""


def run(here: Path, n: int, seed: int = SEED) -> Counts:
    counts, rng = Counts("commands"), Random(seed)
    write_corpus(here / "docs", rng, n_documents=4, n_paragraphs=20)
    expected = _complete(here)  # this also compiles the model if necessary
    shutil.rmtree(here / "index")
    began = time.perf_counter()
    rag("ingest", "docs", "--index", "index", cwd=here)
    length_s = time.perf_counter() - began
    for number in range(n):
        shutil.rmtree(here / "index", ignore_errors=True)
        counts.runs += 1
        if number % 2 == 0 or shim.library() is None:
            label = _kill(here, rng.uniform(0.3, 0.8) * length_s, counts)
        else:
            label = _fail(here, rng, counts)
        if _complete(here) == expected:
            counts.unharmed += 1
        else:
            counts.fail("wrong", f"{label}: the next run ends otherwise than an undisturbed one")
    return counts


def _complete(here: Path) -> dict[str, Any]:
    """Ingest; return the parts of the output of a search and of `rag info` that do not vary."""
    done = rag("ingest", "docs", "--index", "index", cwd=here)
    assert done.returncode == 0, done.stderr
    searched = rag("search", QUERIES[0], "--json", "--index", "index", cwd=here)
    info = rag("info", "--json", "--index", "index", cwd=here)
    assert searched.returncode == info.returncode == 0, searched.stderr + info.stderr
    result = json.loads(searched.stdout)
    held = json.loads(info.stdout)
    numbers = {name: held[name] for name in held if name in ("documents", "chunks")}
    return {"passages": result["passages"], "answered": result["answered"], **numbers}


def _kill(here: Path, after_s: float, counts: Counts) -> str:
    process = subprocess.Popen(
        [*RAG, "ingest", "docs", "--index", "index"],
        cwd=here,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        process.wait(after_s)
    except subprocess.TimeoutExpired:
        process.kill()
    counts.in_flight += process.wait() == -9
    return f"`rag ingest` killed after {after_s:.2f} s"


def _fail(here: Path, rng: Random, counts: Counts) -> str:
    at, error = rng.randrange(1, _FIRST_CALLS), rng.choice([errno.EIO, errno.ENOSPC])
    index = here / "index"
    done = rag(
        *("ingest", "docs", "--index", index),
        cwd=here,
        LD_PRELOAD=str(shim.library()),
        FAULT_FOLDER=str(index),
        FAULT_AT=str(at),
        FAULT_ERROR=str(error),
    )
    label = f"`rag ingest`, call {at} fails with {errno.errorcode[error]}"
    lines = [line for line in done.stderr.splitlines() if line.startswith("rag: ")]
    counts.in_flight += done.returncode != 0
    counts.refused += done.returncode == 2
    if done.returncode not in (0, 2) or "Traceback" in done.stderr:
        counts.fail("crashed", f"{label}: exit status {done.returncode}, {done.stderr}")
    elif done.returncode == 2 and len(lines) != 1:
        counts.fail("wrong", f"{label}: not one line: {done.stderr}")
    return label
