"""Compute the vectors of chunks, sentences and queries from the model's forward passes.

If the model pools by the mean of its token vectors, a chunk needs one pass. The vector of each
sentence is the mean over its tokens in this pass ("late pooling"), and the token vectors are kept
for late interaction. Other poolings do not apply to part of a text, so the sentences are encoded
separately.
"""

import unicodedata
from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np
import tokenizers
from numpy.typing import NDArray

from index.encode.token_codec import compress
from index.types import Encoding, Matrix, QueryEncoding, Span, TokenVectors, Vector

UNKNOWN_TOKENS = ("[UNK]", "<unk>")
"""The tokens for text that is not in a vocabulary. Byte-level vocabularies have no such token."""

_MOSTLY = 0.5


class ModelTokenizer:
    """A copy of the model's tokenizer, for counting tokens.

    It is a copy because a fast tokenizer fails with `Already borrowed`, or loses its truncation, if
    another thread encodes with it at the same time.
    """

    def __init__(self, backend: tokenizers.Tokenizer) -> None:
        self._tokenizer = tokenizers.Tokenizer.from_str(backend.to_str())
        self._tokenizer.no_truncation()
        self._tokenizer.no_padding()
        ids = map(self._tokenizer.token_to_id, UNKNOWN_TOKENS)
        self._unknown_id: int | None = next((i for i in ids if i is not None), None)

    def to_json(self) -> str:
        """Return the JSON that `tokenizers.Tokenizer.from_str` reads."""
        return self._tokenizer.to_str()

    def offsets(self, text: str) -> list[tuple[int, int]]:
        offsets: list[tuple[int, int]] = self._tokenizer.encode(
            text, add_special_tokens=False
        ).offsets
        return offsets

    def unknown(self, text: str) -> list[tuple[int, int]]:
        """Return the offsets of the unknown tokens.

        All text that is not in the vocabulary has the same token, so different words would match.
        """
        if text.isascii() or self._unknown_id is None:
            return []
        encoded = self._tokenizer.encode(text, add_special_tokens=False)
        return [
            place
            for place, token in zip(encoded.offsets, encoded.ids, strict=True)
            if token == self._unknown_id
        ]


class ForwardPass(NamedTuple):
    """The output of a forward pass for one text.

    vector:  (d,), of any length
    tokens:  (t, d)
    offsets: (t, 2), code points of the text; (0, 0) for special tokens and padding
    """

    vector: Vector
    tokens: Matrix
    offsets: NDArray[np.int64]


class QueryPart(NamedTuple):
    """A part of a query that fits the model's window, and its start in the query."""

    start: int
    text: str


def late_pooled(each: ForwardPass, sentences: Sequence[Span]) -> Encoding:
    """Return a chunk's vector, the mean token vector of each sentence, and the token vectors."""
    tokens, (starts, ends) = each.tokens, each.offsets.T
    real = ends > starts
    first, last = np.array([(span.start, span.end) for span in sentences]).T
    inside = real & (starts < last[:, None]) & (ends > first[:, None])
    sentence_of = np.full(len(tokens), len(sentences))
    for number, its in enumerate(inside):
        sentence_of[its] = number
    # If the tokenizer drops all characters of a sentence, it has no token: use the whole text's.
    inside[~inside.any(axis=1)] = real if real.any() else True
    # Sums, because they have the same direction as the means.
    sums = inside.astype(np.float32) @ tokens
    return Encoding(
        unit(each.vector), units(sums), compress(units(tokens[real]), sentence_of[real])
    )


def separately(vectors: Matrix, sentences: Sequence[Sequence[Span]]) -> list[Encoding]:
    """Return the encodings of texts without token vectors.

    vectors: of the texts, then of all their sentences, text by text; rows of unit length
    """
    n_texts = len(sentences)
    ends = n_texts + np.cumsum([len(spans) for spans in sentences])
    starts = [n_texts, *ends[:-1]]
    none = TokenVectors.none()
    return [
        Encoding(vector, vectors[a:b], none)
        for vector, a, b in zip(vectors[:n_texts], starts, ends, strict=True)
    ]


def parts_of(
    text: str,
    offsets_of: Callable[[str], list[tuple[int, int]]],
    longest: int,
    prefix: str = "",
) -> list[QueryPart]:
    """Split a query into parts of at most `longest` tokens, without the prefix.

    Most queries are one part. Each part is tokenized alone, because a character can be many tokens,
    and the start of a text can have more tokens alone than within the text. A single character with
    too many tokens is omitted.

    offsets_of: the `offsets` method of an index.protocols.Tokenizer
    """
    if _surely_fits(prefix + text, longest):
        return [QueryPart(0, text)]
    most = longest + len(offsets_of(prefix)) if prefix else longest
    parts: list[QueryPart] = []
    start = 0
    while start < len(text):
        part = _beginning(text[start:], offsets_of, most, prefix)
        if part:
            parts.append(QueryPart(start, part))
        start += max(1, len(part))
    return parts or [QueryPart(0, "")]


def sentences_within(
    texts: Sequence[str],
    sentences: Sequence[Sequence[Span]],
    offsets_of: Callable[[str], list[tuple[int, int]]],
    longest: int,
    prefix: str = "",
) -> list[str]:
    """Return all sentences, text by text, each cut to `longest` tokens, without the prefix.

    A cut can be needed because a sentence can have more tokens alone than within its text.
    """
    alone = [s.of(text) for text, spans in zip(texts, sentences, strict=True) for s in spans]
    most = longest + len(offsets_of(prefix)) if prefix else longest
    return [
        sentence
        if _surely_fits(prefix + sentence, longest)
        else _beginning(sentence, offsets_of, most, prefix)
        for sentence in alone
    ]


def _surely_fits(text: str, longest: int) -> bool:
    """Return whether a text fits without counting its tokens.

    For ASCII, no tokenizer makes more than one token per character, plus one at the start.
    """
    return len(text) < longest and text.isascii()


def _beginning(
    text: str, offsets_of: Callable[[str], list[tuple[int, int]]], most: int, prefix: str
) -> str:
    """Return the start of the text that has at most `most` tokens together with the prefix.

    Return "" if even the first character has more.
    """
    while text and len(offsets := offsets_of(prefix + text)) > most:
        end = offsets[most][0] - len(prefix)
        shorter = len(text) - 1
        text = text[: max(min(1, shorter), min(end, shorter))]
    return text


def query_of(
    parts: Sequence[QueryPart], passes: Sequence[ForwardPass], prefix: str
) -> QueryEncoding:
    """Return a query's encoding from the passes over its parts, each with the prefix before it.

    The vector is the mean over the parts. The token vectors are those of all parts.
    """
    rows, places = [], []
    for part, each in zip(parts, passes, strict=True):
        # Some tokenizers include the space before a word in its first token.
        inside = np.maximum(each.offsets - len(prefix), 0)
        real = (inside[:, 1] > inside[:, 0]) & (each.offsets[:, 1] > each.offsets[:, 0])
        rows.append(each.tokens[real])
        places += (inside[real] + part.start).tolist()
    vector = mean_of([each.vector for each in passes])
    return QueryEncoding(vector, units(np.concatenate(rows)), tuple((a, b) for a, b in places))


def as_read(
    text: str, encoding: QueryEncoding, unknown: Sequence[tuple[int, int]]
) -> QueryEncoding:
    """Return a query's encoding without its unknown tokens.

    If at least half of the visible characters are unknown, the vector is zero and there are no
    tokens, so that only BM25 can find something.

    unknown: offsets from ModelTokenizer.unknown
    """
    if not unknown:
        return encoding
    n_unread = sum(_n_visible(text[a:b]) for a, b in unknown)
    unread = n_unread / max(_n_visible(text), 1)
    kept = [i for i, place in enumerate(encoding.offsets) if place not in set(unknown)]
    vector, tokens = encoding.vector, encoding.token_vectors[kept]
    if unread >= _MOSTLY:
        vector, tokens, kept = np.zeros_like(vector), tokens[:0], []
    places = tuple(encoding.offsets[i] for i in kept)
    return QueryEncoding(vector, tokens, places, round(unread, 6))


def _n_visible(text: str) -> int:
    """Count the characters except white space, punctuation and controls; 🚀 counts as one."""
    return sum(not unicodedata.category(each).startswith(("Z", "P", "C")) for each in text)


def tokenless(vectors: Sequence[Vector] | Matrix) -> QueryEncoding:
    """Return a query's encoding without token vectors, from the vectors of its parts."""
    vector = mean_of(vectors)
    return QueryEncoding(vector, np.zeros((0, len(vector)), np.float32), ())


def mean_of(vectors: Sequence[Vector] | Matrix) -> Vector:
    """Return the unit vector of the mean of the vectors, each scaled to length 1 first."""
    if len(vectors) == 1:
        return unit(vectors[0])
    return unit(units(np.stack(list(vectors))).mean(axis=0))


def unit(vector: Vector) -> Vector:
    """Return the vector (d,) scaled to length 1; zero stays zero."""
    return units(vector[None, :]).reshape(-1)


def units(rows: Matrix) -> Matrix:
    """Return the rows (n, d), each scaled to length 1; zero stays zero."""
    norms = np.sqrt(np.einsum("nd,nd->n", rows, rows))[:, None]
    return np.asarray(rows / np.maximum(norms, np.float32(1e-12)), dtype=np.float32)
