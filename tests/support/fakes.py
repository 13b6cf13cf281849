"""Fakes: real implementations of the protocols, deterministic functions of the text, no model."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import cache
from hashlib import blake2b
from typing import Any

import numpy as np
import regex

from index.encode.token_codec import compress
from index.fingerprint import ModelFingerprint
from index.types import (
    Chunk,
    Encoding,
    Matrix,
    QueryEncoding,
    Span,
    TokenVectors,
    Vector,
    digest_of,
)
from index.words.analyze import terms_of
from rag.search.candidates import Candidate
from rag.search.question import Question

DIMENSION = 64


class WordTokenizer:
    """Its tokens are words and single punctuation marks."""

    def offsets(self, text: str) -> list[tuple[int, int]]:
        return [m.span() for m in regex.finditer(r"[\p{L}\p{M}\p{N}]+|[^\s\p{L}\p{M}\p{N}]", text)]


class HashEmbedder:
    """A vector is the normalised sum of one pseudo-random unit vector per term: texts that share
    terms are similar; a token has the vector of its word. It counts the encoded texts."""

    def __init__(self, name: str = "hash", window: int = 64, dimension: int = DIMENSION) -> None:
        self.tokenizer = WordTokenizer()
        self._dimension = dimension
        self.n_encoded = 0
        self.fingerprint = ModelFingerprint(
            name=name,
            weights=blake2b(name.encode()).hexdigest()[:64],
            dimension=dimension,
            window=window,
            special=2,
            precision="fp32",
            query_prefix="",
            document_prefix="",
            sentences="separate",
        )

    def encode(self, texts: Sequence[str], sentences: Sequence[Sequence[Span]]) -> list[Encoding]:
        self.n_encoded += len(texts)
        return [self._encoding(text, ss) for text, ss in zip(texts, sentences, strict=True)]

    def _encoding(self, text: str, sentences: Sequence[Span]) -> Encoding:
        offsets = self.tokenizer.offsets(text)
        starts = np.array([start for start, _ in offsets], dtype=np.int64)
        sentence_of = np.full(len(offsets), len(sentences))
        for number, span in enumerate(sentences):
            sentence_of[(span.start <= starts) & (starts < span.end)] = number
        return Encoding(
            self._vector(text),
            np.stack([self._vector(span.of(text)) for span in sentences]),
            compress(self._tokens(text), sentence_of),
        )

    def encode_query(self, text: str) -> QueryEncoding:
        offsets = tuple(self.tokenizer.offsets(text))
        return QueryEncoding(self._vector(text), self._tokens(text), offsets)

    def encode_queries(self, texts: Sequence[str]) -> list[QueryEncoding]:
        return [self.encode_query(text) for text in texts]

    def _tokens(self, text: str) -> Matrix:
        rows = [
            _of_term(text[a:b].lower(), self._dimension) for a, b in self.tokenizer.offsets(text)
        ]
        return np.stack(rows) if rows else np.zeros((0, self._dimension), np.float32)

    def _vector(self, text: str) -> Vector:
        rows = [_of_term(term, self._dimension) for term in terms_of(text) or [""]]
        total = np.sum(rows, axis=0)
        return np.asarray(total / np.linalg.norm(total), dtype=np.float32)


@cache
def _of_term(term: str, dimension: int) -> Vector:
    seed = int.from_bytes(blake2b(term.encode(), digest_size=8).digest(), "big")
    row = np.random.default_rng(seed).standard_normal(dimension)
    return np.asarray(row / np.linalg.norm(row), dtype=np.float32)


class TokenlessEmbedder(HashEmbedder):
    """It has no token vectors: for no text at all, or only for texts that contain `only`."""

    def __init__(self, only: str = "") -> None:
        super().__init__()
        self._only = only

    def encode(self, texts: Sequence[str], sentences: Sequence[Sequence[Span]]) -> list[Encoding]:
        encodings = super().encode(texts, sentences)
        return [
            replace(each, tokens=TokenVectors.none()) if self._only in text else each
            for text, each in zip(texts, encodings, strict=True)
        ]

    def encode_query(self, text: str) -> QueryEncoding:
        encoding = super().encode_query(text)
        if self._only:
            return encoding
        return QueryEncoding(encoding.vector, encoding.token_vectors[:0], ())


def question_with(
    text: str = "",
    vector: Sequence[float] = (1, 0),
    *,
    tokens: Matrix | None = None,
    weights: Sequence[float] = (),
    idf: Mapping[str, float] | None = None,
) -> Question:
    """A question with what a test needs. Its terms have weight 1 unless `idf` is given."""
    terms = terms_of(text)
    return Question(
        text=text,
        vector=np.array(vector, dtype=np.float32),
        token_vectors=np.zeros((0, 2), np.float32) if tokens is None else tokens,
        token_weights=np.array(weights, dtype=np.float32),
        terms=tuple(terms),
        idf=dict.fromkeys(terms, 1.0) if idf is None else idf,
        lexical_most=1.0,
    )


def chunk_with(
    text: str,
    sentences: Sequence[Span],
    *,
    span: Span | None = None,
    ordinal: int = 0,
    document: int = 1,
) -> Chunk:
    """A chunk of a text: the whole text unless a span is given."""
    span = Span(0, len(text)) if span is None else span
    chunk_id = document * 1000 + ordinal
    digest = digest_of(span.of(text))
    return Chunk(chunk_id, f"d{document}", ordinal, span, tuple(sentences), digest)


def candidate_with(chunk: Chunk, **given: Any) -> Candidate:
    """A candidate whose signals are 0 except the given ones."""
    sentences = np.zeros(len(chunk.sentences), dtype=np.float32)
    return replace(Candidate(chunk, 0.0, 0.0, 0.0, 0.0, None, None, 0.0, 0.0, sentences), **given)
