"""Fakes: real implementations of the protocols, deterministic functions of the text, no model."""

from collections.abc import Sequence
from hashlib import blake2b

import numpy as np
import regex

from index.analyze import terms_of
from index.fingerprint import ModelFingerprint
from index.types import Encoding, Span, Vector

DIMENSION = 64


class WordTokenizer:
    """Words and single marks are tokens."""

    def offsets(self, text: str) -> list[tuple[int, int]]:
        return [m.span() for m in regex.finditer(r"[\p{L}\p{M}\p{N}]+|[^\s\p{L}\p{M}\p{N}]", text)]


class HashEmbedder:
    """A vector is the normalised sum of one pseudo-random unit vector a term: texts that share
    terms are alike. It counts the texts it has encoded."""

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
        return [
            Encoding(self.encode_query(text), np.stack([self.encode_query(s.of(text)) for s in ss]))
            for text, ss in zip(texts, sentences, strict=True)
        ]

    def encode_query(self, text: str) -> Vector:
        rows = [_of_term(term, self._dimension) for term in terms_of(text) or [""]]
        total = np.sum(rows, axis=0)
        return np.asarray(total / np.linalg.norm(total), dtype=np.float32)


def _of_term(term: str, dimension: int) -> Vector:
    seed = int.from_bytes(blake2b(term.encode(), digest_size=8).digest(), "big")
    row = np.random.default_rng(seed).standard_normal(dimension)
    return np.asarray(row / np.linalg.norm(row), dtype=np.float32)
