"""Read evaluation sets. The files in a folder decide which of the two kinds it is.

BEIR: `corpus.jsonl` {_id, title, text}, `queries.jsonl` {_id, text}, and `qrels/*.tsv` with a
header and the columns query-id, corpus-id, score. A judgment is of a whole document.

Spans: `questions.jsonl` {_id, text, answerable, answers: [{doc_id, start, end}], …}. The documents
are in `corpus.jsonl`, or are the files of the folder `documents`, or of the folder that
`dataset.toml` names. An answer is a span of a document's canonical text, in code points, so it
does not depend on the chunks. An answer can also be {answer, doc_id?}: its text, word for word, of
which every place counts.
"""

import tomllib
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, ClassVar, Literal

from eval.datasets.jsonl import SourceLine, read_rows
from eval.datasets.qrels import qrels_of, read_qrels
from eval.datasets.quotes import find_quote
from index.documents.load import document_of, read
from index.errors import BadDataset, UnreadableDocument
from index.ingest.files import find
from index.ingest.selection import Selection
from index.types import Document, Span


@dataclass(frozen=True, slots=True)
class AnswerSpan:
    """A span of a document that answers a question."""

    doc_id: str
    span: Span


@dataclass(frozen=True, slots=True)
class LabelledQuestion:
    """A question and the spans that answer it; no span if the corpus does not answer it."""

    question_id: str
    text: str
    answers: tuple[AnswerSpan, ...]

    @property
    def answerable(self) -> bool:
        return bool(self.answers)

    def has_answer(self, doc_id: str, span: Span) -> bool:
        """Whether a span of a document contains one of the answers."""
        return any(a.doc_id == doc_id and span.contains(a.span) for a in self.answers)


@dataclass(frozen=True, slots=True)
class SpanDataset:
    """Documents, and questions whose answers are spans of the documents.

    unanswerable: the dataset that the unanswerable questions come from; None: this one
    """

    name: str
    documents: list[Document]
    questions: list[LabelledQuestion]
    unanswerable: str | None = None
    kind: ClassVar[Literal["spans"]] = "spans"
    split: ClassVar = None

    @property
    def queries(self) -> dict[str, str]:
        """Question id -> text."""
        return {question.question_id: question.text for question in self.questions}

    @property
    def answerable(self) -> dict[str, bool]:
        """Question id -> whether the corpus answers it."""
        return {question.question_id: question.answerable for question in self.questions}


@dataclass(frozen=True, slots=True)
class BeirDataset:
    """Documents, queries (query id -> text) and qrels (query id -> doc_id -> grade).

    queries: the judged ones, in the order of the file, then those of the set `unanswerable`
    n_empty: documents without text; they are not indexed
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
        """Query id -> whether the query is judged. Empty without `unanswerable`: BEIR does not say
        which queries have no relevant document."""
        if self.unanswerable is None:
            return {}
        return {query_id: query_id in self.qrels for query_id in self.queries}


Dataset = SpanDataset | BeirDataset


def load_dataset(folder: Path, split: str | None = None) -> Dataset:
    """Read the dataset in a folder.

    split: the qrels file of a BEIR set, without its suffix; by default `test`, or the only file

    Raises BadDataset, naming the file and line, if the folder holds neither kind of dataset or a
    file is malformed.
    """
    if not folder.is_dir():
        raise BadDataset(f"no dataset at {folder}: it is not a folder")
    if (folder / "questions.jsonl").is_file():
        return _load_spans(folder)
    if (folder / "queries.jsonl").is_file():
        return _load_beir(folder, split)
    raise BadDataset(
        f"{folder} is not a dataset: it contains neither questions.jsonl (answers as spans) nor "
        "queries.jsonl (BEIR)"
    )


# Spans


def _load_spans(folder: Path) -> SpanDataset:
    documents = load_documents(folder)
    texts = {document.doc_id: document.text for document in documents}
    rows = read_rows(folder / "questions.jsonl", "_id", "text", "answerable")
    questions = [_question(row, line, texts) for line, row in rows]
    return SpanDataset(folder.resolve().name, documents, questions)


def load_documents(folder: Path) -> list[Document]:
    """Read the documents of a span dataset, with or without questions. Raises BadDataset."""
    corpus = folder / "corpus.jsonl"
    if corpus.is_file():
        return [_document(row, line, row["text"]) for line, row in read_rows(corpus, "_id", "text")]
    return list(_files(folder))


def _files(folder: Path) -> Iterator[Document]:
    """Yield the documents of a folder; each doc_id begins with the folder's name."""
    settings_file = folder / "dataset.toml"
    try:
        settings = (
            tomllib.loads(settings_file.read_text("utf-8")) if settings_file.is_file() else {}
        )
    except ValueError as error:
        raise BadDataset(f"{settings_file} is not valid TOML: {error}") from error
    root = (folder / str(settings.get("documents", "documents"))).resolve()
    if not root.is_dir():
        raise BadDataset(f"{folder} has no corpus.jsonl and no folder of documents at {root}")
    files = find([root], folder / ".rag", Selection(ignore_files=False))
    for skipped in files.skipped:
        raise BadDataset(f"{skipped.path}: {skipped.reason}")
    for file in files.paths:
        doc_id = (Path(root.name) / file.relative_to(root)).as_posix()
        try:
            yield read(file, doc_id)
        except UnreadableDocument as reason:
            raise BadDataset(f"{file}: {reason}") from reason


def _question(row: dict[str, Any], line: SourceLine, texts: dict[str, str]) -> LabelledQuestion:
    fields = row.get("answers") or []
    if not isinstance(fields, list):
        raise line.error(f"answers is {fields!r}, not a list")
    answers = tuple(span for answer in fields for span in _answers(answer, line, texts))
    if not isinstance(row["answerable"], bool):
        raise line.error(f"answerable is {row['answerable']!r}, not true or false")
    if row["answerable"] != bool(answers):
        raise line.error(f"answerable is {row['answerable']} with {len(answers)} answers")
    return LabelledQuestion(str(row["_id"]), _question_text(row, line), answers)


def _answers(row: Any, line: SourceLine, texts: dict[str, str]) -> list[AnswerSpan]:
    """One span, or every place of an answer that is given by its text."""
    if not isinstance(row, dict) or "answer" not in row:
        return [_answer_span(row, line, texts)]
    quote, doc_id = row["answer"], row.get("doc_id")
    if row.keys() - {"answer", "doc_id"}:
        raise line.error(f"an answer has either its text or its offsets, not both: {row!r}")
    if not (isinstance(quote, str) and isinstance(doc_id, str | None)):
        raise line.error(f"answer and doc_id must be strings: {row!r}")
    try:
        return [AnswerSpan(*place) for place in find_quote(texts, quote, doc_id)]
    except BadDataset as error:
        raise line.error(str(error)) from error


def _answer_span(row: Any, line: SourceLine, texts: dict[str, str]) -> AnswerSpan:
    if not isinstance(row, dict) or not {"doc_id", "start", "end"} <= row.keys():
        raise line.error(f"an answer needs doc_id, start and end, or its text as answer: {row!r}")
    if not all(type(row[key]) is int for key in ("start", "end")):
        raise line.error(f"start and end are {row['start']!r} and {row['end']!r}, not integers")
    doc_id, span = str(row["doc_id"]), Span(row["start"], row["end"])
    if doc_id not in texts:
        raise line.error(f"an answer is in {doc_id!r}, which is not in the corpus")
    length = len(texts[doc_id])
    if not 0 <= span.start < span.end <= length:
        raise line.error(f"{span} is not within {doc_id}, which has {length} characters")
    return AnswerSpan(doc_id, span)


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
        raise BadDataset(f"{folder / 'corpus.jsonl'} contains no text")
    file = _qrels_file(folder / "qrels", split)
    judgments = read_qrels(file)
    queries = {
        str(row["_id"]): (row, line)
        for line, row in read_rows(folder / "queries.jsonl", "_id", "text")
    }
    qrels = qrels_of(judgments, queries, {d.doc_id for d in documents} | empty)
    texts = {i: _question_text(*query) for i, query in queries.items() if i in qrels}
    name = folder.resolve().name
    return BeirDataset(name, documents, texts, qrels, len(empty), file.stem)


def _qrels_file(folder: Path, split: str | None) -> Path:
    files = {file.stem: file for file in sorted(folder.glob("*.tsv"))}
    name = split or ("test" if "test" in files or len(files) != 1 else next(iter(files)))
    if name not in files:
        raise BadDataset(f"no {name}.tsv in {folder}; available: {', '.join(files) or 'none'}")
    return files[name]


# Both


def _document(row: dict[str, Any], line: SourceLine, text: str) -> Document:
    doc_id = str(row["_id"])
    title = row.get("title") or doc_id
    try:
        document = document_of(text, doc_id, media_type="text/plain", name=title)
    except UnreadableDocument as reason:
        raise line.error(f"{doc_id}: {reason}") from reason
    return replace(document, title=title, source=f"{line.file.name}:{line.number}")


def _question_text(row: dict[str, Any], line: SourceLine) -> str:
    """Return the text of a question. Raises BadDataset if it is blank."""
    text = str(row["text"])
    if not text.strip():
        raise line.error("text is empty; a question needs a text")
    return text
