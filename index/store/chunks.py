"""Reads of chunks by their ids: spans, texts, vectors and encodings."""

from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from itertools import groupby
from operator import itemgetter
from typing import TypeVar

from index.backend import StoredEncoding
from index.store.checksums import DamagedRow
from index.store.documents import DocumentReader
from index.store.rows import (
    CHUNK_COLUMNS,
    blob,
    cut_out,
    encoding_from,
    integer,
    json_ids,
    stored_blob,
    stored_chunk,
    tokens_from,
)
from index.store.vector_codec import QuantizedVectors, row_bytes
from index.types import Chunk, EncodingKey, Ids, Matrix, TokenVectors

_T = TypeVar("_T")


class ChunkReader(DocumentReader):
    """Reads chunks. Each row is compared with its checksums."""

    def chunks(self, ids: Iterable[int]) -> list[Chunk]:
        """Return these chunks in ascending order of id. Raises IndexDamaged if one is missing."""
        return list(self._each_of_chunks(CHUNK_COLUMNS, ids, stored_chunk))

    def contents_lists(self, ids: Iterable[int]) -> list[int]:
        """Return which of these chunks are contents lists, in ascending order of id.

        The flag alone is read; its checksum is compared when the chunk is.
        """
        rows = self._database.all_rows(
            "SELECT chunk_id FROM chunks WHERE contents_list = 1 "
            "AND chunk_id IN (SELECT value FROM json_each(?)) ORDER BY chunk_id",
            [json_ids(ids)],
        )
        return [integer(row[0]) for row in rows]

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

    def texts(self, ids: Ids) -> Iterator[tuple[int, str, tuple[str, ...]]]:
        """Yield each chunk's id, its text, and its context: Document.context_of.

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
                yield integer(chunk_id), text, document.context_of(span)
        if n_found != len(ids):
            raise self._damaged("its list of chunks")
