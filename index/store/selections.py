"""Reads of chunk ids: of the documents that match conditions, and of changes since a generation."""

import json
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from index.conditions import Condition
from index.store.condition_sql import sql_of
from index.store.generations import GenerationReader
from index.store.rows import GenerationChanges, ids_from, ids_sum, json_ids
from index.types import Ids


class SelectionReader(GenerationReader):
    """Reads many ids at once. Those of a document are compared with their checksum."""

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
        where: Condition | None = None,
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
        conditions = [f"{column} IN (SELECT value FROM json_each(?))" for column in given]
        values: list[object] = list(given.values())
        if where is not None:
            expression, parameters = sql_of(where)
            conditions.append(expression)
            values += parameters
        chosen = f"FROM documents WHERE {' AND '.join(conditions) or 'TRUE'}"
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
