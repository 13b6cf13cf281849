"""Conversion between rows of the store and Python types."""

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from zlib import crc32

import numpy as np

from index.backend import StoredEncoding
from index.places import Place
from index.store.checksums import DamagedRow, check_blob, check_sum
from index.store.vector_codec import QuantizedVectors, quantize, row_bytes
from index.types import (
    Chunk,
    ChunkVectors,
    Document,
    DocumentRecord,
    Encoding,
    FileVersion,
    Heading,
    Ids,
    Span,
    TokenVectors,
    digest_of,
    sha256_of,
)

DOCUMENT_COLUMNS = (
    "document, doc_id, path, source, title, media_type, sha256, n_chars, n_chunks, metadata, "
    "file_version, ids_sum, document_sum"
)
WHOLE_COLUMNS = f"{DOCUMENT_COLUMNS}, headings, pages, places, places_sum, text"
_SHA256 = DOCUMENT_COLUMNS.split(", ").index("sha256")
CHUNK_COLUMNS = (
    "chunk_id, document, doc_id, ordinal, start, end, digest, generation, sentences, "
    "contents_list, own_sum, all_sum, chunk_sum"
)


@dataclass(frozen=True, slots=True)
class StoredDocument(DocumentRecord):
    """A document without its text, with its row id. Only the store uses the row id."""

    row_id: int


@dataclass(frozen=True, slots=True)
class GenerationChanges:
    """The differences between two generations: apply `removed` first, then `added`."""

    removed: Ids
    added: Ids


def stored_document(row: Sequence[object]) -> StoredDocument:
    """Return the document of a row of DOCUMENT_COLUMNS. Raises DamagedRow."""
    *columns, document_sum = row
    check_sum(document_sum, *columns)
    document, doc_id, path, source, title, media_type, sha256, n_chars, n_chunks, *rest = columns
    metadata, file_version, _ = rest
    return StoredDocument(
        row_id=integer(document),
        doc_id=str(doc_id),
        path=None if path is None else str(path),
        source=str(source),
        title=str(title),
        media_type=str(media_type),
        sha256=str(sha256),
        n_chars=integer(n_chars),
        n_chunks=integer(n_chunks),
        metadata=json.loads(str(metadata)),
        file_version=None if file_version is None else version_from(str(file_version)),
    )


def version_json(version: FileVersion | None) -> str | None:
    """Return a file's version in its stored form."""
    return None if version is None else json.dumps(asdict(version), sort_keys=True)


def version_from(value: str) -> FileVersion:
    """Return the file version from the output of version_json."""
    return FileVersion(**json.loads(value))


def whole_document(row: Sequence[object]) -> Document:
    """Return the document, with text, of a row of WHOLE_COLUMNS. Raises DamagedRow."""
    *columns, headings, pages, places, places_sum, text = row
    check_sum(places_sum, headings, pages, places)
    stored = stored_document(columns)
    document = Document(
        doc_id=stored.doc_id,
        source=stored.source,
        title=stored.title,
        text=str(text),
        media_type=stored.media_type,
        metadata=stored.metadata,
        headings=tuple(map(Heading.from_row, json.loads(str(headings)))),
        pages=tuple(json.loads(str(pages))),
        places=tuple(Place(*each) for each in json.loads(str(places))),
    )
    _check_sha256(stored.sha256, lambda: document.sha256)
    return document


def check_whole(row: Sequence[object]) -> None:
    """Raise DamagedRow if whole_document would. It is faster: nothing is decoded."""
    *columns, document_sum, headings, pages, places, places_sum, text = row
    check_sum(places_sum, headings, pages, places)
    check_sum(document_sum, *columns)
    _check_sha256(columns[_SHA256], lambda: sha256_of(str(text)))


def _check_sha256(stored: object, computed: Callable[[], str]) -> None:
    try:
        intact = computed() == stored
    except UnicodeEncodeError:  # the stored bytes are not UTF-8
        intact = False
    if not intact:
        raise DamagedRow("sha256")


def cut_out(document: Document, place: Sequence[object]) -> tuple[Span, str]:
    """Return a chunk's span and text. place: its start, end and digest. Raises DamagedRow."""
    start, end, digest = place
    try:
        span = Span(integer(start), integer(end))
    except ValueError as error:
        raise DamagedRow(str(error)) from error
    text = span.of(document.text)
    if digest_of(text) != digest:
        raise DamagedRow("digest")
    return span, text


def stored_chunk(row: Sequence[object]) -> Chunk:
    """Return the chunk of a row of CHUNK_COLUMNS. Raises DamagedRow."""
    *columns, chunk_sum = row
    check_sum(chunk_sum, *columns)
    chunk_id, _, doc_id, ordinal, start, end, digest, _, sentences, contents_list, _, _ = columns
    first = integer(start)
    return Chunk(
        chunk_id=integer(chunk_id),
        doc_id=str(doc_id),
        ordinal=integer(ordinal),
        span=Span(first, integer(end)),
        sentences=tuple(Span(first + s, first + e) for s, e in _spans(blob(sentences))),
        digest=blob(digest),
        contents_list=integer(contents_list) == 1,
    )


def stored_blob(row: Sequence[object]) -> tuple[int, bytes]:
    """Return a chunk's id and blob. row: id, checksum of the blob, blob. Raises DamagedRow."""
    chunk_id, blob_sum, value = integer(row[0]), row[1], blob(row[2])
    check_blob(blob_sum, chunk_id, value)
    return chunk_id, value


def encoding_from(row: Sequence[object]) -> StoredEncoding:
    """Return the encoding of a chunk. Raises DamagedRow.

    row: chunk id, checksum and blob of the vectors, checksum and blob of the token vectors.
    """
    chunk_id, vectors_sum, vectors, tokens_sum, tokens = row
    return StoredEncoding(
        vectors=stored_blob([chunk_id, vectors_sum, vectors])[1],
        tokens=stored_blob([chunk_id, tokens_sum, tokens])[1],
    )


def stored_vectors(vectors: Mapping[int, bytes], dimension: int) -> ChunkVectors:
    """Return the vectors of chunks, in ascending order of id.

    vectors: each chunk's blob, by id. dimension: of the model.
    """
    ids = sorted(vectors)
    blobs = [vectors[i] for i in ids]
    ends = np.cumsum([0, *map(len, blobs)])
    joined = QuantizedVectors.from_bytes(b"".join(blobs), dimension)
    return ChunkVectors(
        ids=np.array(ids, dtype=np.int64),
        firsts=ends // row_bytes(dimension),
        codes=joined.codes,
        scales=joined.scales,
    )


def stored_encoding(encoding: Encoding) -> StoredEncoding:
    """Return an encoding in its stored form."""
    vectors = quantize(np.vstack([encoding.vector, encoding.sentence_vectors]))
    return StoredEncoding(vectors.to_bytes(), tokens_blob(encoding.tokens))


def _spans(value: bytes) -> list[tuple[int, int]]:
    return [(s, e) for s, e in np.frombuffer(value, "<i4").reshape(-1, 2).tolist()]


def tokens_blob(tokens: TokenVectors) -> bytes:
    """Return token vectors as one blob: scales, sentence numbers, codes."""
    return tokens.scales.tobytes() + tokens.sentence_of.tobytes() + tokens.codes.tobytes()


def tokens_from(value: bytes, dimension: int) -> TokenVectors:
    """Return the token vectors from the output of tokens_blob; none if it is empty.

    dimension: of the model.
    """
    width = -(-dimension // 4)
    n = len(value) // (width + 4)
    return TokenVectors(
        codes=np.frombuffer(value, np.uint8, offset=4 * n).reshape(n, width),
        scales=np.frombuffer(value, np.float16, count=n),
        sentence_of=np.frombuffer(value, np.uint16, count=n, offset=2 * n),
    )


def json_ids(ids: Iterable[int]) -> str:
    """Return ids as one parameter for SQLite's json_each: the number of parameters is limited."""
    return json.dumps([int(i) for i in ids])


def ids_sum(ids: Iterable[int]) -> int:
    """Return the checksum of a document's chunk ids. ids: in the order of its chunks."""
    return crc32(np.fromiter(ids, dtype="<i8").tobytes())


def ids_from(rows: Iterable[Sequence[object]]) -> Ids:
    """Return the first column of rows, int64, shape (n,). Raises DamagedRow."""
    return np.fromiter((integer(row[0]) for row in rows), dtype=np.int64)


def integer(value: object) -> int:
    """Return a value of a row as an integer. Raises DamagedRow if it is not one."""
    if not isinstance(value, int):
        raise DamagedRow(f"{type(value).__name__} instead of an integer")
    return value


def blob(value: object) -> bytes:
    """Return a value of a row as a blob. Raises DamagedRow if it is not one."""
    if not isinstance(value, bytes):
        raise DamagedRow(f"{type(value).__name__} instead of a blob")
    return value
