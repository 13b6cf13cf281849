"""Comparisons of runs with known values, and the command `rag eval compare`."""

import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from rich.console import Console

from command import rag
from eval.cli.print_report import print_comparison
from eval.measures.measures import RunPassage
from eval.runs.configurations import settings_of
from eval.runs.run_file import QuestionSet, Run, write_run
from eval.studies.compare import compare, describe_differences
from index.errors import BadInput
from index.types import Span
from known_runs import run_of, run_question, span_set


def spans_run(ranks: Sequence[float], confidences: Sequence[float]) -> Run:
    """Questions q0, q1, … with these MRR@10; the last one is unanswerable and has none."""
    *own, last = confidences
    questions = [
        run_question(f"q{i}", {"MRR@10": rank, "Brier": (c - 1) ** 2}, c, True)
        for i, (rank, c) in enumerate(zip(ranks, own, strict=True))
    ]
    return run_of(*questions, run_question("none", {"Brier": last**2}, last, False))


A = spans_run([1.0, 0.5, 0.0, 1.0], [0.9, 0.8, 0.3, 0.6, 0.5])
B = spans_run([1.0, 1.0, 1.0, 0.25], [0.9, 0.8, 0.6, 0.6, 0.2])


def test_each_measure_is_that_of_the_runs_and_the_difference_b_minus_a() -> None:
    measure_changes = {
        change.measure: change for change in compare(A, B, n_resamples=200).measure_changes
    }
    assert list(measure_changes) == ["MRR@10", "Brier", "AUROC", "ECE"]
    for name, change in measure_changes.items():
        assert (change.a, change.b) == (A.measures[name], B.measures[name])
        assert change.difference == pytest.approx(change.b - change.a), name
        assert change.interval.low <= change.difference <= change.interval.high or name == "ECE"
        assert 0 < change.p <= change.p_holm <= 1
    assert measure_changes["MRR@10"].difference == pytest.approx((0.5 + 1 - 0.75) / 4)
    assert measure_changes["AUROC"].difference == pytest.approx(4 / 4 - 3 / 4)


def test_exchanged_runs_give_the_negated_differences() -> None:
    there, back = compare(A, B).measure_changes, compare(B, A).measure_changes
    for one, other in zip(there, back, strict=True):
        assert one.difference == pytest.approx(-other.difference)
        assert one.interval == pytest.approx((-other.interval.high, -other.interval.low))
        assert one.p == other.p


def test_the_order_of_the_questions_makes_no_difference() -> None:
    turned = replace(B, questions=B.questions[::-1])
    assert compare(A, turned).measure_changes == compare(A, B).measure_changes


def test_only_measures_that_both_runs_have_are_compared() -> None:
    more = replace(A, measures={"answer@3": 1.0, **A.measures})
    assert (
        compare(more, B, n_resamples=50).measure_changes
        == compare(A, B, n_resamples=50).measure_changes
    )


def test_the_questions_with_the_largest_gains_and_losses_are_listed() -> None:
    question_changes = compare(A, B, n_resamples=10).question_changes
    assert [(m.a.text, m.difference) for m in question_changes] == [
        ("What is q2?", 1.0),
        ("What is q1?", 0.5),
        ("What is q3?", -0.75),
    ]
    one_each = compare(A, B, n_questions=1, n_resamples=10).question_changes
    assert [m.difference for m in one_each] == [1.0, -0.75]
    assert compare(A, B, n_questions=0, n_resamples=10).question_changes == ()


def test_beir_runs_are_compared_by_ndcg_first() -> None:
    a, b = (
        run_of(run_question("q", {"nDCG@10": value, "MRR@10": 1.0}), kind="beir")
        for value in (0.2, 0.7)
    )
    (question_changes,) = compare(a, b, n_resamples=10).question_changes
    assert question_changes.measure == "nDCG@10"
    assert question_changes.difference == pytest.approx(0.5)


def test_runs_of_different_questions_are_refused_with_the_differences() -> None:
    with pytest.raises(BadInput, match=r"of known \(spans\) and B of other \(spans\)"):
        compare(A, replace(B, dataset="other"))
    fewer = replace(B, questions=B.questions[1:])
    with pytest.raises(BadInput, match=r"different questions: only in A: q0$"):
        compare(A, fewer)
    first, *rest = B.questions
    reworded = replace(B, questions=(replace(first, text="Else?"), *rest))
    with pytest.raises(BadInput, match=r"different questions: changed: q0$"):
        compare(A, reworded)


def test_many_questions_that_differ_are_counted() -> None:
    question_set: QuestionSet = {f"q{i}": ("?", None) for i in range(1234)}
    assert describe_differences({}, question_set) == "only in B: q0, q1, q10 and 1,231 more"
    assert describe_differences(question_set, question_set) == ""


def test_a_measure_with_different_questions_is_refused() -> None:
    first, *rest = B.questions
    partial = replace(B, questions=(replace(first, measures={}), *rest))
    with pytest.raises(BadInput, match=r"MRR@10 has different questions"):
        compare(A, partial, n_resamples=10)


def test_first_passages_are_shown_without_control_characters() -> None:
    long = RunPassage("[a]", Span(0, 400), 1.0, Span(0, 9), "\x1b]0;left " + "word " * 80)
    a = run_of(run_question("q", {"MRR@10": 0.0}, passages=[long]))
    b = run_of(run_question("q", {"MRR@10": 1.0}, passages=[]))
    out = Console(width=60, record=True, highlight=False)
    print_comparison(out, compare(a, b, n_resamples=10), ("a.jsonl", "b.jsonl"))
    lines = out.export_text().splitlines()
    assert max(map(len, lines)) <= 72
    where = next(i for i, line in enumerate(lines) if "[a] [0, 400)" in line)
    assert lines[where].split()[-2:] == ["no", "passage"]
    assert "\x1b" not in "".join(lines)
    quote = " ".join(line.strip() for line in lines[where + 1 :])
    assert quote.startswith("\ufffd]0;left word")
    assert len(quote.strip()) <= 60
    assert quote.strip().endswith("…")


# The command


def test_the_command_gives_the_same_bytes_twice(tmp_path: Path) -> None:
    write_run(tmp_path / "a.jsonl", A)
    write_run(tmp_path / "b.jsonl", B)
    arguments = ("eval", "compare", "a.jsonl", "b.jsonl", "--show", "1")
    first, second = (rag(*arguments, cwd=tmp_path) for _ in range(2))
    assert first.returncode == 0, first.stderr
    assert first.stdout == second.stdout
    assert "known: 5 questions, 4 of them answerable" in first.stdout
    assert "q2  What is q2?  MRR@10 0.000 → 1.000" in first.stdout
    assert "q1" not in first.stdout


def test_the_command_prints_the_comparison_as_json(tmp_path: Path) -> None:
    write_run(tmp_path / "a.jsonl", A)
    write_run(tmp_path / "b.jsonl", B)
    process = rag("eval", "compare", "a.jsonl", "b.jsonl", "--json", cwd=tmp_path)
    printed = json.loads(process.stdout)
    assert (printed["a"]["name"], printed["b"]["name"]) == ("a.jsonl", "b.jsonl")
    assert printed["a"]["measures"] == A.measures
    expected = {"measure": "MRR@10", "a": 0.625, "b": 0.8125, "difference": 0.1875}
    assert printed["measures"][0].items() >= expected.items()
    assert set(printed["measures"][0]) == {*expected, "interval", "p", "p_holm"}
    assert [(m["_id"], m["a"]["value"], m["b"]["value"]) for m in printed["moved"]] == [
        ("q2", 0.0, 1.0),
        ("q1", 0.5, 1.0),
        ("q3", 1.0, 0.25),
    ]
    assert printed["moved"][0]["a"]["passage"]["quote"] == "One. Two."


def test_two_settings_files_are_run_and_compared(tmp_path: Path) -> None:
    span_set(tmp_path / "set")
    (tmp_path / "a.toml").write_text("lexical_weight = 0.0\n")
    (tmp_path / "b.toml").write_text("lexical_weight = 1.0\n")
    arguments = ("eval", "compare", "a.toml", "b.toml", "--dataset", "set", "--json")
    process = rag(*arguments, cwd=tmp_path, timeout_s=300)
    assert process.returncode == 0, process.stderr
    printed = json.loads(process.stdout)
    assert [printed[run]["ranking"]["lexical_weight"] for run in "ab"] == [0, 1]
    assert printed["a"]["dataset"] == "set"
    assert list(printed["a"]["measures"]) == [c["measure"] for c in printed["measures"]]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["a.jsonl", "a.toml"], "differ in kind; choose two run files or two settings files"),
        (["a.toml", "a.toml"], "no dataset was given; add one, as in --dataset"),
        (["a.jsonl", "a.jsonl", "--dataset", "set"], "--dataset requires settings files"),
        (["a.jsonl", "none.jsonl"], "none.jsonl: No such file"),
        (["a.jsonl", "a.jsonl", "--show", "-1"], "--show -1 is out of range"),
        (["a.toml", "bad.toml", "--dataset", "set"], "bad.toml: unknown setting 'weight'"),
    ],
)
def test_a_mistake_gives_one_line_and_status_2(
    arguments: list[str], message: str, tmp_path: Path
) -> None:
    write_run(tmp_path / "a.jsonl", A)
    (tmp_path / "a.toml").touch()
    (tmp_path / "bad.toml").write_text("weight = 1\n")
    process = rag("eval", "compare", *arguments, cwd=tmp_path)
    assert (process.returncode, process.stdout) == (2, "")
    assert message in process.stderr
    assert len(process.stderr.splitlines()) == 1


# Settings files


def test_a_settings_file_overrides_the_current_settings(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "my.toml").write_text("n_candidates = 7\n")
    monkeypatch.setenv("RAG_N_CANDIDATES", "8")
    monkeypatch.setenv("RAG_MODEL", "other")
    settings = settings_of(tmp_path / "my.toml")
    assert (settings.n_candidates, settings.model) == (7, "other")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("n_candidates = ", r"my\.toml is not valid TOML"),
        ("n_candidates = 0", r"my\.toml: .*n_candidates: .* greater than or equal to 1"),
        ("_env_file = 'x'", r"my\.toml: unknown setting '_env_file'; available: index, model"),
    ],
)
def test_an_error_names_the_settings_file(text: str, message: str, tmp_path: Path) -> None:
    file = tmp_path / "my.toml"
    file.write_text(text)
    with pytest.raises(BadInput, match=message):
        settings_of(file)


def test_a_missing_settings_file_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match=r"cannot read .*none\.toml: No such file"):
        settings_of(tmp_path / "none.toml")
