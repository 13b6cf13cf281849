"""The types that all packages share: spans, documents, chunks, vectors and hits.

Every span is half-open and counts Unicode code points of a document's canonical text, so that
`document.text[span.start:span.end]` is always what the span stands for.
"""

import re
from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from hashlib import blake2b, sha256
from typing import overload

import numpy as np
from numpy.typing import NDArray

Vector = NDArray[np.float32]
"""Shape (d,), unit length."""

Matrix = NDArray[np.float32]
"""Shape (n, d), each row of unit length."""

Ids = NDArray[np.int64]
"""Shape (n,), chunk ids."""


@dataclass(frozen=True, slots=True, order=True)
class Span:
    """Half-open code points [start, end) of a canonical text."""

    start: int
    end: int

    def of(self, text: str) -> str:
        """The slice of `text` that this span stands for."""
        return text[self.start : self.end]

    def contains(self, other: "Span") -> bool:
        return self.start <= other.start and other.end <= self.end


@dataclass(frozen=True, slots=True)
class Heading:
    """A heading of a document; level 1 is the outermost."""

    span: Span
    level: int
    text: str


@dataclass(frozen=True)
class Document:
    """A document and its canonical text: decoded, line ends as `\\n`, otherwise as it was.

    doc_id:    unique in an index; for a file its path
    source:    where a person finds it
    media_type: of a format in index.documents.formats
    headings:  in order of their position
    pages:     the offset at which each page begins; empty if the format has no pages
    """

    doc_id: str
    source: str
    title: str
    text: str
    media_type: str = "text/plain"
    metadata: Mapping[str, str] = field(default_factory=dict)
    headings: tuple[Heading, ...] = ()
    pages: tuple[int, ...] = ()

    @cached_property
    def sha256(self) -> str:
        """Of the canonical text as UTF-8, in hex."""
        return sha256_of(self.text)

    @cached_property
    def _line_ends(self) -> "array[int]":
        return array("q", (match.start() for match in re.finditer("\n", self.text)))

    def lines_of(self, span: Span) -> tuple[int, int]:
        """First and last line of the span, counted from 1."""
        last = max(span.start, span.end - 1)
        ends = self._line_ends
        return bisect_right(ends, span.start - 1) + 1, bisect_right(ends, last - 1) + 1

    @property
    def n_lines(self) -> int:
        """A line end that the text ends with begins no further line."""
        return len(self._line_ends) + (not self.text.endswith("\n"))

    def span_of_lines(self, first: int, last: int) -> Span:
        """From the start of the first line to the end of the last one, without its line end; lines
        count from 1. Requires 1 <= first <= last <= n_lines."""
        ends = [-1, *self._line_ends, len(self.text)]
        return Span(ends[first - 1] + 1, ends[last])

    def pages_of(self, span: Span) -> tuple[int, int] | tuple[None, None]:
        """First and last page of the span, counted from 1; None where there are no pages."""
        if not self.pages:
            return None, None
        last = max(span.start, span.end - 1)
        return bisect_right(self.pages, span.start), bisect_right(self.pages, last)

    def headings_of(self, span: Span) -> tuple[str, ...]:
        """The headings that the span's last character stands under, outermost first."""
        return tuple(heading.text for heading in self.heading_path(span.end))

    def heading_path(self, end: int) -> tuple[Heading, ...]:
        """The headings that begin before an offset and hold there, outermost first."""
        starts, above = self._heading_tree
        i = bisect_left(starts, end) - 1
        path = []
        while i >= 0:
            path.append(self.headings[i])
            i = above[i]
        return tuple(reversed(path))

    def section_at(self, end: int, level: int | None = None) -> Span:
        """What stands under the last heading that begins before an offset, up to the next heading;
        with a level, under the last one of it, up to the next that is not under that.

        Without a heading before it, from the beginning of the text.
        """
        starts, _ = self._heading_tree
        i = bisect_left(starts, end) - 1
        while level is not None and i >= 0 and self.headings[i].level > level:
            i -= 1
        after = i + 1
        while level is not None and after < len(starts) and self.headings[after].level > level:
            after += 1
        start = self.headings[i].span.end if i >= 0 else 0
        return Span(start, starts[after] if after < len(starts) else len(self.text))

    @cached_property
    def _heading_tree(self) -> tuple[list[int], list[int]]:
        """Where each heading starts, and the number of the one it stands under, or -1."""
        above: list[int] = []
        path: list[int] = []
        for number, heading in enumerate(self.headings):
            while path and self.headings[path[-1]].level >= heading.level:
                path.pop()
            above.append(path[-1] if path else -1)
            path.append(number)
        return [heading.span.start for heading in self.headings], above


@dataclass(frozen=True, slots=True)
class FileVersion:
    """The version of a file that a document was loaded from, and how it was loaded.

    changed_ns: when it last changed; None if a later change might show the same time
    sha256:     of its bytes, in hex
    loader:     the format's loader and its version
    options:    those that it was loaded with
    warning:    what a person should look at in it
    """

    n_bytes: int
    changed_ns: int | None
    sha256: str
    loader: str
    options: str
    warning: str | None = None


@dataclass(frozen=True, slots=True)
class DocumentRecord:
    """What an index knows of a document, without its text.

    path:         the resolved path of its file; None if it was not read from a file
    file_version: what of that file it was loaded from; None if that is not known
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

    ordinal counts the document's chunks from 0. Sentences are in order, lie within the span, and
    are at least one.
    """

    chunk_id: int
    doc_id: str
    ordinal: int
    span: Span
    sentences: tuple[Span, ...]
    digest: bytes

    @property
    def encoding_key(self) -> "EncodingKey":
        """What its encoding depends on: the digest of its text, and its sentences, int32, (n, 2),
        counted from its start."""
        first = self.span.start
        places = [[s.start - first, s.end - first] for s in self.sentences]
        return self.digest, np.array(places, "<i4").tobytes()


EncodingKey = tuple[bytes, bytes]
"""Chunks of one key have one encoding."""


def sha256_of(text: str) -> str:
    """Of a text as UTF-8, in hex."""
    return sha256(text.encode()).hexdigest()


def digest_of(text: str) -> bytes:
    """16 bytes that stand for a text: what a citation is held against as it leaves."""
    return blake2b(text.encode(), digest_size=16).digest()


def chunk_id_of(doc_id: str, span: Span, digest: bytes) -> int:
    """A positive 63-bit id that is the same however often and in whatever order an index is built.

    Ties are broken by it, so an index grown step by step ranks exactly as one built at once.
    """
    key = f"{doc_id}\0{span.start}\0{span.end}\0".encode() + digest
    return int.from_bytes(blake2b(key, digest_size=8).digest(), "big") >> 1


@dataclass(frozen=True, slots=True)
class TokenVectors:
    """A chunk's token vectors, compressed by index.encode.token_codec, in the order of their
    sentences; none for a model whose token vectors mean nothing on their own.

    codes:       uint8, shape (t, ceil(d / 4))
    scales:      float16, shape (t,)
    sentence_of: uint16, shape (t,): which of the chunk's sentences a token is in; the number of
                 sentences for one that is in none, as in a heading
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
    """What one forward pass gives for a chunk: its vector (d,), its sentences' (n, d), and its
    tokens'."""

    vector: Vector
    sentence_vectors: Matrix
    tokens: TokenVectors


@dataclass(frozen=True, slots=True, eq=False)
class ChunkVectors:
    """The vectors of many chunks, with no object for each chunk.

    ids:    int64, (n,), ascending
    firsts: int64, (n + 1,): row firsts[i] is chunk i's own vector, and rows firsts[i] + 1 to
            firsts[i + 1] are its sentences'
    codes:  int8, (rows, d), and scales: float32, (rows,): vector i is scales[i] * codes[i]
    """

    ids: Ids
    firsts: NDArray[np.int64]
    codes: NDArray[np.int8]
    scales: NDArray[np.float32]

    def cosines(self, query: Vector) -> NDArray[np.float32]:
        """The cosine of each vector with the query's, (rows,)."""
        # Not @: its product of equal vectors may differ with where they stand.
        cosines = np.einsum("nd,d->n", self.codes.astype(np.float32), query)
        return np.asarray(cosines * self.scales, dtype=np.float32)

    def own(self, places: NDArray[np.int64]) -> Matrix:
        """The own vectors of the chunks at these places among `ids`, (places, d)."""
        rows = self.firsts[places]
        scaled = self.codes[rows] * self.scales[rows, None]
        return np.asarray(scaled, dtype=np.float32)


@dataclass(frozen=True, slots=True)
class QueryEncoding:
    """A query's vector (d,), and of each of its tokens the vector, (t, d), and the place in it.

    unread: the share of its letters and digits that the model's vocabulary lacks, in [0, 1]. Their
    tokens are left out; where they are most of the query, its vector is zero.
    """

    vector: Vector
    token_vectors: Matrix
    offsets: tuple[tuple[int, int], ...]
    unread: float = 0.0

    @classmethod
    def none(cls, dimension: int) -> "QueryEncoding":
        """Of a query that no model has read: a zero vector, no tokens."""
        return cls(np.zeros(dimension, np.float32), np.zeros((0, dimension), np.float32), ())


@dataclass(frozen=True, slots=True)
class Hit:
    """A chunk found by one index. A higher score is better; rank counts from 1."""

    chunk_id: int
    score: float
    rank: int


@dataclass(frozen=True, slots=True, eq=False)
class Hits(Sequence[Hit]):
    """What one index found, best first. ids: int64, (n,); scores: float64, (n,)."""

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
        """The k best of these, ties to the smaller id."""
        order = np.lexsort((ids, -scores))[:k]
        return cls(ids[order], scores[order])

    @classmethod
    def none(cls) -> "Hits":
        return cls(np.zeros(0, np.int64), np.zeros(0))


@dataclass(frozen=True, slots=True)
class IndexDescription:
    """An index for people: `exact`, or `inverted lists` with how many of them there are.

    n_bytes: of vectors, ids and centroids, in its file as in memory
    """

    kind: str
    n_vectors: int
    n_bytes: int
    n_lists: int
    n_probed: int
    recall: float | None
