"""The types that all packages share: spans, documents, chunks, vectors and hits.

Every span is half-open and counts Unicode code points of a document's canonical text, so its text
is always `document.text[span.start:span.end]`.
"""

import re
from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from hashlib import blake2b, sha256
from typing import Any, overload

import numpy as np
from numpy.typing import NDArray

from index.places import Place, PlaceRange, PlacesByKind, by_kind, ranges_of

Vector = NDArray[np.float32]
"""Shape (d,), unit length."""

Matrix = NDArray[np.float32]
"""Shape (n, d), each row of unit length."""

Floats = NDArray[np.float64]

Ids = NDArray[np.int64]
"""Shape (n,), chunk ids."""


@dataclass(frozen=True, slots=True, order=True)
class Span:
    """Half-open code points [start, end) of a canonical text."""

    start: int
    end: int

    def of(self, text: str) -> str:
        """Return the slice of `text` at this span."""
        return text[self.start : self.end]

    def overlaps(self, other: "Span") -> bool:
        """Return whether the two share a code point."""
        return self.start < other.end and other.start < self.end

    def contains(self, other: "Span") -> bool:
        return self.start <= other.start and other.end <= self.end


@dataclass(frozen=True, slots=True)
class Heading:
    """A heading of a document; level 1 is the outermost.

    section_start: the offset at which its section begins, at or before the heading, if the heading
                   is part of the section, as a function's signature; None if the section follows it
    """

    span: Span
    level: int
    text: str
    section_start: int | None = None

    def as_row(self) -> list[object]:
        """Return the heading as JSON values."""
        row: list[object] = [self.span.start, self.span.end, self.level, self.text]
        return row if self.section_start is None else [*row, self.section_start]

    @classmethod
    def from_row(cls, row: Sequence[Any]) -> "Heading":
        """Return the heading of the output of as_row."""
        start, end, level, text, *section_start = row
        return cls(Span(start, end), level, text, *section_start)

    @property
    def begins(self) -> int:
        """The offset at which the section of the heading before it ends."""
        return self.span.start if self.section_start is None else self.section_start

    @property
    def section_begins(self) -> int:
        """The offset at which its section begins."""
        return self.span.end if self.section_start is None else self.section_start


@dataclass(frozen=True)
class Document:
    """A document and its canonical text, which docs/ingest.md defines for each format.

    doc_id:     unique in an index; for a file its path
    source:     where a user can find the document, such as a path or a URL
    media_type: of a format in index.documents.formats
    headings:   in order of their position
    pages:      the offset at which each page begins; empty if the format has no pages
    places:     slides, sheets, rows, anchors and the like, in order of their offsets
    """

    doc_id: str
    source: str
    title: str
    text: str
    media_type: str = "text/plain"
    metadata: Mapping[str, str] = field(default_factory=dict)
    headings: tuple[Heading, ...] = ()
    pages: tuple[int, ...] = ()
    places: tuple[Place, ...] = ()

    @cached_property
    def sha256(self) -> str:
        """The sha256 of the canonical text as UTF-8, in hex."""
        return sha256_of(self.text)

    @cached_property
    def _line_ends(self) -> "array[int]":
        return array("q", (match.start() for match in re.finditer("\n", self.text)))

    def lines_of(self, span: Span) -> tuple[int, int]:
        """Return the first and last line of the span, counted from 1."""
        last = max(span.start, span.end - 1)
        ends = self._line_ends
        return bisect_right(ends, span.start - 1) + 1, bisect_right(ends, last - 1) + 1

    @property
    def n_lines(self) -> int:
        """The number of lines. A line end at the end of the text does not begin another line."""
        return len(self._line_ends) + (not self.text.endswith("\n"))

    def span_of_lines(self, first: int, last: int) -> Span:
        """Return the span of lines, counted from 1, without the line end of the last one.

        Requires 1 <= first <= last <= n_lines.
        """
        ends = [-1, *self._line_ends, len(self.text)]
        return Span(ends[first - 1] + 1, ends[last])

    def pages_of(self, span: Span) -> tuple[int, int] | tuple[None, None]:
        """Return the first and last page of the span, from 1; (None, None) without pages."""
        if not self.pages:
            return None, None
        last = max(span.start, span.end - 1)
        return bisect_right(self.pages, span.start), bisect_right(self.pages, last)

    def places_of(self, span: Span) -> tuple[PlaceRange, ...]:
        """Return the places of each kind that hold in the span."""
        if not self.places:
            return ()
        ends = self._line_ends
        return ranges_of(
            self._places_by_kind,
            span.start,
            span.end,
            lambda offset: bisect_right(ends, offset - 1),
        )

    @cached_property
    def _places_by_kind(self) -> PlacesByKind:
        return by_kind(self.places)

    def headings_of(self, span: Span) -> tuple[str, ...]:
        """Return the headings above the span's last character, outermost first."""
        return tuple(heading.text for heading in self.heading_path(span.end))

    def context_of(self, span: Span) -> tuple[str, ...]:
        """Return what is searched with the text of a span: title, headings, words of their names.

        The words are those of signatures in source code, such as `retryDownload`.
        """
        path = self.heading_path(span.end)
        words = (words_of_name(each.text) for each in path if each.section_start is not None)
        return (self.title, *(each.text for each in path), *filter(None, words))

    def heading_path(self, end: int) -> tuple[Heading, ...]:
        """Return the headings whose sections contain the text before an offset, outermost first."""
        starts, above = self._heading_tree
        i = bisect_left(starts, end) - 1
        path = []
        while i >= 0:
            path.append(self.headings[i])
            i = above[i]
        return tuple(reversed(path))

    def section_at(self, end: int, level: int | None = None) -> Span:
        """Return the section of the last heading that begins before an offset.

        The section ends at the next heading. With a level, it is the section of the last heading of
        this level or a smaller number, and ends at the next heading of this level or a smaller
        number. If there is no such heading, the section begins at the start of the text.
        """
        starts, _ = self._heading_tree
        i = bisect_left(starts, end) - 1
        while level is not None and i >= 0 and self.headings[i].level > level:
            i -= 1
        after = i + 1
        while level is not None and after < len(starts) and self.headings[after].level > level:
            after += 1
        start = self.headings[i].section_begins if i >= 0 else 0
        return Span(start, starts[after] if after < len(starts) else len(self.text))

    @cached_property
    def heading_keys(self) -> frozenset[str]:
        """The keys (heading_key) of the headings."""
        return frozenset(heading_key(heading.text) for heading in self.headings) - {""}

    @cached_property
    def _heading_tree(self) -> tuple[list[int], list[int]]:
        """The start of each heading, and the number of its parent heading, or -1."""
        above: list[int] = []
        path: list[int] = []
        for number, heading in enumerate(self.headings):
            while path and self.headings[path[-1]].level >= heading.level:
                path.pop()
            above.append(path[-1] if path else -1)
            path.append(number)
        return [heading.begins for heading in self.headings], above


@dataclass(frozen=True, slots=True)
class FileVersion:
    """The version of a file that a document was loaded from, and how it was loaded.

    changed_ns: time of the last change, in nanoseconds; None if a later change could have the same
    sha256:     of its bytes, in hex
    loader:     Format.key of the format
    options:    LoadOptions.key of the load
    warning:    what a user should check, or None
    """

    n_bytes: int
    changed_ns: int | None
    sha256: str
    loader: str
    options: str
    warning: str | None = None


@dataclass(frozen=True, slots=True)
class DocumentRecord:
    """A document in an index, without its text.

    path:         the resolved path of its file; None without a file
    file_version: the version of the file that was loaded; None if it is not known
    """

    doc_id: str
    path: str | None
    source: str
    title: str
    media_type: str
    sha256: str
    n_chars: int
    n_chunks: int
    metadata: Mapping[str, str]
    file_version: FileVersion | None


@dataclass(frozen=True, slots=True)
class Chunk:
    """A span of a document, with the spans of its sentences.

    ordinal:   number of the chunk in the document, from 0
    sentences: at least one, in order, within the span
    digest:    16 bytes, digest_of the text
    contents_list: whether its sentences only name other places (index.documents.contents)
    """

    chunk_id: int
    doc_id: str
    ordinal: int
    span: Span
    sentences: tuple[Span, ...]
    digest: bytes
    contents_list: bool = False

    @property
    def encoding_key(self) -> "EncodingKey":
        """All that the encoding depends on.

        The digest of the text, and the bytes of its sentences: int32, (n, 2), offsets from the
        start of the chunk.
        """
        first = self.span.start
        places = [[s.start - first, s.end - first] for s in self.sentences]
        return self.digest, np.array(places, "<i4").tobytes()


EncodingKey = tuple[bytes, bytes]
"""Chunks with the same key have the same encoding."""


def words_of_name(name: str) -> str:
    """Return the words of a name in camel case; "" for other names.

    >>> words_of_name("HTTPServer.retryDownload"), words_of_name("retry_download")
    ('HTTP Server retry Download', '')
    """
    words = re.findall(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+", name)
    return " ".join(words) if re.search("[a-z][A-Z]|[A-Z]{2}[a-z]", name) else ""


def heading_key(text: str) -> str:
    """Return the letters of a heading or of an entry that names it, without number and markup.

    >>> heading_key("  - 2.1 Getting *started*") == heading_key("Getting Started")
    True
    """
    return " ".join(re.findall(r"[^\W\d_]+", text.casefold()))


def sha256_of(text: str) -> str:
    """Return the sha256 of a text as UTF-8, in hex."""
    return sha256(text.encode()).hexdigest()


def digest_of(text: str) -> bytes:
    """Return a 16-byte digest of a text. Each citation is checked against it before output."""
    return blake2b(text.encode(), digest_size=16).digest()


def chunk_id_of(doc_id: str, span: Span, digest: bytes) -> int:
    """Return a non-negative 63-bit id, which does not depend on the order of ingests.

    Ties are broken by this id, so an index built in several steps ranks the same as one built at
    once.
    """
    key = f"{doc_id}\0{span.start}\0{span.end}\0".encode() + digest
    return int.from_bytes(blake2b(key, digest_size=8).digest(), "big") >> 1


@dataclass(frozen=True, slots=True)
class TokenVectors:
    """A chunk's token vectors, compressed by index.encode.token_codec, sorted by sentence.

    There are none if the model encodes sentences separately.

    codes:       uint8, shape (t, ceil(d / 4))
    scales:      float16, shape (t,)
    sentence_of: uint16, shape (t,): index of the token's sentence in the chunk; the number of
                 sentences for a token in no sentence, such as one in a heading
    """

    codes: NDArray[np.uint8]
    scales: NDArray[np.float16]
    sentence_of: NDArray[np.uint16]

    def __len__(self) -> int:
        return len(self.scales)

    @property
    def n_bytes(self) -> int:
        return self.codes.nbytes + self.scales.nbytes + self.sentence_of.nbytes

    @classmethod
    def none(cls) -> "TokenVectors":
        empty = np.zeros(0)
        return cls(np.zeros((0, 0), np.uint8), empty.astype(np.float16), empty.astype(np.uint16))


@dataclass(frozen=True, slots=True)
class Encoding:
    """The vectors of a chunk (d,), of its sentences (n, d), and of its tokens."""

    vector: Vector
    sentence_vectors: Matrix
    tokens: TokenVectors


@dataclass(frozen=True, slots=True, eq=False)
class ChunkVectors:
    """The vectors of many chunks, without one object per chunk.

    ids:    int64, (n,), ascending
    firsts: int64, (n + 1,): row firsts[i] is the vector of chunk i, and the rows from
            firsts[i] + 1 up to, but not including, firsts[i + 1] are its sentences
    codes:  int8, (rows, d)
    scales: float32, (rows,): vector i is scales[i] * codes[i]
    """

    ids: Ids
    firsts: NDArray[np.int64]
    codes: NDArray[np.int8]
    scales: NDArray[np.float32]

    def cosines(self, query: Vector) -> NDArray[np.float32]:
        """Return the cosine of each vector with the query, (rows,)."""
        # Not @: its products of equal vectors can differ by row.
        cosines = np.einsum("nd,d->n", self.codes.astype(np.float32), query)
        return np.asarray(cosines * self.scales, dtype=np.float32)

    def own(self, places: NDArray[np.int64]) -> Matrix:
        """Return the vectors, (places, d), of the chunks at these positions in `ids`."""
        rows = self.firsts[places]
        scaled = self.codes[rows] * self.scales[rows, None]
        return np.asarray(scaled, dtype=np.float32)


@dataclass(frozen=True, slots=True)
class QueryEncoding:
    """The vectors of a query.

    vector:        (d,), zero if `unread` is at least 0.5
    token_vectors: (t, d), without unknown tokens
    offsets:       of each token in the query, half-open
    unread:        share of its characters, without white space and punctuation, that are not in the
                   model's vocabulary, in [0, 1]
    """

    vector: Vector
    token_vectors: Matrix
    offsets: tuple[tuple[int, int], ...]
    unread: float = 0.0

    @classmethod
    def none(cls, dimension: int) -> "QueryEncoding":
        """Return the encoding of a query without a model: a zero vector, no tokens."""
        return cls(np.zeros(dimension, np.float32), np.zeros((0, dimension), np.float32), ())


@dataclass(frozen=True, slots=True)
class Hit:
    """A result of one index. A higher score is better; rank counts from 1."""

    chunk_id: int
    score: float
    rank: int


@dataclass(frozen=True, slots=True, eq=False)
class Hits(Sequence[Hit]):
    """The results of one index, best first. ids: int64, (n,); scores: float64, (n,)."""

    ids: Ids
    scores: NDArray[np.float64]

    def __len__(self) -> int:
        return len(self.ids)

    @overload
    def __getitem__(self, i: int) -> Hit: ...
    @overload
    def __getitem__(self, i: slice) -> list[Hit]: ...
    def __getitem__(self, i: int | slice) -> Hit | list[Hit]:
        if isinstance(i, slice):
            return [self[each] for each in range(len(self))[i]]
        i = range(len(self))[i]
        return Hit(int(self.ids[i]), float(self.scores[i]), i + 1)

    @classmethod
    def ordered(cls, ids: Ids, scores: NDArray[np.float64], k: int) -> "Hits":
        """Return the k best of these, ties to the smaller id."""
        order = np.lexsort((ids, -scores))[:k]
        return cls(ids[order], scores[order])

    @classmethod
    def none(cls) -> "Hits":
        return cls(np.zeros(0, np.int64), np.zeros(0))


@dataclass(frozen=True, slots=True)
class IndexDescription:
    """A description of a vector index for users.

    kind:    `exact` or `inverted lists`
    n_bytes: of vectors, ids and centroids, the same in the file and in memory
    """

    kind: str
    n_vectors: int
    n_bytes: int
    n_lists: int
    n_probed: int
    recall: float | None
