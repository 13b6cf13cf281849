"""Receipts: a result with what is needed to check its citations against the files alone."""

import json
from collections.abc import Iterable
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from index.backend import Snapshot
from index.disk.durable import replace_private
from index.disk.os_errors import os_errors_translated
from index.errors import BadInput
from index.types import DocumentRecord
from rag.results import Answer, Citation, SearchResult

RECEIPT = "receipt"
"""The name of the member by which a JSON object is known as a receipt."""


class ReceiptModel(BaseModel):
    """The model that found the passages."""

    model_config = ConfigDict(frozen=True)

    name: str = Field(description="The model's name.")
    weights: str = Field(description="The digest of its files.")
    precision: str = Field(description="int8 or fp32.")


class ReceiptDocument(BaseModel):
    """A cited document's file."""

    model_config = ConfigDict(frozen=True)

    doc_id: str = Field(description="The document's id.")
    path: str | None = Field(description="The absolute path of its file; null without a file.")
    media_type: str = Field(description="The document's media type.")
    file_sha256: str | None = Field(
        description="SHA-256 of the file's bytes, as hex; null if it is not known."
    )
    encoding: str | None = Field(
        default=None, description="The encoding of a text file that is not UTF-8; otherwise null."
    )


class Receipt(BaseModel):
    """A result, with the files that it cites. `rag verify` checks it without the index."""

    model_config = ConfigDict(frozen=True)

    receipt: Literal[1] = Field(default=1, description="The version of this format.")
    program: str = Field(description="The program and its version.")
    created: str = Field(description="The time of the result: ISO 8601, UTC.")
    model: ReceiptModel | None = Field(description="Null for a search without a model.")
    documents: list[ReceiptDocument] = Field(description="Each cited document, in order of id.")
    result: Answer | SearchResult = Field(description="As `--json` prints it.")


def receipt_of(result: Answer | SearchResult, snapshot: Snapshot, *, lexical: bool) -> Receipt:
    """Return the receipt of a result of this snapshot. lexical: no model was used."""
    doc_ids = sorted({citation.doc_id for citation in citations_of(result)})
    records = [snapshot.record(doc_id) for doc_id in doc_ids]
    model = snapshot.fingerprint.model
    return Receipt(
        program=f"rag {version('rag')}",
        created=datetime.now(UTC).isoformat(timespec="seconds"),
        model=None
        if lexical
        else ReceiptModel(name=model.name, weights=model.weights, precision=model.precision),
        documents=[_document(record) for record in records if record is not None],
        result=result,
    )


def citations_of(result: Answer | SearchResult) -> Iterable[Citation]:
    """Yield the citations of a result: those of the sentences, then those of the passages."""
    if isinstance(result, Answer):
        for sentence in result.sentences:
            yield from sentence.citations
    for passage in result.passages:
        yield passage.citation


def _document(record: DocumentRecord) -> ReceiptDocument:
    file_version = record.file_version
    return ReceiptDocument(
        doc_id=record.doc_id,
        path=record.path,
        media_type=record.media_type,
        file_sha256=None if file_version is None else file_version.sha256,
        encoding=encoding_of(record),
    )


def encoding_of(record: DocumentRecord) -> str | None:
    """Return the encoding that a document's file was read with; None for UTF-8."""
    return record.metadata.get("encoding_given") or record.metadata.get("encoding")


def check_replaceable(path: Path) -> None:
    """Raise BadInput if a receipt must not be written to this path: another file is there."""
    with os_errors_translated(path):
        if not path.parent.is_dir():
            raise BadInput(f"there is no folder {path.parent}; create it")
        if path.is_dir():
            raise BadInput(f"{path} is a folder; name a file")
        if path.exists() and not _is_receipt(path):
            raise BadInput(f"{path} exists and is not a receipt; choose another name or remove it")


def _is_receipt(path: Path) -> bool:
    if not path.is_file():
        return False
    try:
        found = json.loads(path.read_bytes())
    except (ValueError, RecursionError):
        return False
    return isinstance(found, dict) and RECEIPT in found


def save_receipt(receipt: Receipt, path: Path) -> None:
    """Write a receipt atomically, readable by this user only.

    Raises BadInput as check_replaceable, IndexProblem or StorageFull if it cannot be written.
    """
    check_replaceable(path)
    with os_errors_translated(path):
        replace_private(path, f"{receipt.model_dump_json(indent=1)}\n")
