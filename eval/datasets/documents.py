"""Read the documents of a span dataset: `corpus.jsonl`, or files of other folders."""

import tomllib
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

from eval.datasets.jsonl import SourceLine, read_rows
from index.documents.load import document_of, read
from index.errors import BadDataset, BadInput, UnreadableDocument
from index.ingest.files import Files, find, resolved
from index.ingest.selection import Selection
from index.types import Document

SETTINGS = "dataset.toml"


def load_documents(folder: Path) -> list[Document]:
    """Read the documents of a span dataset, with or without questions. Raises BadDataset."""
    corpus = folder / "corpus.jsonl"
    if corpus.is_file():
        rows = read_rows(corpus, "_id", "text")
        return [document_of_row(row, line, row["text"]) for line, row in rows]
    return list(_documents_of_files(folder))


def document_of_row(row: dict[str, Any], line: SourceLine, text: str) -> Document:
    """Return the document of a row of `corpus.jsonl`. Raises BadDataset."""
    doc_id = str(row["_id"])
    title = row.get("title") or doc_id
    try:
        document = document_of(text, doc_id, media_type="text/plain", name=title)
    except UnreadableDocument as reason:
        raise line.error(f"{doc_id}: {reason}") from reason
    return replace(document, title=title, source=f"{line.file.name}:{line.number}")


def _documents_of_files(folder: Path) -> Iterator[Document]:
    """Yield the documents of the named files and folders, in the order of their paths."""
    roots = [resolved(folder / name) for name in _names(folder)]
    files_by_id: dict[str, Path] = {}
    for file in _find(folder, roots).paths:
        doc_id = _doc_id(file, roots)
        other = files_by_id.setdefault(doc_id, file)
        if other != file:
            raise BadDataset(f"{folder / SETTINGS}: {other} and {file} both have the id {doc_id!r}")
        try:
            yield read(file, doc_id)
        except UnreadableDocument as reason:
            raise BadDataset(f"{file}: {reason}") from reason


def _names(folder: Path) -> list[str]:
    """Return the files and folders that dataset.toml names, relative to the dataset."""
    file = folder / SETTINGS
    try:
        settings = tomllib.loads(file.read_text("utf-8")) if file.is_file() else {}
    except ValueError as error:
        raise BadDataset(f"{file} is not valid TOML: {error}") from error
    value = settings.get("documents", "documents")
    names = value if isinstance(value, list) else [value]
    if not names or not all(isinstance(name, str) for name in names):
        raise BadDataset(f"{file}: documents is {value!r}, not a path or a list of paths")
    return names


def _find(folder: Path, roots: list[Path]) -> Files:
    missing = [root for root in roots if not root.exists()]
    if missing:
        raise BadDataset(f"{folder} has no corpus.jsonl and no documents at {missing[0]}")
    try:
        files = find(roots, folder / ".rag", Selection(ignore_files=False))
    except BadInput as error:
        raise BadDataset(f"{folder}: {error}") from error
    for skipped in files.skipped:
        raise BadDataset(f"{skipped.path}: {skipped.reason}")
    return files


def _doc_id(file: Path, roots: list[Path]) -> str:
    """Return a file's path from the name of the first root that has it, such as `docs/cli.md`."""
    root = next(root for root in roots if file.is_relative_to(root))
    return (Path(root.name) / file.relative_to(root)).as_posix()
