"""A base class for embedders that wrap another one and encode queries differently."""

from abc import ABC, abstractmethod
from collections.abc import Sequence

from index.fingerprint import ModelFingerprint
from index.protocols import Embedder, Tokenizer
from index.types import Encoding, QueryEncoding, Span


class EmbedderAdapter(ABC):
    """Encodes chunks with the wrapped embedder. A subclass defines how queries are encoded."""

    def __init__(self, embedder: Embedder) -> None:
        self._embedder = embedder

    @property
    def fingerprint(self) -> ModelFingerprint:
        return self._embedder.fingerprint

    @property
    def tokenizer(self) -> Tokenizer:
        return self._embedder.tokenizer

    def encode(self, texts: Sequence[str], sentences: Sequence[Sequence[Span]]) -> list[Encoding]:
        return self._embedder.encode(texts, sentences)

    def encode_query(self, text: str) -> QueryEncoding:
        return self.encode_queries([text])[0]

    @abstractmethod
    def encode_queries(self, texts: Sequence[str]) -> list[QueryEncoding]: ...
