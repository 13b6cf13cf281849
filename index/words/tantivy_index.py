"""BM25 with tantivy, k1 = 1.2, b = 0.75. Only this module and tantivy_files import tantivy.

index.words.analyze makes the terms; tantivy only splits them at spaces. A second field holds pairs
of adjacent terms, regardless of their order: two adjacent words of the question are stronger
evidence than the two words anywhere in the passage (sequential dependence model, Metzler and Croft
2005). The index is a folder that is written once and then only read.
"""

import os
from collections.abc import Iterator, Sequence, Set
from contextlib import contextmanager
from itertools import pairwise
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import tantivy
from numpy.typing import NDArray

from index.disk.unchanged import Unchanged
from index.errors import IndexDamaged, IndexProblem
from index.types import Hits, Ids

VERSION: str = tantivy.__version__  # type: ignore[attr-defined]

PAIR_WEIGHT = 0.5
"""The weight of a pair; a term has weight 1. Values from 0.25 to 0.5 improve every development set;
1 improves them less or not at all (eval/LOG.md)."""

_BITS = 20
"""Terms that one query tells apart: a score is a float of 24 bits."""
_FEW = 500
_MORE = 16
"""How many hits more than wanted a search fetches: copies of a text tie, and a second search takes
as long as the first."""

STORED = ".store"
"""The end of the names of the files with the stored terms. Only an update reads them."""

_SEARCHED = (".fast", ".fieldnorm", ".idx", ".term")
SCHEMA = (
    tantivy.SchemaBuilder()
    .add_unsigned_field("chunk_id", stored=True, indexed=True, fast=True)
    .add_text_field("terms", stored=True, tokenizer_name="whitespace", index_option="freq")
    .add_text_field("pairs", stored=True, tokenizer_name="whitespace", index_option="freq")
    .build()
)


def pairs(terms: Sequence[str]) -> list[str]:
    """Return the pairs of adjacent terms. No term has an underscore, so a pair is unambiguous.

    >>> pairs(["grain", "aid", "came"])
    ['aid_grain', 'aid_came']
    """
    return [f"{a}_{b}" if a < b else f"{b}_{a}" for a, b in pairwise(terms)]


class TantivyIndex:
    """A LexicalIndex over a folder of tantivy files."""

    def __init__(self, folder: Path) -> None:
        """Open the folder.

        Raises IndexDamaged if tantivy cannot read it, IndexProblem if the folder is read-only and
        no temporary folder can be made.
        """
        self._folder = folder
        self._mapped = Unchanged(path for path in folder.iterdir() if path.suffix in _SEARCHED)
        with _reading(folder):
            self._searcher = _searcher(folder)

    def __len__(self) -> int:
        return int(self._searcher.num_docs)

    def search(self, terms: Sequence[str], k: int, within: Ids | None = None) -> Hits:
        """See index.protocols.LexicalIndex. A term or pair that the query repeats counts once."""
        available = len(self) if within is None else min(len(self), len(within))
        if not terms or not available or k < 1:
            return Hits.none()
        self._mapped.check()
        with _reading(self._folder):
            ids, scores = self._found(self._query(terms, within), k, available)
        return Hits.ordered(ids, scores, k)

    def _found(self, query: Any, k: int, available: int) -> tuple[Ids, NDArray[np.float64]]:
        """Return the ids and scores of the k best chunks and of all that tie with the k-th."""
        fetched = min(k, available)
        while True:
            # As in index.vectors.faiss_index: fetch more hits until the last one scores lower than
            # the k-th, so that all ties with the k-th are fetched.
            fetched = min(fetched + _MORE, available)
            found = self._searcher.search(query, fetched, count=False).hits
            if fetched == available or len(found) < fetched or found[k - 1][0] > found[-1][0]:
                break
            fetched *= 2
        ids = self._searcher.fast_field_values("chunk_id", [address for _, address in found])
        scores = [score for score, _ in found]
        return np.array(ids, dtype=np.int64), np.array(scores, dtype=np.float64)

    def ids(self) -> Ids:
        """Return the ids of all chunks, ascending."""
        with _reading(self._folder):
            found = self._searcher.search(tantivy.Query.all_query(), max(len(self), 1)).hits
            addresses = [address for _, address in found]
            ids = self._searcher.fast_field_values("chunk_id", addresses)
        return np.sort(np.array(ids, dtype=np.int64))

    def places_of(self, ids: Ids) -> dict[int, set[int]]:
        """Return where these chunks are: by number of the segment, their numbers in it.

        Chunks that are not in the index are omitted.
        """
        places: dict[int, set[int]] = {}
        if len(ids) and len(self):
            with _reading(self._folder):
                found = self._searcher.search(_any_of(ids), len(self), count=False).hits
            for _, address in found:
                places.setdefault(address.segment_ord, set()).add(address.doc)
        return places

    def stored(self, segment: int, n: int, without: Set[int]) -> Iterator[Any]:
        """Yield tantivy's documents 0 to n - 1 of a segment, except some."""
        with _reading(self._folder):
            for number in range(n):
                if number not in without:
                    yield self._searcher.doc(tantivy.DocAddress(segment, number))

    def _query(self, terms: Sequence[str], within: Ids | None) -> Any:
        parts = [
            tantivy.Query.term_query(SCHEMA, "terms", term, "freq") for term in dict.fromkeys(terms)
        ]
        parts += [
            tantivy.Query.boost_query(
                tantivy.Query.term_query(SCHEMA, "pairs", pair, "freq"), PAIR_WEIGHT
            )
            for pair in dict.fromkeys(pairs(terms))
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

    def having(self, terms: Sequence[str], ids: Ids) -> NDArray[np.bool_]:
        """See index.protocols.LexicalIndex."""
        has = np.zeros((len(ids), len(terms)), dtype=np.bool_)
        place_of = {int(each): place for place, each in enumerate(ids)}
        for first in range(0, len(terms), _BITS):
            some = terms[first : first + _BITS]
            for each, bits in self._bits(some, ids):
                has[place_of[each], first : first + len(some)] = [
                    bool(bits >> i & 1) for i in range(len(some))
                ]
        return has

    def _bits(self, terms: Sequence[str], ids: Ids) -> Iterator[tuple[int, int]]:
        """Yield the id of each chunk that has any of the terms, with a bit for each term.

        The bits are the score: term i scores 2**i, and a score holds _BITS bits exactly.
        """
        if not terms or not len(ids):
            return
        self._mapped.check()
        scored = [
            tantivy.Query.const_score_query(
                tantivy.Query.term_query(SCHEMA, "terms", term, "basic"), float(1 << i)
            )
            for i, term in enumerate(terms)
        ]
        any_term = tantivy.Query.boolean_query([(tantivy.Occur.Should, each) for each in scored])
        chunks = tantivy.Query.const_score_query(_any_of(ids), 0.0)
        both = tantivy.Query.boolean_query(
            [(tantivy.Occur.Must, any_term), (tantivy.Occur.Must, chunks)]
        )
        with _reading(self._folder):
            found = self._searcher.search(both, len(ids), count=False).hits
            addresses = [address for _, address in found]
            held = self._searcher.fast_field_values("chunk_id", addresses)
        yield from zip(held, (int(score) for score, _ in found), strict=True)

    @property
    def changed(self) -> bool:
        return self._mapped.changed is not None


def _searcher(folder: Path) -> Any:
    try:
        return _opened(folder)
    except ValueError as error:
        # tantivy creates and locks a lock file while it opens the index.
        if "Failed to acquire Lockfile" not in str(error):
            raise
    with _linked(folder) as links:
        return _opened(links)


def _opened(folder: Path) -> Any:
    index = tantivy.Index.open(str(folder))
    # The folder never changes, so no thread needs to watch it. A reload while another process
    # deletes the folder would fail.
    index.config_reader(reload_policy="manual")
    return index.searcher()


@contextmanager
def _linked(folder: Path) -> Iterator[Path]:
    """Yield a temporary folder with links to the files of a read-only folder.

    Raises IndexProblem if no temporary folder can be made.
    """
    try:
        shared = Path("/dev/shm")
        made = TemporaryDirectory(prefix="rag-", dir=shared if os.access(shared, os.W_OK) else None)
    except OSError as error:
        raise IndexProblem(
            f"{folder} is read-only, and no temporary folder can be created "
            f"({error.strerror or error}); set TMPDIR to a writable folder"
        ) from error
    with made as name:
        links = Path(name)
        for file in folder.resolve().iterdir():
            if file.suffix != ".lock":
                (links / file.name).symlink_to(file)
        yield links


def _any_of(ids: Ids) -> Any:
    """Return a query that matches these chunks.

    A term set is compared with all ids in the index. For few ids, one query per id is faster: 0.5
    ms instead of 5 for 100 of a million.
    """
    numbers: list[int] = ids.tolist()
    if len(numbers) > _FEW:
        return tantivy.Query.term_set_query(SCHEMA, "chunk_id", numbers)
    should, term_query = tantivy.Occur.Should, tantivy.Query.term_query
    return tantivy.Query.boolean_query(
        [(should, term_query(SCHEMA, "chunk_id", number)) for number in numbers]
    )


@contextmanager
def _reading(folder: Path) -> Iterator[None]:
    """Translate tantivy's errors into IndexDamaged.

    For files changed after their verification, tantivy raises many kinds of errors, and a panic,
    which is a BaseException but not an Exception.
    """
    try:
        yield
    except BaseException as error:
        panic = type(error).__name__ == "PanicException"
        if panic or isinstance(error, (IndexError, OverflowError, TypeError, ValueError)):
            raise IndexDamaged(
                f"the BM25 files in {folder} cannot be read ({error}); open the index again to "
                "rebuild them"
            ) from error
        raise
