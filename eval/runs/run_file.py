"""Read and write run files: JSON lines, first the run, then one line a question.

A run file holds the questions' texts and measures, so runs are compared without the dataset.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any, Literal

from pydantic import TypeAdapter, ValidationError

from eval.datasets.jsonl import read_jsonl, write_lines
from eval.measures.measures import Measures, Outcome, RunPassage, Statement
from index.errors import BadDataset
from index.types import Span

QuestionSet = dict[str, tuple[str, bool | None]]
"""Question id -> its text and whether it is answerable. Compared runs must have equal ones."""


@dataclass(frozen=True, slots=True)
class RunQuestion:
    """A question of a run, its outcome and its measures.

    answerable: None if the dataset does not say
    """

    text: str
    answerable: bool | None
    outcome: Outcome
    measures: Measures


@dataclass(frozen=True, slots=True)
class Run:
    """The outcomes and measures of a dataset's questions under one configuration.

    split: of a BEIR set
    unanswerable: the dataset that the unanswerable questions come from; None: this one
    ranking: the fields of RankSettings in the version that made the run
    cutoffs: further depths that were measured
    n_answerable: None if the dataset does not say
    version: of this program
    questions: in the order in which they were run
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
    questions: tuple[RunQuestion, ...]

    @property
    def outcomes(self) -> tuple[Outcome, ...]:
        return tuple(question.outcome for question in self.questions)

    @property
    def question_set(self) -> QuestionSet:
        return {q.outcome.question_id: (q.text, q.answerable) for q in self.questions}


def header_of(run: Run) -> dict[str, Any]:
    """Return the fields of a run without its questions."""
    return {f.name: getattr(run, f.name) for f in fields(run) if f.name != "questions"}


def to_lines(run: Run) -> Iterator[str]:
    """Yield the lines of a run file. The same run gives the same bytes."""
    yield json.dumps({"run": header_of(run)}, ensure_ascii=False)
    for question in run.questions:
        yield json.dumps(_row(question), ensure_ascii=False)


def _row(question: RunQuestion) -> dict[str, Any]:
    outcome = question.outcome
    answerable = {} if question.answerable is None else {"answerable": question.answerable}
    return {
        "_id": outcome.question_id,
        "text": question.text,
        **answerable,
        "confidence": outcome.confidence,
        **_statement_fields(outcome.statement),
        "measures": question.measures,
        "passages": [passage_fields(passage) for passage in outcome.passages],
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


def passage_fields(passage: RunPassage) -> dict[str, Any]:
    """Return a passage as the JSON object of a run file."""
    quote = {} if passage.quote is None else {"quote": passage.quote}
    return {
        "doc_id": passage.doc_id,
        "start": passage.span.start,
        "end": passage.span.end,
        "score": passage.score,
        "highlight": {"start": passage.highlight.start, "end": passage.highlight.end},
        **quote,
    }


def write_run(path: Path, run: Run) -> None:
    """Write a run file. Raises BadInput if it cannot be written."""
    write_lines(path, to_lines(run))


def without_passages(run: Run) -> Run:
    """Return the run without its passages, which a baseline does not need. The file is a tenth as
    long."""
    bare = (replace(q, outcome=replace(q.outcome, passages=())) for q in run.questions)
    return replace(run, questions=tuple(bare))


def read_run(path: Path) -> Run:
    """Read a run file. Raises BadDataset, naming file and line, if it is malformed."""
    rows = read_jsonl(path)
    number, first = next(rows, (1, None))
    if not isinstance(first, dict) or "run" not in first:
        raise BadDataset(
            f"{path}:{number}: not the start of a run; "
            "create one with `rag eval run DATASET --output FILE`"
        )
    run = _header(f"{path}:{number}", first["run"])
    records = (_question(f"{path}:{number}", row) for number, row in rows)
    questions = {question.outcome.question_id: question for question in records}
    if len(questions) != run.n_questions:
        raise BadDataset(f"{path} has {len(questions)} of its run's {run.n_questions} questions")
    return replace(run, questions=tuple(questions.values()))


def _header(where: str, row: Any) -> Run:
    """Return the run without its questions. Unknown fields, from later versions, are ignored."""
    try:
        return TypeAdapter(Run).validate_python({**row, "questions": ()})
    except ValidationError as error:
        problems = "; ".join(f"{'.'.join(map(str, e['loc']))}: {e['msg']}" for e in error.errors())
        raise BadDataset(f"{where}: not a run: {problems}") from error
    except TypeError as error:
        raise BadDataset(f"{where}: not a run: {error}") from error


def _question(where: str, row: Any) -> RunQuestion:
    try:
        passages = tuple(_passage(passage) for passage in row["passages"])
        return RunQuestion(
            text=str(row["text"]),
            answerable=row.get("answerable"),
            outcome=Outcome(
                str(row["_id"]),
                None if row["confidence"] is None else float(row["confidence"]),
                passages,
                _statement(row.get("statement")),
            ),
            measures={str(name): float(value) for name, value in row["measures"].items()},
        )
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise BadDataset(f"{where}: not a question of a run ({error!r})") from error


def _passage(row: Any) -> RunPassage:
    highlight = row["highlight"]
    return RunPassage(
        doc_id=str(row["doc_id"]),
        span=Span(int(row["start"]), int(row["end"])),
        score=float(row["score"]),
        highlight=Span(int(highlight["start"]), int(highlight["end"])),
        quote=row.get("quote"),
    )
