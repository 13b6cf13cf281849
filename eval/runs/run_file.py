"""Runs, and the files that hold them: JSON lines, the run first and then each question.

A run file can be read without its dataset, so that what was measured once can be compared later.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any, Literal

from pydantic import TypeAdapter, ValidationError

from eval.datasets.jsonl import read_jsonl, write_lines
from eval.measures.measures import Found, Measures, Outcome, Statement
from index.errors import BadDataset
from index.types import Span

Asked = dict[str, tuple[str, bool | None]]
"""Question id -> its text and whether it is answerable: what two runs must share."""


@dataclass(frozen=True, slots=True)
class Judged:
    """A question of a run: what was asked, what came back, and the measures of it alone.

    `answerable` is None where the dataset does not tell.
    """

    text: str
    answerable: bool | None
    outcome: Outcome
    measures: Measures


@dataclass(frozen=True, slots=True)
class Run:
    """A dataset's questions under one configuration, and what was measured.

    ranking: the fields of RankSettings, as they were in that version
    cutoffs: further depths that were measured
    unanswerable: the other set whose questions were asked as unanswerable, if any
    n_answerable: None where the dataset does not tell
    questions: in the order they were asked
    """

    dataset: str
    kind: Literal["spans", "beir"]
    split: str | None
    unanswerable: str | None
    model: str
    ranking: dict[str, Any]
    cutoffs: tuple[int, ...]
    n_documents: int
    n_chunks: int
    n_questions: int
    n_answerable: int | None
    version: str
    measures: Measures
    questions: tuple[Judged, ...]

    @property
    def outcomes(self) -> tuple[Outcome, ...]:
        return tuple(question.outcome for question in self.questions)

    @property
    def asked(self) -> Asked:
        return {q.outcome.question_id: (q.text, q.answerable) for q in self.questions}


def header_of(run: Run) -> dict[str, Any]:
    """All but the questions."""
    return {f.name: getattr(run, f.name) for f in fields(run) if f.name != "questions"}


def to_lines(run: Run) -> Iterator[str]:
    """The lines of a run file. The same run gives the same bytes."""
    yield json.dumps({"run": header_of(run)}, ensure_ascii=False)
    for question in run.questions:
        yield json.dumps(_row(question), ensure_ascii=False)


def _row(question: Judged) -> dict[str, Any]:
    outcome = question.outcome
    answerable = {} if question.answerable is None else {"answerable": question.answerable}
    return {
        "_id": outcome.question_id,
        "text": question.text,
        **answerable,
        "confidence": outcome.confidence,
        **_statement_fields(outcome.statement),
        "measures": question.measures,
        "passages": [to_fields(found) for found in outcome.passages],
    }


def _statement_fields(statement: Statement | None) -> dict[str, Any]:
    if statement is None:
        return {}
    cited = [{"doc_id": i, "start": s.start, "end": s.end} for i, s in statement.citations]
    return {"statement": {"stated": statement.stated, "citations": cited}}


def _statement(row: Any) -> Statement | None:
    if row is None:
        return None
    cited = [(str(c["doc_id"]), Span(int(c["start"]), int(c["end"]))) for c in row["citations"]]
    return Statement(bool(row["stated"]), tuple(cited))


def to_fields(found: Found) -> dict[str, Any]:
    """A passage as it stands in the file."""
    quote = {} if found.quote is None else {"quote": found.quote}
    return {
        "doc_id": found.doc_id,
        "start": found.span.start,
        "end": found.span.end,
        "score": found.score,
        "highlight": {"start": found.highlight.start, "end": found.highlight.end},
        **quote,
    }


def write_run(path: Path, run: Run) -> None:
    """Raises BadInput if the file cannot be written."""
    write_lines(path, to_lines(run))


def without_passages(run: Run) -> Run:
    """All that a baseline is held against: a run to be kept with the project is a tenth as long."""
    bare = (replace(q, outcome=replace(q.outcome, passages=())) for q in run.questions)
    return replace(run, questions=tuple(bare))


def read_run(path: Path) -> Run:
    """The run in a file. Raises BadDataset, naming file and line, if there is none."""
    rows = read_jsonl(path)
    number, first = next(rows, (1, None))
    if not isinstance(first, dict) or "run" not in first:
        raise BadDataset(
            f"{path}:{number}: not the beginning of a run; "
            "`rag eval run DATASET --output FILE` writes one"
        )
    run = _header(f"{path}:{number}", first["run"])
    judged = (_judged(f"{path}:{number}", row) for number, row in rows)
    questions = {question.outcome.question_id: question for question in judged}
    if len(questions) != run.n_questions:
        raise BadDataset(f"{path} holds {len(questions)} of its run's {run.n_questions} questions")
    return replace(run, questions=tuple(questions.values()))


def _header(where: str, row: Any) -> Run:
    """The run without its questions. Fields that a later version adds are passed over."""
    try:
        return TypeAdapter(Run).validate_python({**row, "questions": ()})
    except ValidationError as error:
        problems = "; ".join(f"{'.'.join(map(str, e['loc']))}: {e['msg']}" for e in error.errors())
        raise BadDataset(f"{where}: not a run: {problems}") from error
    except TypeError as error:
        raise BadDataset(f"{where}: not a run: {error}") from error


def _judged(where: str, row: Any) -> Judged:
    try:
        passages = tuple(_found(passage) for passage in row["passages"])
        return Judged(
            text=str(row["text"]),
            answerable=row.get("answerable"),
            outcome=Outcome(
                str(row["_id"]),
                float(row["confidence"]),
                passages,
                _statement(row.get("statement")),
            ),
            measures={str(name): float(value) for name, value in row["measures"].items()},
        )
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise BadDataset(f"{where}: not a question of a run ({error!r})") from error


def _found(row: Any) -> Found:
    highlight = row["highlight"]
    return Found(
        doc_id=str(row["doc_id"]),
        span=Span(int(row["start"]), int(row["end"])),
        score=float(row["score"]),
        highlight=Span(int(highlight["start"]), int(highlight["end"])),
        quote=row.get("quote"),
    )
