"""BM25 by tantivy, k1 = 1.2, b = 0.75; the one module that imports it.

Terms come ready-made from index.words.analyze; tantivy only splits them at the spaces between them.
Pairs of terms that follow one another are a field of their own, in either order: that a passage has
two words of the question side by side says more than that it has both (the sequential dependence
model of Metzler and Croft 2005). The index is a folder that is written once and then only read.
"""

import errno
import os
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from itertools import pairwise
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple

import numpy as np
import regex
import tantivy
from numpy.typing import NDArray

from index.disk.unchanged import Unchanged
from index.errors import IndexDamaged, IndexProblem
from index.types import Hits, Ids

VERSION: str = tantivy.__version__  # type: ignore[attr-defined]

PAIR_WEIGHT = 0.5
"""What a pair counts against a term. From .25 to .5 it gains on every development set; 1 gains less
or nothing (eval/LOG.md)."""

_FEW = 500
_UNMAPPED = (".json", ".lock")
_HEAP_BYTES = 64 * 2**20
_SCHEMA = (
    tantivy.SchemaBuilder()
    .add_unsigned_field("chunk_id", indexed=True, fast=True)
    .add_text_field("terms", tokenizer_name="whitespace", index_option="freq")
    .add_text_field("pairs", tokenizer_name="whitespace", index_option="freq")
    .build()
)


class LexicalText(NamedTuple):
    """What BM25 knows of a chunk. terms: its own, in order. context: those of its title and
    headings, which it is found by too."""

    chunk_id: int
    terms: Sequence[str]
    context: Sequence[str] = ()


def _pairs(terms: Sequence[str]) -> list[str]:
    """No term has an underscore, so a pair is no other's."""
    return ["_".join(sorted(pair)) for pair in pairwise(terms)]


class TantivyIndex:
    """A LexicalIndex over a folder of tantivy's."""

    def __init__(self, folder: Path) -> None:
        """Raises IndexDamaged if tantivy cannot read it, IndexProblem."""
        self._folder = folder
        self._mapped = Unchanged(path for path in folder.iterdir() if path.suffix not in _UNMAPPED)
        with _reading(folder):
            self._searcher = _searcher(folder)

    def __len__(self) -> int:
        return int(self._searcher.num_docs)

    def search(self, terms: Sequence[str], k: int, within: Ids | None = None) -> Hits:
        """Each distinct term or pair counts once, however often the query repeats it."""
        available = len(self) if within is None else min(len(self), len(within))
        if not terms or not available or k < 1:
            return Hits.none()
        self._mapped.check()
        with _reading(self._folder):
            ids, scores = self._found(self._query(terms, within), k, available)
        return Hits.ordered(ids, scores, k)

    def _found(self, query: Any, k: int, available: int) -> tuple[Ids, NDArray[np.float64]]:
        """The k best and all that tie with the k-th."""
        fetched = min(k, available)
        while True:
            # As in index.vectors.faiss_index: fetch on until every chunk that ties with the k-th is
            # in sight.
            fetched = min(fetched + 1, available)
            found = self._searcher.search(query, fetched, count=False).hits
            if fetched == available or len(found) < fetched or found[k - 1][0] > found[-1][0]:
                break
            fetched *= 2
        ids = self._searcher.fast_field_values("chunk_id", [address for _, address in found])
        scores = [score for score, _ in found]
        return np.array(ids, dtype=np.int64), np.array(scores, dtype=np.float64)

    def ids(self) -> Ids:
        """The chunks that there are, in order."""
        with _reading(self._folder):
            found = self._searcher.search(tantivy.Query.all_query(), max(len(self), 1)).hits
            addresses = [address for _, address in found]
            ids = self._searcher.fast_field_values("chunk_id", addresses)
        return np.sort(np.array(ids, dtype=np.int64))

    def _query(self, terms: Sequence[str], within: Ids | None) -> Any:
        parts = [
            tantivy.Query.term_query(_SCHEMA, "terms", term, "freq")
            for term in dict.fromkeys(terms)
        ]
        parts += [
            tantivy.Query.boost_query(
                tantivy.Query.term_query(_SCHEMA, "pairs", pair, "freq"), PAIR_WEIGHT
            )
            for pair in dict.fromkeys(_pairs(terms))
        ]
        any_term = tantivy.Query.boolean_query([(tantivy.Occur.Should, part) for part in parts])
        if within is None:
            return any_term
        chunks = _any_of(within)
        return tantivy.Query.boolean_query(
            [
                (tantivy.Occur.Must, any_term),
                (tantivy.Occur.Must, tantivy.Query.const_score_query(chunks, 0.0)),
            ]
        )

    def document_frequencies(self, terms: Sequence[str]) -> list[int]:
        self._mapped.check()
        with _reading(self._folder):
            return [int(self._searcher.doc_freq("terms", term)) for term in terms]

    @property
    def changed(self) -> bool:
        return self._mapped.changed is not None


def _searcher(folder: Path) -> Any:
    try:
        return _opened(folder)
    except ValueError as error:
        # tantivy locks a file, made if need be, while it opens the others.
        if "Failed to acquire Lockfile" not in str(error):
            raise
    with _linked(folder) as links:
        return _opened(links)


def _opened(folder: Path) -> Any:
    index = tantivy.Index.open(str(folder))
    # The folder never changes: no thread needs to watch it, and none must load from it while
    # another process replaces it.
    index.config_reader(reload_policy="manual")
    return index.searcher()


@contextmanager
def _linked(folder: Path) -> Iterator[Path]:
    """A temporary folder of links to the files of one that cannot be written.

    Raises IndexProblem if no temporary folder can be made.
    """
    try:
        shared = Path("/dev/shm")
        made = TemporaryDirectory(prefix="rag-", dir=shared if os.access(shared, os.W_OK) else None)
    except OSError as error:
        raise IndexProblem(
            f"{folder} cannot be written, and no temporary folder can be made "
            f"({error.strerror or error}); name one with TMPDIR"
        ) from error
    with made as name:
        links = Path(name)
        for file in folder.resolve().iterdir():
            if file.suffix != ".lock":
                (links / file.name).symlink_to(file)
        yield links


def _any_of(ids: Ids) -> Any:
    """Matches these chunks. A set of terms is matched against all there are: few are found sooner
    one by one, .5 ms instead of 5 for a hundred of a million."""
    if len(ids) > _FEW:
        return tantivy.Query.term_set_query(_SCHEMA, "chunk_id", [int(i) for i in ids])
    return tantivy.Query.boolean_query(
        [(tantivy.Occur.Should, tantivy.Query.term_query(_SCHEMA, "chunk_id", int(i))) for i in ids]
    )


def append(folder: Path, rows: Iterable[LexicalText]) -> None:
    """Add chunks to the index in a folder, made if there is none.

    Chunks are never removed from an index: tantivy goes on counting removed ones in its document
    frequencies, and BM25 would depend on history. An index that has lost chunks is built anew.
    """
    with _os_errors():
        index = tantivy.Index(_SCHEMA, path=str(folder))
        index.config_reader(reload_policy="manual")
        # One thread: the same chunks give the same segments.
        writer = index.writer(heap_size=_HEAP_BYTES, num_threads=1)
        for row in rows:
            document = tantivy.Document()
            document.add_unsigned("chunk_id", row.chunk_id)
            document.add_text("terms", " ".join((*row.terms, *row.context)))
            document.add_text("pairs", " ".join(_pairs(row.terms)))
            writer.add_document(document)
        writer.commit()
        writer.wait_merging_threads()


@contextmanager
def _reading(folder: Path) -> Iterator[None]:
    """What tantivy raises for files that were changed after they were verified: errors of many
    kinds, and a panic, which Python takes for no Exception."""
    try:
        yield
    except BaseException as error:
        panic = type(error).__name__ == "PanicException"
        if panic or isinstance(error, (IndexError, OverflowError, TypeError, ValueError)):
            raise IndexDamaged(
                f"the BM25 files in {folder} cannot be read ({error}); they are made anew when the "
                "index is opened again"
            ) from error
        raise


@contextmanager
def _os_errors() -> Iterator[None]:
    """tantivy reports a full disk and its like as a ValueError that says `(os error 28)` or
    `code: 28`; and what follows from it as a ValueError of its own, as that its writer was killed.
    """
    try:
        yield
    except ValueError as error:
        number = regex.search(r"\(os error (\d+)\)|\bcode: (\d+)", str(error))
        full = "StorageFull" in str(error)
        code = int(number[1] or number[2]) if number else errno.ENOSPC if full else errno.EIO
        raise OSError(code, str(error)) from error
