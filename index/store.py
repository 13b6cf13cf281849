"""SQLite, the truth: documents with their canonical text, chunks, sentence spans and vectors.

A transaction puts whole documents in or takes them out and raises the generation by one. A reader
pins a generation by holding a read transaction, and in WAL mode goes on seeing just that one,
whatever is written meanwhile.
"""

import json
from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager
from itertools import groupby
from pathlib import Path
from secrets import token_hex
from typing import Any

import numpy as np

from index.errors import IndexDamaged, IndexMissing, IndexProblem
from index.fingerprint import Fingerprint
from index.quantized import QuantizedVectors, row_bytes
from index.rows import (
    CHUNK_COLUMNS,
    DOCUMENT_COLUMNS,
    Changes,
    EncodingKey,
    StoredChunk,
    StoredDocument,
    StoredEncoding,
    blob,
    ids_from,
    integer,
    json_ids,
    stored_chunk,
    stored_document,
    tokens_from,
)
from index.schema import TABLES, VERSION
from index.sqlite import Database, translated
from index.transaction import Transaction
from index.types import Document, Heading, Ids, Matrix, Span, TokenVectors

DATABASE = "rag.db"

_MEND = "ingest its file again, or put back a backup"


class Store:
    """One connection to an index's database. Not for two threads at once."""

    def __init__(self, database: Database) -> None:
        self.path = database.path
        self._database = database

    @classmethod
    def create(cls, folder: Path, fingerprint: Fingerprint) -> "Store":
        """The database of a folder, made if there is none."""
        path = folder / DATABASE
        with translated(path):
            folder.mkdir(parents=True, exist_ok=True)
        store = cls(Database(path, "rwc"))
        with store._closed_on_error():
            # A crash here leaves either no table or all of them.
            store._database.execute("BEGIN IMMEDIATE")
            if not store._tables():
                for statement in TABLES.strip().split(";\n"):
                    store._database.execute(statement.rstrip(";"))
                store._set("schema", str(VERSION))
                store._set("database", token_hex(16))
                store._begin(0)
                store._set("fingerprint", fingerprint.to_json())
            store._database.execute("COMMIT")
            store._check_schema()
        return store

    @classmethod
    def open(cls, folder: Path) -> "Store":
        """The database of a folder.

        Raises IndexMissing if there is none, IndexDamaged if it cannot be read.
        """
        path = folder / DATABASE
        missing = IndexMissing(f"no index at {folder}; make one with `rag ingest PATH`")
        if not path.is_file():
            raise missing
        store = cls(Database(path, "rw"))
        with store._closed_on_error():
            if not store._tables():
                raise missing
            store._check_schema()
        return store

    @contextmanager
    def _closed_on_error(self) -> Iterator[None]:
        try:
            yield
        except BaseException:
            self.close()
            raise

    def _check_schema(self) -> None:
        version = self._get("schema")
        if version != str(VERSION):
            raise IndexProblem(
                f"{self.path} has schema {version}, this program reads {VERSION}; "
                "delete it and ingest the documents again"
            )

    def close(self) -> None:
        self._database.close()

    def _tables(self) -> bool:
        found = self._database.execute("SELECT 1 FROM sqlite_master WHERE name = 'meta'")
        return found.fetchone() is not None

    def _get(self, key: str) -> str | None:
        row = self._database.execute("SELECT value FROM meta WHERE key = ?", [key]).fetchone()
        return None if row is None else str(row[0])

    def _set(self, key: str, value: str) -> None:
        self._database.execute("INSERT OR REPLACE INTO meta VALUES (?, ?)", [key, value])

    def _begin(self, generation: int) -> None:
        self._database.execute(
            "INSERT INTO generations VALUES (?, lower(hex(randomblob(16))))", [generation]
        )

    # Reading

    def pin(self) -> int:
        """Hold on to the present generation, and return it: later reads see just that one."""
        self.unpin()
        self._database.execute("BEGIN")
        return self.generation

    def unpin(self) -> None:
        """Let go of a pinned generation; harmless if none is."""
        self._database.roll_back()

    @property
    def generation(self) -> int:
        """The number of transactions that changed this index."""
        return int(self._database.execute("SELECT max(generation) FROM generations").fetchone()[0])

    def token(self, generation: int) -> str | None:
        """What tells a generation of this database from one of the same number in another, or in
        a copy that went another way; None if it is not known, or no longer."""
        row = self._database.execute(
            "SELECT token FROM generations WHERE generation = ?", [generation]
        ).fetchone()
        return None if row is None else str(row[0])

    @property
    def database_id(self) -> str:
        """The same for as long as the database lives, and in its copies; empty if it was made by a
        program that gave none."""
        return self._get("database") or ""

    @property
    def fingerprint(self) -> Fingerprint:
        return Fingerprint.from_json(self._get("fingerprint") or "")

    def count(self) -> tuple[int, int]:
        """How many documents and chunks there are."""
        row = self._database.execute(
            "SELECT count(*), coalesce(sum(n_chunks), 0) FROM documents"
        ).fetchone()
        return int(row[0]), int(row[1])

    def documents(self, after: str = "", limit: int = -1) -> list[StoredDocument]:
        """Documents in order of doc_id, from behind `after`; all of them unless limited."""
        rows = self._database.rows(
            f"SELECT {DOCUMENT_COLUMNS} FROM documents WHERE doc_id > ? ORDER BY doc_id LIMIT ?",
            [after, limit],
        )
        return [stored_document(row) for row in rows]

    def document_row(
        self, *, doc_id: str | None = None, path: str | None = None
    ) -> StoredDocument | None:
        """The document with this id, or of this file."""
        column, value = ("doc_id", doc_id) if doc_id is not None else ("path", path)
        row = self._database.execute(
            f"SELECT {DOCUMENT_COLUMNS} FROM documents WHERE {column} = ?", [value]
        ).fetchone()
        return None if row is None else stored_document(row)

    def document(self, document: int) -> Document:
        """A document whole, by its row.

        Raises IndexDamaged if it is not there, or its text is not what was stored.
        """
        row = self._database.execute(
            "SELECT doc_id, source, title, text, media_type, metadata, headings, pages, sha256 "
            "FROM documents WHERE document = ?",
            [document],
        ).fetchone()
        if row is None:
            raise IndexDamaged(f"{self.path} is damaged: it lacks a document; {_MEND}")
        try:
            found = self._document(row)
        except (TypeError, ValueError) as error:
            raise self._damaged(str(row[0])) from error
        if found.sha256 != row[8]:
            raise self._damaged(found.doc_id)
        return found

    def _damaged(self, doc_id: str) -> IndexDamaged:
        return IndexDamaged(f"{self.path} is damaged: {doc_id} is not what was stored; {_MEND}")

    @staticmethod
    def _document(row: Sequence[Any]) -> Document:
        return Document(
            doc_id=row[0],
            source=row[1],
            title=row[2],
            text=row[3],
            media_type=row[4],
            metadata=json.loads(row[5]),
            headings=tuple(Heading(Span(s, e), n, t) for s, e, n, t in json.loads(row[6])),
            pages=tuple(json.loads(row[7])),
        )

    def damaged_documents(self) -> list[str]:
        """The ids of the documents that `document` refuses, in order."""
        return [row.doc_id for row in self.documents() if not self.is_intact(row)]

    def is_intact(self, row: StoredDocument) -> bool:
        """Whether `document` gives the document of a row."""
        try:
            self.document(row.document)
        except IndexDamaged:
            return False
        return True

    def empty_log(self) -> None:
        """See Database.empty_log."""
        self._database.empty_log()

    def chunks(self, ids: Iterable[int]) -> list[StoredChunk]:
        """These chunks, in order of their id; ids that are not there are left out."""
        return [stored_chunk(row) for row in self._chunks(CHUNK_COLUMNS, ids)]

    def vectors_in_bytes(self, ids: Iterable[int]) -> dict[int, bytes]:
        """Each chunk's own vector and its sentences', as they are kept (index.rows.stored_vectors
        reads them); a chunk that is not there is left out."""
        return {integer(i): blob(vectors) for i, vectors in self._chunks("chunk_id, vectors", ids)}

    def _chunks(self, columns: str, ids: Iterable[int]) -> list[tuple[object, ...]]:
        """Columns of these chunks and their documents, in order of the chunks' ids."""
        documents = "JOIN documents USING (document) " if "doc_id" in columns else ""
        return self._database.all_rows(
            f"SELECT {columns} FROM chunks {documents}"
            "WHERE chunk_id IN (SELECT value FROM json_each(?)) ORDER BY chunk_id",
            [json_ids(ids)],
        )

    def token_vectors(self, ids: Iterable[int]) -> dict[int, TokenVectors]:
        """The token vectors of these chunks; a chunk that has none is left out."""
        dimension = self.fingerprint.model.dimension
        rows = self._database.all_rows(
            "SELECT chunk_id, tokens FROM token_vectors "
            "WHERE chunk_id IN (SELECT value FROM json_each(?))",
            [json_ids(ids)],
        )
        return {integer(row[0]): tokens_from(blob(row[1]), dimension) for row in rows}

    def digests_among(self, digests: Collection[bytes]) -> set[bytes]:
        """Those of the digests that chunks of the store have: one question instead of many."""
        marks = ", ".join("?" * len(digests))
        rows = self._database.all_rows(
            f"SELECT DISTINCT digest FROM chunks WHERE digest IN ({marks})", list(digests)
        )
        return {blob(row[0]) for row in rows}

    def encoding(self, key: EncodingKey, since: int = 0) -> StoredEncoding | None:
        """The encoding of a chunk of this key that was put in in generation `since` or later."""
        row = self._database.execute(
            "SELECT vectors, tokens FROM chunks LEFT JOIN token_vectors USING (chunk_id) "
            "WHERE digest = ? AND sentences = ? AND generation >= ? LIMIT 1",
            [*key, since],
        ).fetchone()
        return None if row is None else StoredEncoding(blob(row[0]), blob(row[1] or b""))

    def chunk_ids_of(self, documents: Iterable[int]) -> Ids:
        """The chunks of these documents' rows, in order."""
        rows = self._database.rows(
            "SELECT chunk_id FROM chunks WHERE document IN (SELECT value FROM json_each(?)) "
            "ORDER BY chunk_id",
            [json_ids(documents)],
        )
        return ids_from(rows)

    def changes_since(self, generation: int) -> Changes:
        """The chunks removed and added after a generation, each in order of its id."""
        removed = self._database.rows(
            "SELECT DISTINCT chunk_id FROM tombstones WHERE generation > ? ORDER BY chunk_id",
            [generation],
        )
        added = self._database.rows(
            # A million rows are sorted sooner than they are met in the order of their ids.
            "SELECT chunk_id FROM chunks INDEXED BY chunks_by_generation WHERE generation > ?",
            [generation],
        )
        return Changes(removed=ids_from(removed), added=np.sort(ids_from(added)))

    def vectors(self, ids: Ids) -> Matrix:
        """The chunk vectors of these ids, (n, d), in their order; `ids` must be ascending."""
        dimension = self.fingerprint.model.dimension
        rows = self._chunks(f"substr(vectors, 1, {row_bytes(dimension)})", ids)
        first = b"".join(blob(row[0]) for row in rows)
        return QuantizedVectors.from_bytes(first, dimension).expand()

    def texts(self, ids: Ids) -> Iterator[tuple[int, str, tuple[str, ...]]]:
        """Chunk ids with their texts, and the title and headings they stand under, document by
        document."""
        rows = self._database.rows(
            "SELECT document, chunk_id, start, end FROM chunks "
            "WHERE chunk_id IN (SELECT value FROM json_each(?)) ORDER BY document, ordinal",
            [json_ids(ids)],
        )
        for row, in_document in groupby(rows, key=lambda row: integer(row[0])):
            document = self.document(row)
            for _, chunk_id, start, end in in_document:
                span = Span(integer(start), integer(end))
                above = (document.title, *document.headings_of(span))
                yield integer(chunk_id), span.of(document.text), above

    # Writing

    @contextmanager
    def transaction(self) -> Iterator[Transaction]:
        """All that is written in it becomes one new generation, or none if it raises."""
        self._database.execute("BEGIN IMMEDIATE")
        try:
            generation = self.generation + 1
            yield Transaction(self._database, generation)
            self._begin(generation)
            self._database.execute("COMMIT")
        except BaseException:
            self._database.roll_back()
            raise

    def forget_before(self, generation: int) -> None:
        """Drop what led up to a generation that FAISS and BM25 have been published at."""
        # In this order: files of a generation without a token are never caught up, so none is ever
        # caught up without its tombstones.
        self._database.execute("DELETE FROM generations WHERE generation < ?", [generation])
        self._database.execute("DELETE FROM tombstones WHERE generation <= ?", [generation])
