"""BM25 by tantivy, k1 = 1.2, b = 0.75; the one module that imports it.

Terms come ready-made from index.analyze; tantivy only splits them at the spaces between them. The
index is a folder that is written once and then only read.
"""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import regex
import tantivy

from index.types import Hit, Ids

VERSION: str = tantivy.__version__  # type: ignore[attr-defined]

_HEAP_BYTES = 64 * 2**20
_SCHEMA = (
    tantivy.SchemaBuilder()
    .add_unsigned_field("chunk_id", indexed=True, fast=True)
    .add_text_field("terms", tokenizer_name="whitespace", index_option="freq")
    .build()
)


class TantivyIndex:
    """A LexicalIndex over a folder of tantivy's."""

    def __init__(self, folder: Path) -> None:
        self._index = tantivy.Index.open(str(folder))
        # The folder never changes: no thread needs to watch it, and none must load from it while
        # another process replaces it.
        self._index.config_reader(reload_policy="manual")
        self._searcher = self._index.searcher()

    def __len__(self) -> int:
        return int(self._searcher.num_docs)

    def search(self, terms: Sequence[str], k: int, within: Ids | None = None) -> list[Hit]:
        """Each distinct term counts once, however often the query repeats it."""
        distinct = list(dict.fromkeys(terms))
        available = len(self) if within is None else min(len(self), len(within))
        if not distinct or not available or k < 1:
            return []
        query = self._query(distinct, within)
        fetched = min(k, available)
        while True:
            # As in index.dense: fetch on until every chunk that ties with the k-th is in sight.
            fetched = min(fetched + 1, available)
            found = self._searcher.search(query, fetched, count=False).hits
            if fetched == available or len(found) < fetched or found[k - 1][0] > found[-1][0]:
                break
            fetched *= 2
        ids = self._searcher.fast_field_values("chunk_id", [address for _, address in found])
        ranked = sorted(
            (-float(score), int(chunk_id or 0))
            for (score, _), chunk_id in zip(found, ids, strict=True)
        )
        return [Hit(i, -score, rank) for rank, (score, i) in enumerate(ranked[:k], 1)]

    def _query(self, terms: list[str], within: Ids | None) -> Any:
        any_term = tantivy.Query.boolean_query(
            [
                (tantivy.Occur.Should, tantivy.Query.term_query(_SCHEMA, "terms", term, "freq"))
                for term in terms
            ]
        )
        if within is None:
            return any_term
        chunks = tantivy.Query.term_set_query(_SCHEMA, "chunk_id", [int(i) for i in within])
        return tantivy.Query.boolean_query(
            [
                (tantivy.Occur.Must, any_term),
                (tantivy.Occur.Must, tantivy.Query.const_score_query(chunks, 0.0)),
            ]
        )

    def document_frequency(self, term: str) -> int:
        return int(self._searcher.doc_freq("terms", term))


def append(folder: Path, rows: Iterable[tuple[int, Sequence[str]]]) -> None:
    """Add chunks, as ids with their terms, to the index in a folder, made if there is none.

    Chunks are never removed from an index: tantivy goes on counting removed ones in its document
    frequencies, and BM25 would depend on history. An index that has lost chunks is built anew.
    """
    with _os_errors():
        index = tantivy.Index(_SCHEMA, path=str(folder))
        index.config_reader(reload_policy="manual")
        # One thread: the same chunks give the same segments.
        writer = index.writer(heap_size=_HEAP_BYTES, num_threads=1)
        for chunk_id, terms in rows:
            document = tantivy.Document()
            document.add_unsigned("chunk_id", chunk_id)
            document.add_text("terms", " ".join(terms))
            writer.add_document(document)
        writer.commit()
        writer.wait_merging_threads()


@contextmanager
def _os_errors() -> Iterator[None]:
    """tantivy reports a full disk and its like as a ValueError that says `(os error 28)`."""
    try:
        yield
    except ValueError as error:
        number = regex.search(r"\(os error (\d+)\)", str(error))
        if number is None:
            raise
        raise OSError(int(number.group(1)), str(error)) from error
