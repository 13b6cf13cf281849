"""The gate: its verdicts, and the command that compares with a baseline and writes it."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from shutil import copytree
from subprocess import CompletedProcess

import pytest

from command import rag
from eval.datasets.load import load_dataset
from eval.datasets.unanswerable import load_with_unanswerable
from eval.measures.significance import Interval
from eval.runs.evaluate import evaluate
from eval.runs.run_file import Run, read_run, write_run
from eval.studies.compare import MeasureChange
from eval.studies.gate import dataset_difference, verdict
from fakes import HashEmbedder
from known_runs import beir_set, span_set, write_jsonl
from rag.search.ranking import RankSettings


def change(measure: str, low: float, high: float) -> MeasureChange:
    return MeasureChange(measure, 0.5, 0.5, (low + high) / 2, Interval(low, high), 1.0, 1.0)


@pytest.mark.parametrize(
    ("low", "high", "of_merit", "of_error"),
    [
        (-0.2, -0.1, "worse", "better"),
        (0.1, 0.2, "better", "worse"),
        (-0.1, 0.2, "held", "held"),
        (-0.1, 0.0, "held", "held"),
        (0.0, 0.0, "held", "held"),
        # Noise, although all on one side.
        (-1e-9, -1e-12, "held", "held"),
        (1e-12, 1e-9, "held", "held"),
    ],
)
def test_a_measure_is_worse_if_its_whole_interval_is_worse(
    low: float, high: float, of_merit: str, of_error: str
) -> None:
    assert verdict(change("MRR@10", low, high)) == of_merit
    assert verdict(change("AUROC", low, high)) == of_merit
    assert verdict(change("ECE", low, high)) == of_error
    assert verdict(change("Brier", low, high)) == of_error


@pytest.mark.parametrize("make", [span_set, beir_set])
def test_a_dataset_does_not_differ_from_its_own_run(
    make: Callable[[Path], Path], tmp_path: Path
) -> None:
    dataset = load_dataset(make(tmp_path))
    assert dataset_difference(evaluate(dataset, HashEmbedder(), RankSettings()).run, dataset) == ""


def test_the_difference_between_a_dataset_and_a_run_is_described(tmp_path: Path) -> None:
    folder, other = span_set(tmp_path / "set"), beir_set(tmp_path / "other")
    run = evaluate(load_dataset(folder), HashEmbedder(), RankSettings()).run
    assert (
        dataset_difference(run, load_dataset(other)) == "it is a run of set (spans), not of other"
    )
    other_questions = load_with_unanswerable(folder, None, other)
    assert dataset_difference(run, other_questions) == "--unanswerable was not given and is other"
    fewer = load_dataset(span_set(folder, unanswerable=False))
    assert dataset_difference(run, fewer) == "only in the baseline: q3"


# The command


@pytest.fixture(scope="module")
def baseline_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A dataset's folder with a baseline that the command wrote. Tests must not change it."""
    folder = span_set(tmp_path_factory.mktemp("gate") / "set")
    process = gate(folder / "baseline.jsonl", "--write")
    assert process.returncode == 0, process.stderr
    assert "MRR@10" in process.stdout
    return folder


@pytest.fixture
def baseline(baseline_folder: Path, tmp_path: Path) -> Path:
    """The baseline in a copy of that folder, which a test may change."""
    return copytree(baseline_folder, tmp_path / "set") / "baseline.jsonl"


def gate(*arguments: str | Path) -> CompletedProcess[str]:
    return rag("eval", "gate", *arguments, timeout_s=300)


def better_than_possible(run: Run) -> Run:
    """Return the run with impossibly high MRR@10, so that every real run is worse."""
    questions = tuple(
        replace(q, measures=q.measures | {"MRR@10": 1.5}) if "MRR@10" in q.measures else q
        for q in run.questions
    )
    return replace(run, questions=questions, measures=run.measures | {"MRR@10": 1.5})


def verdicts(output: str) -> dict[str, str]:
    table = output[output.index("measure") :].splitlines()[1:]
    return {line.split()[0]: line.split()[-1] for line in table}


def test_a_run_equal_to_its_baseline_passes(baseline: Path) -> None:
    process = gate(baseline)
    assert process.returncode == 0, process.stderr
    assert verdicts(process.stdout) == dict.fromkeys(read_run(baseline).measures, "held")


def test_a_worse_run_gives_status_1_until_the_baseline_is_written(baseline: Path) -> None:
    true = read_run(baseline)
    write_run(baseline, better_than_possible(true))
    before = baseline.read_bytes()
    process = gate(baseline)
    assert process.returncode == 1, process.stderr
    assert verdicts(process.stdout)["MRR@10"] == "worse"
    assert baseline.read_bytes() == before
    renewed = gate(baseline, "--write")
    assert renewed.returncode == 0
    assert verdicts(renewed.stdout)["MRR@10"] == "worse"
    assert read_run(baseline) == true


def test_a_missing_measure_fails_the_gate(baseline: Path) -> None:
    run = read_run(baseline)
    write_run(baseline, replace(run, measures=run.measures | {"lost@1": 0.5}))
    process = gate(baseline)
    assert process.returncode == 1, process.stderr
    assert verdicts(process.stdout)["lost@1"] == "missing"


def test_other_questions_are_an_error_that_says_how_to_replace_the_baseline(baseline: Path) -> None:
    row = {"_id": "q9", "text": "And who is queen?", "answerable": False}
    write_jsonl(baseline.parent / "questions.jsonl", row)
    process = gate(baseline)
    assert (process.returncode, process.stdout) == (2, "")
    assert "only in the baseline: q1, q2, q3; only in set: q9" in process.stderr
    assert "use --write" in process.stderr
    assert "Loading" not in process.stderr, "the error comes before the model is loaded"
    assert gate(baseline, "--write").returncode == 0
    assert [outcome.question_id for outcome in read_run(baseline).outcomes] == ["q9"]


def test_the_gate_uses_the_baselines_split_and_cutoffs(tmp_path: Path) -> None:
    folder, other = beir_set(tmp_path / "set"), span_set(tmp_path / "other")
    (folder / "qrels" / "test.tsv").rename(folder / "qrels" / "dev.tsv")
    (folder / "qrels" / "train.tsv").write_text("query-id\tcorpus-id\tscore\n1\theat\t1\n")
    file = tmp_path / "run.jsonl"
    shared = ("--unanswerable", other)
    arguments = ("eval", "run", folder, "--split", "dev", "--k", "3", "--output", file, *shared)
    assert rag(*arguments, timeout_s=300).returncode == 0
    process = gate(file, "--dataset", folder, *shared)
    assert process.returncode == 0, process.stderr
    assert {"nDCG@3", "Brier"} <= verdicts(process.stdout).keys()
    process = gate(file, "--dataset", folder)
    assert process.returncode == 2
    assert "--unanswerable was other and is not given" in process.stderr


def test_a_missing_or_malformed_baseline_is_an_error(tmp_path: Path) -> None:
    folder = span_set(tmp_path)
    process = gate(folder / "none.jsonl")
    assert process.returncode == 2
    assert "no baseline at" in process.stderr
    assert "create one with --write" in process.stderr
    process = gate(folder / "corpus.jsonl", "--write")
    assert process.returncode == 2
    assert "corpus.jsonl:1: not the start of a run" in process.stderr
