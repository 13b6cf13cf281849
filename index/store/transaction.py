"""Writes to the store in one transaction."""

import json
from collections.abc import Iterable, Mapping, Sequence

from index.backend import EncodedChunk, StoredEncoding
from index.fingerprint import Fingerprint
from index.store.checksums import blob_sum, check_sum, sum_of
from index.store.meta import Generation, counted, last_row, set_meta
from index.store.rows import (
    DOCUMENT_COLUMNS,
    ids_sum,
    integer,
    stored_encoding,
    version_json,
)
from index.store.sqlite import Database
from index.store.vector_codec import row_bytes
from index.types import Chunk, Document, Encoding, FileVersion


class StoreTransaction:
    """The writes of one new generation."""

    def __init__(self, database: Database, before: Generation, fingerprint: Fingerprint) -> None:
        """before: the previous generation. fingerprint: of the chunks that `put` writes."""
        self._database = database
        self._generation = before.number + 1
        self._n_documents, self._n_chunks = before.n_documents, before.n_chunks
        self._dimension = fingerprint.model.dimension
        self._recounted = False

    @property
    def generation(self) -> int:
        """The number of the generation that this transaction creates."""
        return self._generation

    @property
    def totals(self) -> tuple[int, int]:
        """The numbers of documents and chunks after the writes so far."""
        if self._recounted:
            return counted(self._database)
        return self._n_documents, self._n_chunks

    def put(
        self,
        document: Document,
        path: str | None,
        chunks: Iterable[EncodedChunk],
        version: FileVersion | None = None,
    ) -> int:
        """Write a document; return its number of chunks.

        It replaces the documents with the same doc_id or path. Each chunk is written when the
        iterable yields it. The old chunks stay until the last new chunk is written, so that the new
        ones can reuse their encodings.
        """
        former = self._former(document, path)
        row = self._next_row()
        ids = []
        for chunk, encoding in chunks:
            if former:
                self._bury("chunk_id", chunk.chunk_id)
                self._database.execute("DELETE FROM chunks WHERE chunk_id = ?", [chunk.chunk_id])
            self._put_chunk(row, document.doc_id, chunk, encoding)
            ids.append(chunk.chunk_id)
        for former_row in former:
            self.delete_row(former_row)
        self._put_document(row, document, path, version, ids)
        self._n_documents += 1
        self._n_chunks += len(ids)
        return len(ids)

    def _former(self, document: Document, path: str | None) -> list[int]:
        return self._rows_where("doc_id = ? OR path = ?", [document.doc_id, path])

    def _rows_where(self, condition: str, values: Sequence[object]) -> list[int]:
        rows = self._database.all_rows(f"SELECT document FROM documents WHERE {condition}", values)
        return [integer(row[0]) for row in rows]

    def _next_row(self) -> int:
        """Return a row number that no document has or had."""
        return last_row(self._database) + 1

    def _put_document(
        self,
        row: int,
        document: Document,
        path: str | None,
        version: FileVersion | None,
        ids: list[int],
    ) -> None:
        columns = [
            row,
            document.doc_id,
            path,
            document.source,
            document.title,
            document.media_type,
            document.sha256,
            len(document.text),
            len(ids),
            _metadata_json(document.metadata),
            version_json(version),
            ids_sum(ids),
        ]
        places = [
            json.dumps([heading.as_row() for heading in document.headings]),
            json.dumps(document.pages),
            json.dumps([[p.start, p.kind, p.label, p.counts_lines] for p in document.places]),
        ]
        self._database.execute(
            "INSERT INTO documents VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)",
            [*columns, sum_of(*columns), *places, sum_of(*places), document.text],
        )

    def _put_chunk(
        self, document: int, doc_id: str, chunk: Chunk, encoding: Encoding | StoredEncoding
    ) -> None:
        stored = stored_encoding(encoding) if isinstance(encoding, Encoding) else encoding
        i, own = chunk.chunk_id, stored.vectors[: row_bytes(self._dimension)]
        span = [chunk.ordinal, chunk.span.start, chunk.span.end, chunk.digest, self._generation]
        rest = [
            chunk.encoding_key[1],
            int(chunk.contents_list),
            blob_sum(i, own),
            blob_sum(i, stored.vectors),
        ]
        chunk_sum = sum_of(i, document, doc_id, *span, *rest)
        self._database.execute(
            "INSERT INTO chunks VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?)",
            [i, document, *span, *rest, chunk_sum, stored.vectors],
        )
        self._database.execute(
            "INSERT INTO token_vectors VALUES (?,?,?)",
            [i, blob_sum(i, stored.tokens), stored.tokens],
        )

    def delete(self, doc_id: str) -> None:
        """Delete a document; do nothing if it does not exist."""
        for row in self._rows_where("doc_id = ?", [doc_id]):
            self.delete_row(row)

    def delete_row(self, document: int) -> None:
        """Delete the document with a row number."""
        rows = self._database.all_rows(
            "SELECT n_chunks FROM documents WHERE document = ?", [document]
        )
        if not self._recounted:
            self._n_documents -= len(rows)
            self._n_chunks -= sum(integer(row[0]) for row in rows)
        self._bury("document", document)
        self._database.execute("DELETE FROM documents WHERE document = ?", [document])

    def _bury(self, column: str, value: int) -> None:
        """Write tombstones for the chunks that have this value in a column."""
        self._database.execute(
            f"INSERT INTO tombstones SELECT chunk_id, ? FROM chunks WHERE {column} = ?",
            [self._generation, value],
        )

    def recount(self) -> None:
        """Count the rows for `totals` from now on: deleted rows may hold damaged counts."""
        self._recounted = True

    def note_file(self, doc_id: str, path: str, version: FileVersion | None) -> None:
        """Update the path and version of a document's file. Raises DamagedRow."""
        self._update(doc_id, path=path, file_version=version_json(version))

    def set_metadata(self, doc_id: str, metadata: Mapping[str, str]) -> None:
        """Replace a document's metadata. Raises DamagedRow."""
        self._update(doc_id, metadata=_metadata_json(metadata))

    def _update(self, doc_id: str, **values: str | None) -> None:
        """Set columns of a document's row, and its checksum. Raises DamagedRow."""
        [found] = self._database.all_rows(
            f"SELECT {DOCUMENT_COLUMNS} FROM documents WHERE doc_id = ?", [doc_id]
        )
        *stored, document_sum = found
        check_sum(document_sum, *stored)
        columns = dict(zip(DOCUMENT_COLUMNS.split(", "), stored, strict=False)) | values
        assignments = ", ".join(f"{column} = ?" for column in (*values, "document_sum"))
        self._database.execute(
            f"UPDATE documents SET {assignments} WHERE doc_id = ?",
            [*values.values(), sum_of(*columns.values()), doc_id],
        )

    def set_fingerprint(self, fingerprint: Fingerprint) -> None:
        """Set the fingerprint (model and chunker) of the chunks written from now on."""
        set_meta(self._database, "fingerprint", fingerprint.to_json())
        self._dimension = fingerprint.model.dimension


def _metadata_json(metadata: Mapping[str, str]) -> str:
    return json.dumps(dict(metadata), sort_keys=True, ensure_ascii=False)
