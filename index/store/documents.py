"""Reads of documents: their records, with or without the text."""

from collections.abc import Sequence

from index.errors import IndexDamaged
from index.store.generations import GenerationReader
from index.store.rows import (
    DOCUMENT_COLUMNS,
    WHOLE_COLUMNS,
    StoredDocument,
    check_whole,
    stored_document,
    whole_document,
)
from index.types import Document


class DocumentReader(GenerationReader):
    """Reads documents. Each row is compared with its checksums."""

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
        row = self._whole_row(column, value)
        with self._sound(f"the document {row[1]}"):
            return whole_document(row)

    def _whole_row(self, column: str, value: object) -> Sequence[object]:
        row = self._database.row(
            f"SELECT {WHOLE_COLUMNS} FROM documents WHERE {column} = ?", [value]
        )
        if row is None:
            raise self._damaged(f"the document of {column} {value}")
        return row

    def damaged_documents(self) -> list[str]:
        """Return the ids of the documents for which `document` raises, in ascending order."""
        return [row.doc_id for row in self.records() if not self.is_intact(row.doc_id)]

    def is_intact(self, doc_id: str) -> bool:
        """Return whether `document` can return this document."""
        try:
            row = self._whole_row("doc_id", doc_id)
            with self._sound(f"the document {doc_id}"):
                check_whole(row)
        except (IndexDamaged, UnicodeEncodeError):  # no document has an id with surrogates
            return False
        return True
