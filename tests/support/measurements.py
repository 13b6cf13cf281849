"""Results of a benchmark run, written by hand."""

from bench.machine import Machine
from bench.results import Aim, BenchmarkResult, Curve, ResultRow, Results, Sample, SkippedRow

MACHINE = Machine("Some CPU", 2, 23.5, ("avx2",), "Linux 6", "3.11.7", 0.05)

FASTER = ResultRow(
    "ingest",
    "paragraphs/s",
    Sample((100.0, 90.0, 120.0)),
    "a peer",
    Sample((20.0, 30.0, 20.0)),
    Aim("ratio", "at least", 4.0),
)
"""In each round 5, 3 and 6 times the peer's."""

SMALLER = ResultRow(
    "memory", "MB", Sample((1234.5,)), "a peer", Sample((2469.0,)), Aim("value", "at most", 250)
)
ALONE = ResultRow("errors", "requests", Sample((0.0, 0.0)), aim=Aim("value", "at most", 0))

RESULTS = Results(
    started="2026-01-02T03:04:05+00:00",
    commit="abc1234",
    machine=MACHINE,
    versions={"rag": "0.1.0", "a peer: torch": "2.13.0"},
    corpus="known",
    n_paragraphs=1301,
    n_questions=300,
    rounds=3,
    quick=False,
    parts=(
        BenchmarkResult(
            "ingest", "Ingest", (FASTER, SMALLER), (SkippedRow("that", "it is not installed"),)
        ),
        BenchmarkResult(
            "growth",
            "Growth",
            (ALONE,),
            curves=(Curve("on disk", "MB", (1000, 2000, 10_000), (3.0, 6.5, 30.25)),),
            x_name="chunks",
        ),
    ),
)
