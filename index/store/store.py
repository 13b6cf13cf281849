"""The store: documents with their canonical text, chunks, sentence spans and vectors, in SQLite.

FAISS and BM25 are derived from it. A transaction adds or deletes whole documents and increases the
generation by one. A reader pins a generation with a read transaction: in WAL mode it sees only that
generation, whatever others write in the meantime.
"""

import json
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager
from itertools import groupby
from operator import itemgetter
from pathlib import Path
from secrets import token_hex
from typing import Any, TypeVar

import numpy as np

from index.backend import StoredEncoding
from index.disk.private import make_private_folder
from index.errors import IndexDamaged, IndexMissing, IndexProblem
from index.fingerprint import Fingerprint
from index.store.checksums import DamagedRow
from index.store.meta import (
    Generation,
    begin,
    generation_of,
    get_meta,
    last_generation,
    set_meta,
)
from index.store.rows import (
    CHUNK_COLUMNS,
    DOCUMENT_COLUMNS,
    WHOLE_COLUMNS,
    GenerationChanges,
    StoredDocument,
    blob,
    cut_out,
    encoding_from,
    ids_from,
    ids_sum,
    integer,
    json_ids,
    stored_blob,
    stored_chunk,
    stored_document,
    tokens_from,
    whole_document,
)
from index.store.schema import TABLES, VERSION
from index.store.sqlite import Database, damaged, translated
from index.store.transaction import StoreTransaction
from index.store.vector_codec import QuantizedVectors, row_bytes
from index.types import Chunk, Document, EncodingKey, Ids, Matrix, TokenVectors

DATABASE = "rag.db"

_T = TypeVar("_T")


class Store:
    """One connection to an index's database. Only one thread at a time may use it."""

    def __init__(self, database: Database) -> None:
        self.path = database.path
        self._database = database

    @classmethod
    def create(cls, folder: Path, fingerprint: Fingerprint) -> "Store":
        """Open the database of a folder; create it if it is missing."""
        path = folder / DATABASE
        with translated(path):
            make_private_folder(folder)
        store = cls(Database(path, "rwc"))
        with store._closed_on_error():
            # After a crash here, the database has either no tables or all of them.
            store._database.execute("BEGIN IMMEDIATE")
            if not store._tables():
                for statement in TABLES.strip().split(";\n"):
                    store._database.execute(statement.rstrip(";"))
                set_meta(store._database, "schema", str(VERSION))
                set_meta(store._database, "database", token_hex(16))
                set_meta(store._database, "fingerprint", fingerprint.to_json())
                begin(store._database, 0, (0, 0))
            store._database.execute("COMMIT")
            store._check_schema()
        return store

    @classmethod
    def open(cls, folder: Path, *, to_write: bool = False) -> "Store":
        """Open the existing database of a folder. Without `to_write`, it may be read-only.

        Raises IndexMissing if there is none, IndexDamaged if it cannot be read.
        """
        path = folder / DATABASE
        missing = IndexMissing(f"no index at {folder}; create one with `rag ingest PATH`")
        with translated(path):
            if not path.is_file():
                raise missing
        store = cls(Database(path, "rw" if to_write else "r"))
        with store._closed_on_error():
            store._database.check_length()
            if not store._tables():
                if store._database.row("SELECT 1 FROM sqlite_master WHERE name = 'documents'"):
                    raise damaged(path, "it has no table meta")
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
        # Works for every schema so far. Must run before reads that depend on the schema.
        row = self._database.row("SELECT value FROM meta WHERE key = 'schema'")
        version = None if row is None else str(row[0])
        if version != str(VERSION):
            raise IndexProblem(
                f"{self.path} has schema {version}, but this program reads {VERSION}; "
                "delete it and ingest the documents again"
            )

    def close(self) -> None:
        self._database.close()

    @property
    def read_only(self) -> IndexProblem | None:
        """The reason why the database cannot be written; None if it can."""
        return self._database.read_only

    @property
    def outdated(self) -> bool:
        """See Database.outdated."""
        return self._database.outdated

    def _tables(self) -> bool:
        return self._database.row("SELECT 1 FROM sqlite_master WHERE name = 'meta'") is not None

    # Reading

    def pin(self) -> int:
        """Pin the current generation and return its number. Later reads see only this one."""
        self.unpin()
        self._database.execute("BEGIN")
        return self.generation

    def unpin(self) -> None:
        """Release the pinned generation; do nothing if none is pinned."""
        self._database.roll_back()

    @property
    def generation(self) -> int:
        """The number of transactions that changed this index."""
        return self._last().number

    def _last(self) -> Generation:
        with self._sound("its list of generations"):
            return last_generation(self._database)

    @property
    def state(self) -> tuple[int, str | None]:
        """The generation and its token. Read it only while a generation is pinned."""
        generation = self.generation
        return generation, self.token(generation)

    def token(self, generation: int) -> str | None:
        """Return the random token of a generation; None if it is unknown or was deleted.

        It differs between generations of the same number in two databases, and in two copies of one
        database that were changed separately.
        """
        with self._sound("its list of generations"):
            found = generation_of(self._database, generation)
        return None if found is None else found.token

    def _setting(self, key: str) -> str:
        with self._sound(f"its {key}"):
            return get_meta(self._database, key) or ""

    @property
    def database_id(self) -> str:
        """The id of the database, which never changes and is the same in its copies.

        Empty if an earlier version of this program created the database without an id.
        """
        return self._setting("database")

    @property
    def fingerprint(self) -> Fingerprint:
        return Fingerprint.from_json(self._setting("fingerprint"))

    def count(self) -> tuple[int, int]:
        """Return the numbers of documents and chunks."""
        last = self._last()
        return last.n_documents, last.n_chunks

    def records(self, after: str = "", limit: int = -1) -> list[StoredDocument]:
        """Return documents with a doc_id greater than `after`, in order of doc_id.

        limit: the maximum number of documents; negative for all. Raises IndexDamaged.
        """
        rows = self._database.all_rows(
            f"SELECT {DOCUMENT_COLUMNS} FROM documents WHERE doc_id > ? ORDER BY doc_id LIMIT ?",
            [after, limit],
        )
        if not after and limit < 0 and len(rows) != self.count()[0]:
            raise self._damaged("its list of documents")
        return [self._document_row(row) for row in rows]

    def record(self, doc_id: str) -> StoredDocument | None:
        """Return the document with this id, without its text; None if there is none."""
        return self._record_where("doc_id", doc_id)

    def record_of_file(self, path: str) -> StoredDocument | None:
        """Return the document of the file at this path; None if there is none."""
        return self._record_where("path", path)

    def _record_where(self, column: str, value: str) -> StoredDocument | None:
        sql = f"SELECT {DOCUMENT_COLUMNS} FROM documents WHERE {column} = ?"
        try:
            row = self._database.row(sql, [value])
        except UnicodeEncodeError:  # no document has an id with surrogates
            return None
        return None if row is None else self._document_row(row)

    def has(self, doc_id: str) -> bool:
        """Return whether a document with this id exists, damaged or not."""
        found = self._database.row("SELECT 1 FROM documents WHERE doc_id = ?", [doc_id])
        return found is not None

    def _document_row(self, row: Sequence[object]) -> StoredDocument:
        with self._sound(f"the document {row[1]}"):
            return stored_document(row)

    def document(self, doc_id: str) -> Document:
        """Return a document with its text.

        Raises IndexDamaged if it is missing or differs from what was stored.
        """
        return self._document_where("doc_id", doc_id)

    def _document_in(self, row_id: int) -> Document:
        return self._document_where("document", row_id)

    def _document_where(self, column: str, value: object) -> Document:
        row = self._database.row(
            f"SELECT {WHOLE_COLUMNS} FROM documents WHERE {column} = ?", [value]
        )
        if row is None:
            raise self._damaged(f"the document of {column} {value}")
        with self._sound(f"the document {row[1]}"):
            return whole_document(row)

    @contextmanager
    def _sound(self, what: str) -> Iterator[None]:
        """Translate DamagedRow into IndexDamaged. what: names the damaged part in the message."""
        try:
            yield
        except DamagedRow as error:
            raise self._damaged(what) from error

    def _damaged(self, what: str) -> IndexDamaged:
        what = what.encode(errors="replace").decode()  # it may contain damaged text
        return IndexDamaged(
            f"{self.path} is damaged: {what} differs from what was stored; run `rag check --repair`"
        )

    def damaged_documents(self) -> list[str]:
        """Return the ids of the documents for which `document` raises, in ascending order."""
        return [row.doc_id for row in self.records() if not self._is_intact_in(row.row_id)]

    def is_intact(self, doc_id: str) -> bool:
        """Return whether `document` can return this document."""
        record = self.record(doc_id)
        return record is not None and self._is_intact_in(record.row_id)

    def _is_intact_in(self, row_id: int) -> bool:
        try:
            self._document_in(row_id)
        except IndexDamaged:
            return False
        return True

    def empty_log(self) -> None:
        """See Database.empty_log."""
        self._database.empty_log()

    def copy_into(self, database: Database) -> None:
        """Copy the pinned generation into another database; see Database.copy_into."""
        self._database.copy_into(database)

    def chunks(self, ids: Iterable[int]) -> list[Chunk]:
        """Return these chunks in ascending order of id. Raises IndexDamaged if one is missing."""
        return list(self._each_of_chunks(CHUNK_COLUMNS, ids, stored_chunk))

    def vectors_in_bytes(self, ids: Iterable[int]) -> dict[int, bytes]:
        """Return the stored vectors of each chunk and of its sentences, by chunk id.

        index.store.rows.stored_vectors decodes them. Raises IndexDamaged if a chunk is missing.
        """
        return dict(self._each_of_chunks("chunk_id, all_sum, vectors", ids, stored_blob))

    def vectors(self, ids: Ids) -> Matrix:
        """Return the chunk vectors of these ids, float32, shape (n, d), in this order.

        ids: ascending. Raises IndexDamaged if a chunk is missing.
        """
        dimension = self.fingerprint.model.dimension
        own = f"chunk_id, own_sum, substr(vectors, 1, {row_bytes(dimension)})"
        vectors = b"".join(vector for _, vector in self._each_of_chunks(own, ids, stored_blob))
        return QuantizedVectors.from_bytes(vectors, dimension).expand()

    def token_vectors(self, ids: Iterable[int]) -> dict[int, TokenVectors]:
        """Return the token vectors of these chunks, by chunk id; omit chunks without any."""
        dimension = self.fingerprint.model.dimension
        found = self._each_of_chunks("chunk_id, sum, tokens", ids, stored_blob, "token_vectors")
        return {i: tokens_from(tokens, dimension) for i, tokens in found if tokens}

    def _each_of_chunks(
        self,
        columns: str,
        ids: Iterable[int],
        made: Callable[[Sequence[object]], _T],
        table: str = "chunks",
    ) -> Iterator[_T]:
        """Yield `made(columns)` for each of these chunks, in ascending order of id.

        Raises IndexDamaged if a chunk is missing or damaged.
        """
        wanted = {int(i) for i in ids}
        documents = "JOIN documents USING (document) " if "doc_id" in columns else ""
        rows = self._database.all_rows(
            f"SELECT {columns} FROM {table} {documents}"
            "WHERE chunk_id IN (SELECT value FROM json_each(?)) ORDER BY chunk_id",
            [json_ids(wanted)],
        )
        if len(rows) != len(wanted):
            lost = min(wanted.difference(row[0] for row in rows), default=0)
            raise self._damaged(self._place_of(lost))
        for row in rows:
            try:
                yield made(row)
            except DamagedRow as error:
                raise self._damaged(self._place_of(row[0])) from error

    def _place_of(self, chunk_id: object) -> str:
        """Return readable text for a chunk: its document, or its id if that is missing."""
        rows = self._database.all_rows(
            "SELECT doc_id FROM documents JOIN chunks USING (document) WHERE chunk_id = ?",
            [chunk_id],
        )
        return f"the document {rows[0][0]}" if rows else f"the chunk {chunk_id}"

    def digests_among(self, digests: Collection[bytes]) -> set[bytes]:
        """Return the digests that belong to chunks in the store, with one SQL query."""
        marks = ", ".join("?" * len(digests))
        rows = self._database.all_rows(
            f"SELECT DISTINCT digest FROM chunks WHERE digest IN ({marks})", list(digests)
        )
        with self._sound("its list of chunks"):
            return {blob(row[0]) for row in rows}

    def encoding(self, key: EncodingKey, since: int = 0) -> StoredEncoding | None:
        """Return the encoding of a chunk with this key, added in generation `since` or later.

        None if there is none or it is damaged.
        """
        # The SQL index on digests gives a chunk id; the columns of its row must match the key.
        row = self._database.row(
            "SELECT digest, sentences, chunk_id, all_sum, vectors, sum, tokens FROM chunks "
            "JOIN token_vectors USING (chunk_id) WHERE chunk_id = (SELECT chunk_id FROM chunks "
            "WHERE digest = ? AND sentences = ? AND generation >= ? LIMIT 1)",
            [*key, since],
        )
        if row is None or row[:2] != key:
            return None
        try:
            return encoding_from(row[2:])
        except DamagedRow:
            return None

    def doc_ids(self) -> list[tuple[int, str]]:
        """Return the row and id of every document. Raises IndexDamaged.

        SQLite returns them as one value: with one fetch per row, another thread could take the
        interpreter's lock for 5 ms at each row.
        """
        rows, doc_ids = self._arrays("document, doc_id FROM documents", [])
        if len(rows) != self.count()[0]:
            raise self._damaged("its list of documents")
        return list(zip(rows, doc_ids, strict=True))

    def chunk_ids_of(
        self,
        documents: Iterable[int] | None = None,
        doc_ids: Sequence[str] | None = None,
        media_types: Sequence[str] | None = None,
    ) -> Ids:
        """Return the ascending chunk ids of the documents that match all given conditions.

        documents: row ids. A condition that is None matches every document. No text may contain a
        NUL. Raises IndexDamaged.
        """
        wanted = {
            "document": None if documents is None else json_ids(documents),
            "doc_id": None if doc_ids is None else json.dumps(doc_ids),
            "media_type": None if media_types is None else json.dumps(media_types),
        }
        given = {column: values for column, values in wanted.items() if values is not None}
        # One parameter per column: SQLite limits the parameters of a statement.
        where = [f"{column} IN (SELECT value FROM json_each(?))" for column in given]
        chosen = f"FROM documents WHERE {' AND '.join(where) or 'TRUE'}"
        values = list(given.values())
        rows, sums = self._arrays(f"document, ids_sum {chosen}", values)
        owners, ids = self._arrays(
            f"document, chunk_id FROM chunks WHERE document IN (SELECT document {chosen}) "
            "ORDER BY document, ordinal",
            values,
        )
        with self._sound("its list of chunks"):
            found = ids_from(zip(ids))
        return np.sort(self._of_documents(rows, sums, owners, found))

    def _arrays(self, columns: str, parameters: Sequence[object]) -> list[list[Any]]:
        """Return two columns of a query, each as a list."""
        first, second = columns.split(" FROM ")[0].split(", ")
        row = self._database.row(
            f"SELECT json_group_array({first}), json_group_array({second}) FROM (SELECT {columns})",
            parameters,
        )
        return [json.loads(column) for column in row or ()]

    def _of_documents(self, rows: list[int], sums: list[int], owners: list[int], ids: Ids) -> Ids:
        """Return `ids` if the checksums match. Raises IndexDamaged.

        rows, sums: the documents and the checksums of their chunk ids. owners: the document of each
        id, ascending.
        """
        order = np.array(owners, dtype=np.int64)
        firsts, lasts = (np.searchsorted(order, rows, side) for side in ("left", "right"))
        for row, expected, first, last in zip(rows, sums, firsts, lasts, strict=True):
            if ids_sum(ids[first:last]) != expected:
                raise self._damaged(f"the document of row {row}")
        return ids

    def changes_since(self, generation: int) -> GenerationChanges:
        """Return the chunks removed and added after a generation, each in ascending order."""
        removed = self._database.rows(
            "SELECT DISTINCT chunk_id FROM tombstones WHERE generation > ? ORDER BY chunk_id",
            [generation],
        )
        added = self._database.rows(
            # For a million rows, sorting afterwards is faster than reading in order of id.
            "SELECT chunk_id FROM chunks INDEXED BY chunks_by_generation WHERE generation > ?",
            [generation],
        )
        with self._sound("its list of chunks"):
            return GenerationChanges(removed=ids_from(removed), added=np.sort(ids_from(added)))

    def texts(self, ids: Ids) -> Iterator[tuple[int, str, tuple[str, ...]]]:
        """Yield each chunk's id, its text, and its document title and headings.

        Ordered by document, then by position. Raises IndexDamaged.
        """
        rows = self._database.rows(
            "SELECT document, chunk_id, start, end, digest FROM chunks "
            "WHERE chunk_id IN (SELECT value FROM json_each(?)) ORDER BY document, ordinal",
            [json_ids(ids)],
        )
        n_found = 0
        for row, in_document in groupby(rows, key=itemgetter(0)):
            document = self._document_in(row)
            for _, chunk_id, *place in in_document:
                with self._sound(f"the document {document.doc_id}"):
                    span, text = cut_out(document, place)
                n_found += 1
                yield integer(chunk_id), text, (document.title, *document.headings_of(span))
        if n_found != len(ids):
            raise self._damaged("its list of chunks")

    # Writing

    @contextmanager
    def transaction(self, *, makes_generation: bool = True) -> Iterator[StoreTransaction]:
        """Commit all writes of the block as one new generation, or none if the block raises.

        With `makes_generation=False`, the block may write only what no reader can see.
        """
        self._database.execute("BEGIN IMMEDIATE")
        try:
            transaction = StoreTransaction(self._database, self._last(), self.fingerprint)
            with self._sound("a row that is to be replaced"):
                yield transaction
            if makes_generation:
                begin(self._database, transaction.generation, transaction.totals)
            self._database.execute("COMMIT")
        except BaseException:
            self._database.roll_back()
            raise

    def forget_before(self, generation: int) -> None:
        """Delete the history before a generation. FAISS and BM25 must be published at it."""
        # Generations first: index files of a generation without a token are never updated, so none
        # is updated without its tombstones.
        self._database.execute("DELETE FROM generations WHERE generation < ?", [generation])
        self._database.execute("DELETE FROM tombstones WHERE generation <= ?", [generation])
