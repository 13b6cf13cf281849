"""Evaluations, comparisons and gates as people read them."""

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
from eval.studies.compare import Change, Comparison, Moved
from eval.studies.gate import verdict

_DECIMALS = 6
"""Of computed numbers in JSON: as many as repeat on another machine."""


def print_evaluation(out: Console, evaluation: Evaluation) -> None:
    """What was asked, and each measure."""
    run = evaluation.run
    out.print(
        f"{run.dataset}: {run.n_documents:,} documents, {run.n_chunks:,} chunks, "
        f"{_questions(run)} · {run.model} · indexed in {evaluation.seconds_indexing:.1f} s, "
        f"asked in {evaluation.seconds_asking:.1f} s"
    )
    table = Table("measure", "value", box=None, pad_edge=False)
    for name, value in run.measures.items():
        table.add_row(name, f"{value:.4f}")
    out.print(table)


def evaluation_json(evaluation: Evaluation) -> str:
    """All but the questions, the measures last."""
    fields = header_of(evaluation.run)
    measures = fields.pop("measures")
    seconds = {
        "seconds_indexing": evaluation.seconds_indexing,
        "seconds_asking": evaluation.seconds_asking,
    }
    return json.dumps(fields | seconds | {"measures": measures}, ensure_ascii=False)


def print_comparison(out: Console, comparison: Comparison, names: tuple[str, str]) -> None:
    """The measures of A and B, then the questions that moved, with the first passages of both."""
    a, b = names
    _print_runs(out, comparison.a, comparison.b, (f"A  {a}", f"B  {b}"))
    table = _measures("A", "B", "B - A", "95 % interval", "p", "p (Holm)")
    for change in comparison.changes:
        table.add_row(*_numbers(change), f"{change.p:.4f}", f"{change.p_holm:.4f}")
    out.print(table)
    for moved in comparison.moved:
        out.print()
        _print_moved(out, moved)


def comparison_json(comparison: Comparison, names: tuple[str, str]) -> str:
    """All that was compared."""
    runs = zip("ab", names, (comparison.a, comparison.b), strict=True)
    fields = {key: {"name": name, **header_of(run)} for key, name, run in runs}
    changes = [_change_fields(change) for change in comparison.changes]
    moved = [_moved_fields(moved) for moved in comparison.moved]
    return json.dumps(fields | {"measures": changes, "moved": moved}, ensure_ascii=False)


def print_gate(out: Console, baseline: Run, now: Run, changes: Sequence[Change], path: str) -> None:
    """Each measure against the baseline, with its verdict."""
    _print_runs(out, baseline, now, (f"baseline  {path}", "now       present settings"))
    table = _measures("baseline", "now", "difference", "95 % interval", "verdict")
    for change in changes:
        said = verdict(change)
        style = {"worse": "bold red", "better": "green"}.get(said, "")
        table.add_row(*_numbers(change), Text(said, style))
    for name in [name for name in baseline.measures if name not in now.measures]:
        table.add_row(name, f"{baseline.measures[name]:.4f}", *[""] * 3, Text("gone", "bold red"))
    out.print(table)


def _print_runs(out: Console, a: Run, b: Run, names: tuple[str, str]) -> None:
    """The questions, and for each run what it has that the other has not."""
    out.print(f"{a.dataset}: {_questions(a)}", soft_wrap=True, markup=False)
    unlike = [key for key in a.ranking | b.ranking if a.ranking.get(key) != b.ranking.get(key)]
    for name, run in zip(names, (a, b), strict=True):
        ranking = [f"{key} {run.ranking.get(key, 'none')}" for key in unlike]
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


def _numbers(change: Change) -> list[str]:
    low, high = change.interval
    interval = f"{low:+z.4f} … {high:+z.4f}"
    values = [f"{change.a:.4f}", f"{change.b:.4f}", f"{change.difference:+z.4f}"]
    return [change.measure, *values, interval]


def _print_moved(out: Console, moved: Moved) -> None:
    a, b = (run.measures[moved.measure] for run in (moved.a, moved.b))
    head = Text(f"{moved.a.outcome.question_id}  {_flat(moved.a.text)}", "bold")
    out.print(head.append(f"  {moved.measure} {a:.3f} → {b:.3f}", "not bold cyan"))
    table = Table("A", "B", box=None, pad_edge=False, expand=True)
    for column in table.columns:
        column.ratio = 1
    table.add_row(*(_first_passage(run, out.width) for run in (moved.a, moved.b)))
    out.print(table)


def _first_passage(question: RunQuestion, width: int) -> Text:
    """Where the first passage stands, and as much of it as one line of the terminal holds."""
    if not question.outcome.passages:
        return Text("no passage", "dim")
    first = question.outcome.passages[0]
    quote = _flat(first.quote or "")
    if len(quote) > width:
        quote = quote[: width - 1] + "…"
    where = f"{_flat(first.doc_id)} [{first.span.start}, {first.span.end})"
    return Text.assemble((where, "green"), "\n", quote)


def _flat(text: str) -> str:
    """On one line, without what could steer a terminal."""
    line = " ".join(text.split())
    return "".join("\ufffd" if category(c) == "Cc" else c for c in line)


def _change_fields(change: Change) -> dict[str, Any]:
    fields = asdict(change) | {"interval": list(change.interval)}
    return {key: _rounded(value) for key, value in fields.items()}


def _rounded(value: Any) -> Any:
    if isinstance(value, list):
        return [_rounded(one) for one in value]
    return round(value, _DECIMALS) + 0.0 if isinstance(value, float) else value


def _moved_fields(moved: Moved) -> dict[str, Any]:
    return {
        "_id": moved.a.outcome.question_id,
        "text": moved.a.text,
        "measure": moved.measure,
        "a": _side_fields(moved.a, moved.measure),
        "b": _side_fields(moved.b, moved.measure),
    }


def _side_fields(question: RunQuestion, measure: str) -> dict[str, Any]:
    first = [passage_fields(found) for found in question.outcome.passages[:1]]
    return {"value": question.measures[measure], "passage": first[0] if first else None}
