"""An embedder over another one, which encodes queries in its own way."""

from abc import ABC, abstractmethod
from collections.abc import Sequence

from index.fingerprint import ModelFingerprint
from index.protocols import Embedder, Tokenizer
from index.types import Encoding, QueryEncoding, Span


class EmbedderAdapter(ABC):
    """Chunks are encoded as the other embedder does it; a subclass says how queries are."""

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
