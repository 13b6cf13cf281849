"""Rows of the store as types, and types as rows."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from index.types import Chunk, Ids, Matrix, Span, TokenVectors, Vector

DOCUMENT_COLUMNS = (
    "document, doc_id, path, source, title, media_type, sha256, n_chars, n_chunks, metadata"
)
CHUNK_COLUMNS = (
    "chunk_id, document, doc_id, ordinal, start, end, digest, sentences, vector, sentence_vectors"
)


@dataclass(frozen=True, slots=True)
class StoredDocument:
    """A document's row without its text. `path` is the resolved path of its file, if it has one."""

    document: int
    doc_id: str
    path: str | None
    source: str
    title: str
    media_type: str
    sha256: str
    n_chars: int
    n_chunks: int
    metadata: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class StoredChunk:
    """A chunk with its row's document and its vectors: (d,) and (n_sentences, d)."""

    chunk: Chunk
    document: int
    vector: Vector
    sentence_vectors: Matrix


@dataclass(frozen=True, slots=True)
class Changes:
    """What lies between two generations: apply `removed` first, then `added`."""

    removed: Ids
    added: Ids


def stored_document(row: Sequence[object]) -> StoredDocument:
    """From DOCUMENT_COLUMNS."""
    document, doc_id, path, source, title, media_type, sha256, n_chars, n_chunks, metadata = row
    return StoredDocument(
        document=integer(document),
        doc_id=str(doc_id),
        path=None if path is None else str(path),
        source=str(source),
        title=str(title),
        media_type=str(media_type),
        sha256=str(sha256),
        n_chars=integer(n_chars),
        n_chunks=integer(n_chunks),
        metadata=json.loads(str(metadata)),
    )


def stored_chunk(row: Sequence[object]) -> StoredChunk:
    """From CHUNK_COLUMNS."""
    chunk_id, document, doc_id, ordinal, start, end, digest, sentences, vector, rows = row
    spans = np.frombuffer(blob(sentences), np.int64).reshape(-1, 2)
    chunk = Chunk(
        chunk_id=integer(chunk_id),
        doc_id=str(doc_id),
        ordinal=integer(ordinal),
        span=Span(integer(start), integer(end)),
        sentences=tuple(Span(int(s), int(e)) for s, e in spans),
        digest=blob(digest),
    )
    matrix = np.frombuffer(blob(rows), np.float32).reshape(len(spans), -1)
    return StoredChunk(chunk, integer(document), np.frombuffer(blob(vector), np.float32), matrix)


def tokens_blob(tokens: TokenVectors) -> bytes:
    """Token vectors as one value: scales, sentences, codes."""
    return tokens.scales.tobytes() + tokens.sentence_of.tobytes() + tokens.codes.tobytes()


def tokens_from(value: bytes, dimension: int) -> TokenVectors:
    """From tokens_blob, of a model of this dimension."""
    width = -(-dimension // 4)
    n = len(value) // (width + 4)
    return TokenVectors(
        codes=np.frombuffer(value, np.uint8, offset=4 * n).reshape(n, width),
        scales=np.frombuffer(value, np.float16, count=n),
        sentence_of=np.frombuffer(value, np.uint16, count=n, offset=2 * n),
    )


def json_ids(ids: Iterable[int]) -> str:
    """Ids as one parameter for SQLite's json_each: a query takes only so many parameters."""
    return json.dumps([int(i) for i in ids])


def ids_from(rows: Iterable[Sequence[object]]) -> Ids:
    """The first column of rows."""
    return np.fromiter((integer(row[0]) for row in rows), dtype=np.int64)


def integer(value: object) -> int:
    assert isinstance(value, int)
    return value


def blob(value: object) -> bytes:
    assert isinstance(value, bytes)
    return value
