"""Evaluation sets of two kinds, told apart by their files.

BEIR: `corpus.jsonl` {_id, title, text}, `queries.jsonl` {_id, text}, and `qrels/*.tsv` with a
header and the columns query-id, corpus-id, score. Whole documents are judged.

Spans: `questions.jsonl` {_id, text, answerable, answers: [{doc_id, start, end}], …} over
`corpus.jsonl`, or over the files of the folder `documents` that can be read, or of the folder that
`dataset.toml` names. Labels are spans of the canonical text, so they hold however it is chunked.
"""

import tomllib
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, ClassVar, Literal

from eval.datasets.jsonl import Line, read_rows
from eval.datasets.qrels import grades, read_qrels
from index.documents.load import document_of, read
from index.errors import BadDataset, UnreadableDocument
from index.ingest.files import find
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
        [_document(row, line, row["text"]) for line, row in read_rows(corpus, "_id", "text")]
        if corpus.is_file()
        else list(_files(folder))
    )
    lengths = {document.doc_id: len(document.text) for document in documents}
    rows = read_rows(folder / "questions.jsonl", "_id", "text", "answerable")
    questions = [_question(row, line, lengths) for line, row in rows]
    return SpanDataset(folder.resolve().name, documents, questions)


def _files(folder: Path) -> Iterator[Document]:
    """The documents of a folder; their ids begin with the folder's name."""
    named = folder / "dataset.toml"
    try:
        settings = tomllib.loads(named.read_text("utf-8")) if named.is_file() else {}
    except ValueError as error:
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


def _question(row: dict[str, Any], line: Line, lengths: dict[str, int]) -> Question:
    answers = row.get("answers") or []
    if not isinstance(answers, list):
        raise line.refused(f"answers is {answers!r}, not a list")
    found = tuple(_answer(answer, line, lengths) for answer in answers)
    if not isinstance(row["answerable"], bool):
        raise line.refused(f"answerable is {row['answerable']!r}, not true or false")
    if row["answerable"] != bool(found):
        raise line.refused(f"answerable is {row['answerable']} with {len(found)} answers")
    return Question(str(row["_id"]), _asked(row, line), found)


def _answer(row: Any, line: Line, lengths: dict[str, int]) -> Answer:
    if not isinstance(row, dict) or not {"doc_id", "start", "end"} <= row.keys():
        raise line.refused(f"an answer needs doc_id, start and end, and is {row!r}")
    if not all(type(row[key]) is int for key in ("start", "end")):
        raise line.refused(f"start and end are {row['start']!r} and {row['end']!r}, not integers")
    doc_id, span = str(row["doc_id"]), Span(row["start"], row["end"])
    length = lengths.get(doc_id)
    if length is None:
        raise line.refused(f"an answer in {doc_id!r}, which is not in the corpus")
    if not 0 <= span.start < span.end <= length:
        raise line.refused(f"{span} is not within {doc_id} ({length})")
    return Answer(doc_id, span)


# BEIR


def _load_beir(folder: Path, split: str | None) -> BeirDataset:
    documents, empty = [], set()
    for line, row in read_rows(folder / "corpus.jsonl", "_id", "text"):
        title, text = row.get("title") or "", row["text"]
        whole = text if text.startswith(title) else f"{title}\n\n{text}"
        if whole.strip():
            documents.append(_document(row, line, whole))
        else:
            empty.add(str(row["_id"]))
    if not documents:
        raise BadDataset(f"{folder / 'corpus.jsonl'} holds no text")
    file = _qrels_file(folder / "qrels", split)
    judgments = read_qrels(file)
    queries = {
        str(row["_id"]): (row, line)
        for line, row in read_rows(folder / "queries.jsonl", "_id", "text")
    }
    qrels = grades(judgments, queries, {d.doc_id for d in documents} | empty)
    texts = {query_id: _asked(*found) for query_id, found in queries.items() if query_id in qrels}
    name = folder.resolve().name
    return BeirDataset(name, documents, texts, qrels, len(empty), file.stem)


def _qrels_file(folder: Path, split: str | None) -> Path:
    files = {file.stem: file for file in sorted(folder.glob("*.tsv"))}
    wanted = split or ("test" if "test" in files or len(files) != 1 else next(iter(files)))
    if wanted not in files:
        raise BadDataset(f"no {wanted}.tsv in {folder}; there is: {', '.join(files) or 'nothing'}")
    return files[wanted]


# Both


def _document(row: dict[str, Any], line: Line, text: str) -> Document:
    doc_id = str(row["_id"])
    title = row.get("title") or doc_id
    try:
        document = document_of(text, doc_id, media_type="text/plain", name=title)
    except UnreadableDocument as reason:
        raise line.refused(f"{doc_id}: {reason}") from reason
    return replace(document, title=title, source=f"{line.file.name}:{line.number}")


def _asked(row: dict[str, Any], line: Line) -> str:
    """The text of a question."""
    text = str(row["text"])
    if not text.strip():
        raise line.refused("text is empty; a question needs one")
    return text
