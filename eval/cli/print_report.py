"""Print evaluations, comparisons and the gate's result as tables or JSON."""

import json
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any
from unicodedata import category

from rich.console import Console
from rich.table import Table
from rich.text import Text

from eval.runs.evaluate import Evaluation
from eval.runs.run_file import Run, RunQuestion, header_of, passage_fields
from eval.studies.compare import Comparison, MeasureChange, QuestionChange
from eval.studies.gate import verdict

_DECIMALS = 6
"""Decimals of computed numbers in JSON. Further ones differ between machines."""


def print_evaluation(out: Console, evaluation: Evaluation) -> None:
    """Print the dataset, the times and each measure."""
    run = evaluation.run
    out.print(
        f"{run.dataset}: {run.n_documents:,} documents, {run.n_chunks:,} chunks, "
        f"{_questions(run)} · {run.model} · indexed in {evaluation.seconds_indexing:.1f} s, "
        f"searched in {evaluation.seconds_asking:.1f} s"
    )
    table = Table("measure", "value", box=None, pad_edge=False)
    for name, value in run.measures.items():
        table.add_row(name, f"{value:.4f}")
    out.print(table)


def evaluation_json(evaluation: Evaluation) -> str:
    """Return the fields of the run without its questions, as JSON; the measures come last."""
    fields = header_of(evaluation.run)
    measures = fields.pop("measures")
    seconds = {
        "seconds_indexing": evaluation.seconds_indexing,
        "seconds_asking": evaluation.seconds_asking,
    }
    return json.dumps(fields | seconds | {"measures": measures}, ensure_ascii=False)


def print_comparison(out: Console, comparison: Comparison, names: tuple[str, str]) -> None:
    """Print the measures of A and B, then the changed questions with the first passage of each."""
    a, b = names
    _print_runs(out, comparison.a, comparison.b, (f"A  {a}", f"B  {b}"))
    table = _measures("A", "B", "B - A", "95 % interval", "p", "p (Holm)")
    for change in comparison.measure_changes:
        table.add_row(*_numbers(change), f"{change.p:.4f}", f"{change.p_holm:.4f}")
    out.print(table)
    for question_change in comparison.question_changes:
        out.print()
        _print_question_change(out, question_change)


def comparison_json(comparison: Comparison, names: tuple[str, str]) -> str:
    """Return both runs without their questions, the measures and the changed questions, as JSON."""
    runs = zip("ab", names, (comparison.a, comparison.b), strict=True)
    fields = {key: {"name": name, **header_of(run)} for key, name, run in runs}
    changes = [_change_fields(change) for change in comparison.measure_changes]
    moved = [_question_change_fields(change) for change in comparison.question_changes]
    return json.dumps(fields | {"measures": changes, "moved": moved}, ensure_ascii=False)


def print_gate(
    out: Console, baseline: Run, now: Run, changes: Sequence[MeasureChange], path: str
) -> None:
    """Print each measure of the run and of the baseline, with its verdict."""
    _print_runs(out, baseline, now, (f"baseline  {path}", "now       present settings"))
    table = _measures("baseline", "now", "difference", "95 % interval", "verdict")
    for change in changes:
        label = verdict(change)
        style = {"worse": "bold red", "better": "green"}.get(label, "")
        table.add_row(*_numbers(change), Text(label, style))
    for name in [name for name in baseline.measures if name not in now.measures]:
        table.add_row(
            name, f"{baseline.measures[name]:.4f}", *[""] * 3, Text("missing", "bold red")
        )
    out.print(table)


def _print_runs(out: Console, a: Run, b: Run, names: tuple[str, str]) -> None:
    """Print the questions, then for each run the settings in which the two differ."""
    out.print(f"{a.dataset}: {_questions(a)}", soft_wrap=True, markup=False)
    keys = [key for key in a.ranking | b.ranking if a.ranking.get(key) != b.ranking.get(key)]
    for name, run in zip(names, (a, b), strict=True):
        ranking = [f"{key} {run.ranking.get(key, 'none')}" for key in keys]
        line = " · ".join([name, run.model, f"rag {run.version}", *ranking])
        out.print(line, soft_wrap=True, markup=False)


def _questions(run: Run) -> str:
    of = f", {run.n_answerable:,} of them answerable" if run.n_answerable is not None else ""
    others = f", the others from {run.unanswerable}" if run.unanswerable is not None else ""
    return f"{run.n_questions:,} questions{of}{others}"


def _measures(*columns: str) -> Table:
    table = Table("measure", box=None, pad_edge=False)
    for column in columns:
        table.add_column(column, justify="right", no_wrap=True)
    return table


def _numbers(change: MeasureChange) -> list[str]:
    low, high = change.interval
    interval = f"{low:+z.4f} … {high:+z.4f}"
    values = [f"{change.a:.4f}", f"{change.b:.4f}", f"{change.difference:+z.4f}"]
    return [change.measure, *values, interval]


def _print_question_change(out: Console, change: QuestionChange) -> None:
    a, b = (run.measures[change.measure] for run in (change.a, change.b))
    head = Text(f"{change.a.outcome.question_id}  {_one_line(change.a.text)}", "bold")
    out.print(head.append(f"  {change.measure} {a:.3f} → {b:.3f}", "not bold cyan"))
    table = Table("A", "B", box=None, pad_edge=False, expand=True)
    for column in table.columns:
        column.ratio = 1
    table.add_row(*(_first_passage(run, out.width) for run in (change.a, change.b)))
    out.print(table)


def _first_passage(question: RunQuestion, width: int) -> Text:
    """Return the first passage's place, and as much of its text as fits on one line."""
    if not question.outcome.passages:
        return Text("no passage", "dim")
    first = question.outcome.passages[0]
    quote = _one_line(first.quote or "")
    if len(quote) > width:
        quote = quote[: width - 1] + "…"
    where = f"{_one_line(first.doc_id)} [{first.span.start}, {first.span.end})"
    return Text.assemble((where, "green"), "\n", quote)


def _one_line(text: str) -> str:
    """Join the text into one line and replace control characters, which a terminal would obey."""
    line = " ".join(text.split())
    return "".join("\ufffd" if category(c) == "Cc" else c for c in line)


def _change_fields(change: MeasureChange) -> dict[str, Any]:
    fields = asdict(change) | {"interval": list(change.interval)}
    return {key: _round(value) for key, value in fields.items()}


def _round(value: Any) -> Any:
    if isinstance(value, list):
        return [_round(one) for one in value]
    return round(value, _DECIMALS) + 0.0 if isinstance(value, float) else value


def _question_change_fields(change: QuestionChange) -> dict[str, Any]:
    return {
        "_id": change.a.outcome.question_id,
        "text": change.a.text,
        "measure": change.measure,
        "a": _side_fields(change.a, change.measure),
        "b": _side_fields(change.b, change.measure),
    }


def _side_fields(question: RunQuestion, measure: str) -> dict[str, Any]:
    first = [passage_fields(passage) for passage in question.outcome.passages[:1]]
    return {"value": question.measures[measure], "passage": first[0] if first else None}
