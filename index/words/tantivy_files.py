"""Write the files of a BM25 index: segments of a former index that stay the same, and new ones.

tantivy counts removed chunks in its frequencies, and its merges estimate the lengths of texts. So
no chunk is ever removed from a segment and no segments are merged: index.words.segments chooses
which segments are written again, and the others are linked. Scores are then exactly those of an
index that was built at once, because tantivy adds up the counts of all segments. A segment stores
the terms of its chunks, so that it is written again without a new analysis of the texts.
"""

import errno
import json
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from itertools import chain, islice
from pathlib import Path
from typing import Any, NamedTuple

import regex
import tantivy

from index.disk.private import link, write_private
from index.types import Ids
from index.words.segments import Segment, even_size, limit, plan
from index.words.tantivy_index import SCHEMA, TantivyIndex, pairs

_META, _MANAGED = "meta.json", ".managed.json"
_HEAP_BYTES = 64 * 2**20


class LexicalText(NamedTuple):
    """The terms of a chunk for BM25.

    terms: of its text, in order. context: of its title and headings; they match, but form no pairs.
    """

    chunk_id: int
    terms: Sequence[str]
    context: Sequence[str] = ()


def build(folder: Path, n: int, rows: Iterable[LexicalText]) -> None:
    """Write an index of n chunks into an existing folder without an index. Raises OSError."""
    with _os_errors():
        _save(folder, _meta(folder), _segments(folder, n, limit(n), map(_document, rows)))


def update(
    folder: Path, former: Path, removed: Ids, n_added: int, rows: Iterable[LexicalText]
) -> None:
    """Write an index with the chunks of a former one, without the removed chunks, and new chunks.

    folder:  an existing folder without an index; it shares files with the former index
    removed: ids; those that the former index lacks are ignored
    rows:    the n_added new chunks

    Raises OSError, IndexDamaged if the former files cannot be read.
    """
    index, listed = TantivyIndex(former), _listed(former)
    gone = index.places_of(removed)
    segments = [
        Segment(int(each["max_doc"]), len(gone.get(i, ()))) for i, each in enumerate(listed)
    ]
    chosen = plan(segments, n_added)
    most = limit(sum(each.n_left for each in segments) + n_added)

    def left(number: int) -> Iterator[Any]:
        return index.stored(number, segments[number].n_chunks, gone.get(number, frozenset()))

    with _os_errors():
        meta = _meta(folder)
        kept = [listed[number] for number in chosen.kept]
        for each in kept:
            _link_files(former, folder, each)
        n_joined = n_added + sum(segments[number].n_left for number in chosen.joined)
        joined = chain(map(_document, rows), *map(left, chosen.joined))
        written = _segments(folder, n_joined, most, joined)
        for number in chosen.alone:
            written += _segments(folder, segments[number].n_left, most, left(number))
        _save(folder, meta, kept + written)


def _document(row: LexicalText) -> Any:
    document = tantivy.Document()
    document.add_unsigned("chunk_id", row.chunk_id)
    document.add_text("terms", " ".join((*row.terms, *row.context)))
    document.add_text("pairs", " ".join(pairs(row.terms)))
    return document


def _segments(folder: Path, n: int, most: int, documents: Iterable[Any]) -> list[dict[str, Any]]:
    """Write n documents as segments of at most `most` each; return tantivy's records of them."""
    written, rest, size = [], iter(documents), even_size(n, most)
    for _ in range(0, n, max(size, 1)):
        # tantivy would merge the segments of one index in the background. So each segment is an
        # index of its own, in the same folder.
        for name in (_META, _MANAGED):
            (folder / name).unlink(missing_ok=True)
        _write(folder, islice(rest, size))
        written += _listed(folder)
    next(rest, None)  # the rows check at their end that none was missing
    return written


def _write(folder: Path, documents: Iterable[Any]) -> None:
    # One thread, so that the same chunks give the same segments.
    writer = _new_index(folder).writer(heap_size=_HEAP_BYTES, num_threads=1)
    for document in documents:
        writer.add_document(document)
    writer.commit()
    writer.wait_merging_threads()


def _new_index(folder: Path) -> Any:
    index = tantivy.Index(SCHEMA, path=str(folder))
    index.config_reader(reload_policy="manual")
    return index


def _meta(folder: Path) -> dict[str, Any]:
    """Create an empty index in a folder; return its record."""
    _new_index(folder)
    meta: dict[str, Any] = json.loads((folder / _META).read_bytes())
    return meta


def _listed(folder: Path) -> list[dict[str, Any]]:
    """Return the records of an index's segments, in the order of tantivy's segment numbers."""
    segments: list[dict[str, Any]] = json.loads((folder / _META).read_bytes())["segments"]
    return segments


def _save(folder: Path, meta: dict[str, Any], segments: list[dict[str, Any]]) -> None:
    write_private(folder / _META, json.dumps({**meta, "segments": segments}))
    # It lists the files that a writer may delete. No writer opens this index again.
    (folder / _MANAGED).unlink(missing_ok=True)


def _link_files(source: Path, target: Path, segment: dict[str, Any]) -> None:
    for file in source.glob(f"{segment['segment_id'].replace('-', '')}.*"):
        link(file, target / file.name)


@contextmanager
def _os_errors() -> Iterator[None]:
    """Translate tantivy's errors into OSError.

    tantivy reports a full disk and similar errors as a ValueError with `(os error 28)` or `code:
    28`. A later error, like a killed writer, is also a ValueError but has no code.
    """
    try:
        yield
    except ValueError as error:
        number = regex.search(r"\(os error (\d+)\)|\bcode: (\d+)", str(error))
        full = "StorageFull" in str(error)
        code = int(number[1] or number[2]) if number else errno.ENOSPC if full else errno.EIO
        raise OSError(code, str(error)) from error
