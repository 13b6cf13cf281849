"""An embedder for asking the same questions under many rankings."""

from collections.abc import Sequence

from index.fingerprint import ModelFingerprint
from index.protocols import Embedder, Tokenizer
from index.types import Encoding, QueryEncoding, Span


class Remembering:
    """Another embedder, whose query encodings are kept: each text is encoded once."""

    def __init__(self, embedder: Embedder) -> None:
        self._embedder = embedder
        self._queries: dict[str, QueryEncoding] = {}

    @property
    def fingerprint(self) -> ModelFingerprint:
        return self._embedder.fingerprint

    @property
    def tokenizer(self) -> Tokenizer:
        return self._embedder.tokenizer

    def encode(self, texts: Sequence[str], sentences: Sequence[Sequence[Span]]) -> list[Encoding]:
        return self._embedder.encode(texts, sentences)

    def encode_query(self, text: str) -> QueryEncoding:
        if text not in self._queries:
            self._queries[text] = self._embedder.encode_query(text)
        return self._queries[text]

    def encode_queries(self, texts: Sequence[str]) -> list[QueryEncoding]:
        return [self.encode_query(text) for text in texts]
