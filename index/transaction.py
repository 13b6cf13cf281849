"""What is written to the store in one transaction."""

import json
from collections.abc import Iterable

from index.fingerprint import Fingerprint
from index.rows import StoredEncoding, integer, sentences_blob, stored_encoding
from index.sqlite import Database
from index.types import Chunk, Document, Encoding

Encoded = tuple[Chunk, Encoding | StoredEncoding]


class Transaction:
    """The writes of one new generation."""

    def __init__(self, database: Database, generation: int) -> None:
        self._database = database
        self._generation = generation

    @property
    def generation(self) -> int:
        """The generation that this transaction makes."""
        return self._generation

    def put(self, document: Document, path: str | None, chunks: Iterable[Encoded]) -> int:
        """Put a document in, in place of the one of the same doc_id or file; return how many
        chunks it has.

        The chunks are written as they come. What they replace is there until the last of them is
        written, so that their encodings can be taken from it.
        """
        former = self._former(document, path)
        row = self._next_row()
        n_chunks = 0
        for chunk, encoding in chunks:
            if former:
                self._bury("chunk_id", chunk.chunk_id)
                self._database.execute("DELETE FROM chunks WHERE chunk_id = ?", [chunk.chunk_id])
            self._put_chunk(row, chunk, encoding)
            n_chunks += 1
        for each in former:
            self.delete(each)
        self._put_document(row, document, path, n_chunks)
        return n_chunks

    def _former(self, document: Document, path: str | None) -> list[int]:
        rows = self._database.rows(
            "SELECT document FROM documents WHERE doc_id = ? OR path = ?", [document.doc_id, path]
        )
        return [integer(row[0]) for row in rows]

    def _next_row(self) -> int:
        """A row that no document has or had."""
        found = self._database.execute("SELECT seq FROM sqlite_sequence WHERE name = 'documents'")
        row = found.fetchone()
        return 1 if row is None else int(row[0]) + 1

    def _put_document(self, row: int, document: Document, path: str | None, n_chunks: int) -> None:
        self._database.execute(
            "INSERT INTO documents VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?)",
            [
                row,
                document.doc_id,
                path,
                document.source,
                document.title,
                document.media_type,
                document.sha256,
                len(document.text),
                n_chunks,
                json.dumps(dict(document.metadata), sort_keys=True, ensure_ascii=False),
                json.dumps(
                    [[h.span.start, h.span.end, h.level, h.text] for h in document.headings]
                ),
                json.dumps(document.pages),
                document.text,
            ],
        )

    def _put_chunk(self, document: int, chunk: Chunk, encoding: Encoding | StoredEncoding) -> None:
        stored = stored_encoding(encoding) if isinstance(encoding, Encoding) else encoding
        self._database.execute(
            "INSERT INTO chunks VALUES (?,?,?,?,?,?,?,?,?)",
            [
                chunk.chunk_id,
                document,
                chunk.ordinal,
                chunk.span.start,
                chunk.span.end,
                chunk.digest,
                self._generation,
                sentences_blob(chunk),
                stored.vectors,
            ],
        )
        if stored.tokens:
            self._database.execute(
                "INSERT INTO token_vectors VALUES (?,?)", [chunk.chunk_id, stored.tokens]
            )

    def delete(self, document: int) -> None:
        """Take a document out, by its row."""
        self._bury("document", document)
        self._database.execute("DELETE FROM documents WHERE document = ?", [document])

    def _bury(self, column: str, value: int) -> None:
        """Tombstones for the chunks that have this value."""
        self._database.execute(
            f"INSERT INTO tombstones SELECT chunk_id, ? FROM chunks WHERE {column} = ?",
            [self._generation, value],
        )

    def move(self, document: int, path: str) -> None:
        """The file of a document lies elsewhere now."""
        self._database.execute("UPDATE documents SET path = ? WHERE document = ?", [path, document])

    def set_fingerprint(self, fingerprint: Fingerprint) -> None:
        self._database.execute(
            "INSERT OR REPLACE INTO meta VALUES ('fingerprint', ?)", [fingerprint.to_json()]
        )
