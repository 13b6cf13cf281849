"""BEIR's judgments: a file of query-id, corpus-id and score, separated by tabs."""

import csv
import logging
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from pathlib import Path

from eval.datasets.jsonl import Line
from index.errors import BadDataset

COLUMNS = ["query-id", "corpus-id", "score"]
_NAMED = 3
"""Judgments that a warning names."""

_log = logging.getLogger(__name__)

Qrels = dict[str, dict[str, int]]
"""query id -> doc_id -> grade; 0 is irrelevant."""


@dataclass(frozen=True, slots=True)
class Judgment:
    """A line of the file."""

    line: Line
    query_id: str
    doc_id: str
    grade: int


def read_qrels(file: Path) -> list[Judgment]:
    """The judgments in a file, in its order; blank lines and the header are passed over.

    Raises BadDataset, naming the file and line, if a line is malformed, or judges what another has
    judged; and if there is none.
    """
    judgments: list[Judgment] = []
    lines: dict[tuple[str, str], int] = {}
    for line, row in _rows(file):
        if not judgments and row[-1].strip().lower() == COLUMNS[-1]:
            _check_header(line, row)
            continue
        judgment = _judgment(line, row)
        former = lines.setdefault((judgment.query_id, judgment.doc_id), line.number)
        if former != line.number:
            raise line.refused(
                f"{judgment.query_id!r} and {judgment.doc_id!r} are judged in line {former} too"
            )
        judgments.append(judgment)
    if not judgments:
        raise BadDataset(f"{file} holds no judgments")
    return judgments


def _rows(file: Path) -> Iterator[tuple[Line, list[str]]]:
    number = 0
    try:
        with file.open(encoding="utf-8-sig", newline="") as stream:
            # Strict: a quotation mark that is never closed would swallow the lines that follow.
            rows = csv.reader(stream, delimiter="\t", strict=True)
            for row in rows:
                if any(cell.strip() for cell in row):
                    yield Line(file, number + 1), row
                number = rows.line_num
    except csv.Error as error:
        raise Line(file, number + 1).refused(f"not tab-separated values: {error}") from error
    except UnicodeDecodeError as error:
        raise BadDataset(f"{file} is not UTF-8: {error}") from error
    except OSError as error:
        raise BadDataset(f"{file}: {error.strerror}") from error


def _check_header(line: Line, row: list[str]) -> None:
    if [name.strip().lower() for name in row] != COLUMNS:
        raise line.refused(f"the columns are {', '.join(row)}, not {', '.join(COLUMNS)}")


def _judgment(line: Line, row: list[str]) -> Judgment:
    try:
        query_id, doc_id, score = row
        grade = int(score)
    except ValueError:
        raise line.refused("needs query-id, corpus-id and a whole score, tab-separated") from None
    return Judgment(line, query_id, doc_id, grade)


def grades(
    judgments: list[Judgment], query_ids: Collection[str], doc_ids: Collection[str]
) -> Qrels:
    """The judgments by query. A warning says how many are of documents that are not there: they
    count as documents that were not found.

    Raises BadDataset if a query is not there, or none of the documents is.
    """
    for judgment in judgments:
        if judgment.query_id not in query_ids:
            raise judgment.line.refused(f"query {judgment.query_id!r} is not in queries.jsonl")
    _check_documents(
        [judgment for judgment in judgments if judgment.doc_id not in doc_ids], judgments
    )
    qrels: Qrels = {}
    for judgment in judgments:
        qrels.setdefault(judgment.query_id, {})[judgment.doc_id] = judgment.grade
    return qrels


def _check_documents(absent: list[Judgment], judgments: list[Judgment]) -> None:
    if not absent:
        return
    first = absent[0]
    if len(absent) == len(judgments):
        raise first.line.refused(
            f"document {first.doc_id!r} is not in corpus.jsonl, nor is any other judged one"
        )
    named = ", ".join(f"{each.doc_id!r} in line {each.line.number}" for each in absent[:_NAMED])
    _log.warning(
        "%s: %d of %d judgments are of documents that are not in corpus.jsonl: %s%s",
        first.line.file,
        len(absent),
        len(judgments),
        named,
        ", …" if len(absent) > _NAMED else "",
    )
