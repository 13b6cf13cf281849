"""Evaluation sets of two kinds, told apart by their files.

BEIR: `corpus.jsonl` {_id, title, text}, `queries.jsonl` {_id, text}, and `qrels/*.tsv` with a
header and the columns query-id, corpus-id, score. Whole documents are judged.

Spans: `questions.jsonl` {_id, text, answerable, answers: [{doc_id, start, end}], …} over
`corpus.jsonl`, or over the .txt and .md files of the folder `documents`, or of the folder that
`dataset.toml` names. Labels are spans of the canonical text, so they hold however it is chunked.
"""

import csv
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, ClassVar, Literal

from eval.jsonl import read_jsonl
from index.errors import BadDataset, UnreadableDocument
from index.files import find
from index.load import document_of, read
from index.types import Document, Span


@dataclass(frozen=True, slots=True)
class Answer:
    """A span of a document that answers a question."""

    doc_id: str
    span: Span


@dataclass(frozen=True, slots=True)
class Question:
    """A question with the spans that answer it; none if nothing in the corpus does."""

    question_id: str
    text: str
    answers: tuple[Answer, ...]

    @property
    def answerable(self) -> bool:
        return bool(self.answers)


@dataclass(frozen=True, slots=True)
class SpanDataset:
    """Documents and questions whose answers are spans of them.

    `unanswerable`: the set whose questions stand for those without an answer, if not this one.
    """

    name: str
    documents: list[Document]
    questions: list[Question]
    unanswerable: str | None = None
    kind: ClassVar[Literal["spans"]] = "spans"
    split: ClassVar = None

    @property
    def queries(self) -> dict[str, str]:
        """The questions' texts by their id."""
        return {question.question_id: question.text for question in self.questions}

    @property
    def answerable(self) -> dict[str, bool]:
        """Whether the corpus answers it, by the question's id."""
        return {question.question_id: question.answerable for question in self.questions}


@dataclass(frozen=True, slots=True)
class BeirDataset:
    """Documents, queries by their id, and judgments: query id -> doc_id -> grade, 0 is irrelevant.

    Only judged queries are kept, in the order of their file; those of the set `unanswerable`, if
    there is one, follow. `n_empty` documents have no text and cannot be found.
    """

    name: str
    documents: list[Document]
    queries: dict[str, str]
    qrels: dict[str, dict[str, int]]
    n_empty: int
    split: str
    unanswerable: str | None = None
    kind: ClassVar[Literal["beir"]] = "beir"

    @property
    def answerable(self) -> dict[str, bool]:
        """Whether a query is judged, by its id. Empty where all are: that says nothing."""
        if self.unanswerable is None:
            return {}
        return {query_id: query_id in self.qrels for query_id in self.queries}


Dataset = SpanDataset | BeirDataset


def load_dataset(folder: Path, split: str | None = None) -> Dataset:
    """The dataset in a folder. `split` names the judgments of a BEIR set, `test` if there are any.

    Raises BadDataset, naming the file and line, if it is neither kind or malformed.
    """
    if not folder.is_dir():
        raise BadDataset(f"no dataset at {folder}: not a folder")
    if (folder / "questions.jsonl").is_file():
        return _load_spans(folder)
    if (folder / "queries.jsonl").is_file():
        return _load_beir(folder, split)
    raise BadDataset(
        f"{folder} is no dataset: it has neither questions.jsonl (answers as spans) nor "
        "queries.jsonl (BEIR)"
    )


# Spans


def _load_spans(folder: Path) -> SpanDataset:
    corpus = folder / "corpus.jsonl"
    documents = (
        [_document(row, where, row["text"]) for where, row in _rows(corpus, "_id", "text")]
        if corpus.is_file()
        else list(_files(folder))
    )
    lengths = {document.doc_id: len(document.text) for document in documents}
    rows = _rows(folder / "questions.jsonl", "_id", "text", "answerable")
    questions = [_question(row, at, lengths) for at, row in rows]
    return SpanDataset(folder.resolve().name, documents, questions)


def _files(folder: Path) -> Iterator[Document]:
    """The documents of a folder; their ids begin with the folder's name."""
    named = folder / "dataset.toml"
    try:
        settings = tomllib.loads(named.read_text()) if named.is_file() else {}
    except tomllib.TOMLDecodeError as error:
        raise BadDataset(f"{named} is not valid TOML: {error}") from error
    root = (folder / str(settings.get("documents", "documents"))).resolve()
    if not root.is_dir():
        raise BadDataset(f"{folder} has no corpus.jsonl and no folder of documents at {root}")
    files = find([root], avoid=folder / ".rag")
    for unread in files.skipped:
        raise BadDataset(f"{unread.path}: {unread.reason}")
    for file in files.paths:
        doc_id = (Path(root.name) / file.relative_to(root)).as_posix()
        try:
            yield read(file, doc_id)
        except UnreadableDocument as reason:
            raise BadDataset(f"{file}: {reason}") from reason


def _question(row: dict[str, Any], where: str, lengths: dict[str, int]) -> Question:
    try:
        answers = tuple(
            Answer(str(a["doc_id"]), Span(int(a["start"]), int(a["end"])))
            for a in row.get("answers", ())
        )
    except (TypeError, KeyError, ValueError) as error:
        raise BadDataset(f"{where}: an answer needs doc_id, start and end ({error!r})") from error
    for answer in answers:
        length = lengths.get(answer.doc_id)
        if length is None:
            raise BadDataset(f"{where}: an answer in {answer.doc_id!r}, which is not in the corpus")
        if not 0 <= answer.span.start < answer.span.end <= length:
            raise BadDataset(f"{where}: {answer.span} is not within {answer.doc_id} ({length})")
    if bool(row["answerable"]) != bool(answers):
        raise BadDataset(f"{where}: answerable is {row['answerable']} with {len(answers)} answers")
    return Question(str(row["_id"]), str(row["text"]), answers)


# BEIR


def _load_beir(folder: Path, split: str | None) -> BeirDataset:
    documents, n_empty = [], 0
    for where, row in _rows(folder / "corpus.jsonl", "_id", "text"):
        title, text = str(row.get("title") or ""), str(row["text"])
        whole = text if text.startswith(title) else f"{title}\n\n{text}"
        if whole.strip():
            documents.append(_document(row, where, whole))
        else:
            n_empty += 1
    judgments = _qrels_file(folder / "qrels", split)
    qrels = _qrels(judgments)
    rows = [row for _, row in _rows(folder / "queries.jsonl", "_id", "text")]
    queries = {str(row["_id"]): str(row["text"]) for row in rows if str(row["_id"]) in qrels}
    missing = qrels.keys() - queries.keys()
    if missing:
        raise BadDataset(f"{folder}: judged queries missing in queries.jsonl, as {min(missing)!r}")
    name = folder.resolve().name
    return BeirDataset(name, documents, queries, qrels, n_empty, judgments.stem)


def _qrels_file(folder: Path, split: str | None) -> Path:
    files = {file.stem: file for file in sorted(folder.glob("*.tsv"))}
    wanted = split or ("test" if "test" in files or len(files) != 1 else next(iter(files)))
    if wanted not in files:
        raise BadDataset(f"no {wanted}.tsv in {folder}; there is: {', '.join(files) or 'nothing'}")
    return files[wanted]


def _qrels(file: Path) -> dict[str, dict[str, int]]:
    qrels: dict[str, dict[str, int]] = {}
    with file.open(encoding="utf-8-sig", newline="") as stream:
        for number, row in enumerate(csv.reader(stream, delimiter="\t"), 1):
            if number == 1 and row[-1:] == ["score"]:
                continue
            if not row:
                continue
            try:
                query_id, doc_id, score = row
                grade = int(score)
            except ValueError:
                raise BadDataset(
                    f"{file}:{number}: needs query-id, corpus-id and a whole score, tab-separated"
                ) from None
            if doc_id in qrels.setdefault(query_id, {}):
                raise BadDataset(f"{file}:{number}: {query_id!r} and {doc_id!r} are there twice")
            qrels[query_id][doc_id] = grade
    if not qrels:
        raise BadDataset(f"{file} holds no judgments")
    return qrels


# Both


def _document(row: dict[str, Any], where: str, text: str) -> Document:
    doc_id = str(row["_id"])
    title = str(row.get("title") or doc_id)
    try:
        document = document_of(text, doc_id, media_type="text/plain", name=title)
    except UnreadableDocument as reason:
        raise BadDataset(f"{where}: {doc_id}: {reason}") from reason
    return replace(document, title=title, source=where)


def _rows(file: Path, *needed: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """The objects of a JSONL file, each with where it stands."""
    ids: set[str] = set()
    for number, row in read_jsonl(file):
        absent = [key for key in needed if not isinstance(row, dict) or key not in row]
        if absent:
            raise BadDataset(f"{file}:{number}: has no {', '.join(absent)}")
        wrong = [key for key in needed if key == "text" and not isinstance(row[key], str)]
        if wrong:
            raise BadDataset(f"{file}:{number}: text is {row['text']!r}, not a string")
        if not isinstance(row["_id"], str | int) or isinstance(row["_id"], bool):
            raise BadDataset(f"{file}:{number}: _id is {row['_id']!r}, not a string")
        if str(row["_id"]) in ids:
            raise BadDataset(f"{file}:{number}: _id {row['_id']!r} is there twice")
        ids.add(str(row["_id"]))
        yield f"{file.name}:{number}", row
    if not ids:
        raise BadDataset(f"{file} is empty")
