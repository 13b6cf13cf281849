"""Read BEIR's qrels: lines of query-id, corpus-id and score, separated by tabs."""

import csv
import logging
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from pathlib import Path

from eval.datasets.jsonl import SourceLine
from index.errors import BadDataset

COLUMNS = ["query-id", "corpus-id", "score"]
_N_IN_WARNING = 3
"""How many judgments a warning lists."""

_log = logging.getLogger(__name__)

Qrels = dict[str, dict[str, int]]
"""query id -> doc_id -> grade; 0 is irrelevant."""


@dataclass(frozen=True, slots=True)
class Judgment:
    """A line of the file: the grade of a document for a query; 0 is irrelevant."""

    line: SourceLine
    query_id: str
    doc_id: str
    grade: int


def read_qrels(file: Path) -> list[Judgment]:
    """Return the judgments in a file, in its order; skip blank lines and the header.

    Raises BadDataset, naming the file and line, if a line is malformed, or if two lines judge the
    same document for the same query; and if the file holds no judgment.
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
            raise line.error(
                f"{judgment.query_id!r} and {judgment.doc_id!r} are also judged in line {former}"
            )
        judgments.append(judgment)
    if not judgments:
        raise BadDataset(f"{file} contains no judgments")
    return judgments


def _rows(file: Path) -> Iterator[tuple[SourceLine, list[str]]]:
    number = 0
    try:
        with file.open(encoding="utf-8-sig", newline="") as stream:
            # Strict: a quotation mark that is never closed would swallow the lines that follow.
            rows = csv.reader(stream, delimiter="\t", strict=True)
            for row in rows:
                if any(cell.strip() for cell in row):
                    yield SourceLine(file, number + 1), row
                number = rows.line_num
    except csv.Error as error:
        raise SourceLine(file, number + 1).error(f"not tab-separated values: {error}") from error
    except UnicodeDecodeError as error:
        raise BadDataset(f"{file} is not UTF-8: {error}") from error
    except OSError as error:
        raise BadDataset(f"{file}: {error.strerror}") from error


def _check_header(line: SourceLine, row: list[str]) -> None:
    if [name.strip().lower() for name in row] != COLUMNS:
        raise line.error(f"the columns are {', '.join(row)}, not {', '.join(COLUMNS)}")


def _judgment(line: SourceLine, row: list[str]) -> Judgment:
    try:
        query_id, doc_id, score = row
        grade = int(score)
    except ValueError:
        raise line.error(
            "must be query-id, corpus-id and an integer score, separated by tabs"
        ) from None
    return Judgment(line, query_id, doc_id, grade)


def qrels_of(
    judgments: list[Judgment], query_ids: Collection[str], doc_ids: Collection[str]
) -> Qrels:
    """Group judgments by query.

    Judgments of documents that are not in the corpus stay: no run can retrieve such a document, so
    it lowers recall. A warning says how many there are.

    Raises BadDataset if a query is not in queries.jsonl, or no judged document is in corpus.jsonl.
    """
    for judgment in judgments:
        if judgment.query_id not in query_ids:
            raise judgment.line.error(f"query {judgment.query_id!r} is not in queries.jsonl")
    _check_documents(
        [judgment for judgment in judgments if judgment.doc_id not in doc_ids], judgments
    )
    qrels: Qrels = {}
    for judgment in judgments:
        qrels.setdefault(judgment.query_id, {})[judgment.doc_id] = judgment.grade
    return qrels


def _check_documents(missing: list[Judgment], judgments: list[Judgment]) -> None:
    if not missing:
        return
    first = missing[0]
    if len(missing) == len(judgments):
        raise first.line.error(
            f"document {first.doc_id!r} and all other judged documents are not in corpus.jsonl"
        )
    examples = ", ".join(
        f"{each.doc_id!r} in line {each.line.number}" for each in missing[:_N_IN_WARNING]
    )
    _log.warning(
        "%s: %d of %d judgments have documents that are missing from corpus.jsonl: %s%s",
        first.line.file,
        len(missing),
        len(judgments),
        examples,
        ", …" if len(missing) > _N_IN_WARNING else "",
    )
