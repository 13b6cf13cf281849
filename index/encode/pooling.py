"""What an embedder makes of the model's forward passes: vectors of chunks, sentences and queries.

A chunk goes through the model once. Where the model pools by the mean of its token vectors, its
sentences' vectors are the means over each sentence's tokens of that same pass ("late pooling"),
and its token vectors are kept for late interaction; other poolings make no sense on part of a text,
and their sentences are encoded on their own.
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
"""What stands in a vocabulary for all that it lacks; byte-level vocabularies lack nothing."""

_MOSTLY = 0.5


class ModelTokenizer:
    """The model's tokenizer for counting. It is a copy of its own: a fast tokenizer that is shared
    while another thread encodes fails with `Already borrowed` or loses its truncation."""

    def __init__(self, backend: tokenizers.Tokenizer) -> None:
        self._tokenizer = tokenizers.Tokenizer.from_str(backend.to_str())
        self._tokenizer.no_truncation()
        self._tokenizer.no_padding()
        ids = map(self._tokenizer.token_to_id, UNKNOWN_TOKENS)
        self._unknown_id: int | None = next((i for i in ids if i is not None), None)

    def to_json(self) -> str:
        """As `tokenizers.Tokenizer.from_str` reads it."""
        return self._tokenizer.to_str()

    def offsets(self, text: str) -> list[tuple[int, int]]:
        offsets: list[tuple[int, int]] = self._tokenizer.encode(
            text, add_special_tokens=False
        ).offsets
        return offsets

    def unknown(self, text: str) -> list[tuple[int, int]]:
        """The places of what the vocabulary lacks: one token stands for all of that, and would
        match itself whatever it stands for."""
        if text.isascii() or self._unknown_id is None:
            return []
        encoded = self._tokenizer.encode(text, add_special_tokens=False)
        return [
            place
            for place, token in zip(encoded.offsets, encoded.ids, strict=True)
            if token == self._unknown_id
        ]


class ForwardPass(NamedTuple):
    """What a forward pass gives for one text.

    vector: (d,), of any length. tokens: (t, d). offsets: (t, 2) code points of the text, where
    special tokens and padding are (0, 0).
    """

    vector: Vector
    tokens: Matrix
    offsets: NDArray[np.int64]


class QueryPart(NamedTuple):
    """As much of a query as the model reads at once, and where it starts in the query."""

    start: int
    text: str


def late_pooled(each: ForwardPass, sentences: Sequence[Span]) -> Encoding:
    """A chunk's vector, the mean token vector of each sentence, and the tokens' own."""
    tokens, (starts, ends) = each.tokens, each.offsets.T
    real = ends > starts
    first, last = np.array([(span.start, span.end) for span in sentences]).T
    inside = real & (starts < last[:, None]) & (ends > first[:, None])
    sentence_of = np.full(len(tokens), len(sentences))
    for number, its in enumerate(inside):
        sentence_of[its] = number
    # A sentence of characters that the tokenizer drops has no token: take the whole text's.
    inside[~inside.any(axis=1)] = real if real.any() else True
    # Their sums: of the direction alone, a mean has no other.
    sums = inside.astype(np.float32) @ tokens
    return Encoding(
        unit(each.vector), units(sums), compress(units(tokens[real]), sentence_of[real])
    )


def separately(vectors: Matrix, sentences: Sequence[Sequence[Span]]) -> list[Encoding]:
    """Encodings from the vectors of the texts and then of all their sentences, text by text."""
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
    """A query in parts of at most `longest` tokens, not counting the prefix; most are one part.

    Each part is counted alone: a character can be many tokens, and the beginning of a text can have
    more tokens than it has within the whole. A character that alone is too long is left out.

    offsets_of: as index.protocols.Tokenizer has it
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
    """All the sentences, text by text, each as much of it as `longest` tokens hold, not counting
    the prefix: alone, a sentence can have more tokens than within its text."""
    alone = [s.of(text) for text, spans in zip(texts, sentences, strict=True) for s in spans]
    most = longest + len(offsets_of(prefix)) if prefix else longest
    return [
        sentence
        if _surely_fits(prefix + sentence, longest)
        else _beginning(sentence, offsets_of, most, prefix)
        for sentence in alone
    ]


def _surely_fits(text: str, longest: int) -> bool:
    """Whether it need not be counted: of ASCII, no tokenizer makes more than a token a character,
    and one for the beginning."""
    return len(text) < longest and text.isascii()


def _beginning(
    text: str, offsets_of: Callable[[str], list[tuple[int, int]]], most: int, prefix: str
) -> str:
    """A beginning of the text that has at most so many tokens with the prefix before it: empty if
    not even its first character has."""
    while text and len(offsets := offsets_of(prefix + text)) > most:
        end = offsets[most][0] - len(prefix)
        shorter = len(text) - 1
        text = text[: max(min(1, shorter), min(end, shorter))]
    return text


def query_of(
    parts: Sequence[QueryPart], passes: Sequence[ForwardPass], prefix: str
) -> QueryEncoding:
    """A query's encoding from the pass of each part, with its prefix before it: its vector is the
    parts' mean, its token vectors are all of theirs."""
    rows, places = [], []
    for part, each in zip(parts, passes, strict=True):
        # Some tokenizers count the space before a word to its first token.
        inside = np.maximum(each.offsets - len(prefix), 0)
        real = (inside[:, 1] > inside[:, 0]) & (each.offsets[:, 1] > each.offsets[:, 0])
        rows.append(each.tokens[real])
        places += (inside[real] + part.start).tolist()
    vector = mean_of([each.vector for each in passes])
    return QueryEncoding(vector, units(np.concatenate(rows)), tuple((a, b) for a, b in places))


def as_read(
    text: str, encoding: QueryEncoding, unknown: Sequence[tuple[int, int]]
) -> QueryEncoding:
    """A query's encoding without the tokens of what the vocabulary lacks; nothing but its words is
    left of a query that is mostly that.

    unknown: as ModelTokenizer.unknown has them
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
    """Characters other than white space and punctuation; a sign such as 🚀 is one."""
    return sum(not unicodedata.category(each).startswith(("Z", "P", "C")) for each in text)


def tokenless(vectors: Sequence[Vector] | Matrix) -> QueryEncoding:
    """A query's encoding from its parts' vectors alone."""
    vector = mean_of(vectors)
    return QueryEncoding(vector, np.zeros((0, len(vector)), np.float32), ())


def mean_of(vectors: Sequence[Vector] | Matrix) -> Vector:
    """Their mean's direction, each counting alike."""
    if len(vectors) == 1:
        return unit(vectors[0])
    return unit(units(np.stack(list(vectors))).mean(axis=0))


def unit(vector: Vector) -> Vector:
    """The vector (d,) scaled to length 1; zero stays zero."""
    return units(vector[None, :]).reshape(-1)


def units(rows: Matrix) -> Matrix:
    """Each of the rows (n, d) scaled to length 1; zero stays zero."""
    norms = np.sqrt(np.einsum("nd,nd->n", rows, rows))[:, None]
    return np.asarray(rows / np.maximum(norms, np.float32(1e-12)), dtype=np.float32)
