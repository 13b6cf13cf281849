"""What is written to the store in one transaction."""

import json
from collections.abc import Sequence

import numpy as np

from index.fingerprint import Fingerprint
from index.rows import tokens_blob
from index.sqlite import Database
from index.types import Chunk, Document, Encoding


class Transaction:
    """The writes of one new generation."""

    def __init__(self, database: Database, generation: int) -> None:
        self._database = database
        self._generation = generation

    def put(
        self, document: Document, path: str | None, chunks: Sequence[tuple[Chunk, Encoding]]
    ) -> None:
        """Put a document in, in place of the one of the same doc_id or file."""
        former = self._database.execute(
            "SELECT document FROM documents WHERE doc_id = ? OR path = ?", [document.doc_id, path]
        )
        for (row,) in former.fetchall():
            self.delete(row)
        cursor = self._database.execute(
            "INSERT INTO documents (doc_id, path, source, title, media_type, sha256, n_chars, "
            "n_chunks, metadata, headings, pages, text) VALUES (?,?,?,?,?,?,?,?,?,?,?,?)",
            [
                document.doc_id,
                path,
                document.source,
                document.title,
                document.media_type,
                document.sha256,
                len(document.text),
                len(chunks),
                json.dumps(dict(document.metadata), sort_keys=True, ensure_ascii=False),
                json.dumps(
                    [[h.span.start, h.span.end, h.level, h.text] for h in document.headings]
                ),
                json.dumps(document.pages),
                document.text,
            ],
        )
        for chunk, encoding in chunks:
            self._put_chunk(int(cursor.lastrowid or 0), chunk, encoding)

    def _put_chunk(self, document: int, chunk: Chunk, encoding: Encoding) -> None:
        sentences = np.array([[s.start, s.end] for s in chunk.sentences], dtype=np.int64)
        self._database.execute(
            "INSERT INTO chunks VALUES (?,?,?,?,?,?,?,?,?,?)",
            [
                chunk.chunk_id,
                document,
                chunk.ordinal,
                chunk.span.start,
                chunk.span.end,
                chunk.digest,
                sentences.tobytes(),
                encoding.vector.astype(np.float32).tobytes(),
                encoding.sentence_vectors.astype(np.float32).tobytes(),
                self._generation,
            ],
        )
        if len(encoding.tokens):
            self._database.execute(
                "INSERT INTO token_vectors VALUES (?,?)",
                [chunk.chunk_id, tokens_blob(encoding.tokens)],
            )

    def delete(self, document: int) -> None:
        """Take a document out, by its row."""
        self._database.execute(
            "INSERT INTO tombstones SELECT chunk_id, ? FROM chunks WHERE document = ?",
            [self._generation, document],
        )
        self._database.execute("DELETE FROM documents WHERE document = ?", [document])

    def move(self, document: int, path: str) -> None:
        """The file of a document lies elsewhere now."""
        self._database.execute("UPDATE documents SET path = ? WHERE document = ?", [path, document])

    def set_fingerprint(self, fingerprint: Fingerprint) -> None:
        self._database.execute(
            "INSERT OR REPLACE INTO meta VALUES ('fingerprint', ?)", [fingerprint.to_json()]
        )
