"""`python -m bench`: refused arguments, and a benchmark that fails."""

import subprocess
import sys
from pathlib import Path

import pytest

from bench.__main__ import _run_one
from bench.corpus import Article, Corpus
from bench.peers import ST_FAISS, PeerEnvironment
from bench.plan import QUICK, Plan
from command import ROOT

CORPUS = Corpus("c", (Article("a.txt", "One.", ("One.",)),), ("What?",))


def bench(*arguments: str | Path) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "-m", "bench", *map(str, arguments)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )


def test_an_unknown_benchmark_is_refused_with_the_list_of_known_ones() -> None:
    process = bench("speed")
    assert process.returncode == 1
    assert process.stderr == (
        "bench: unknown benchmark 'speed'; choose from: ingest, query, cold, serve, growth\n"
    )


def test_a_folder_without_a_dataset_is_refused(tmp_path: Path) -> None:
    process = bench("query", "--data", tmp_path, "--output", tmp_path / "out")
    assert process.returncode == 1
    assert f"{tmp_path} is not a dataset" in process.stderr
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("name", ["ingest", "cold"])
def test_a_failing_benchmark_is_skipped_with_its_reason(tmp_path: Path, name: str) -> None:
    broken = tmp_path / "python"
    broken.write_text("#!/bin/sh\necho it broke >&2\nexit 3\n")
    broken.chmod(0o755)
    plan = Plan(CORPUS, QUICK, tmp_path, tmp_path)
    plan._peers[ST_FAISS.name] = PeerEnvironment(ST_FAISS, broken)
    part = _run_one(name, plan)
    assert part.rows == ()
    (skipped,) = part.skipped
    assert skipped.name == name
    assert skipped.reason.endswith("ended with status 3: it broke")
