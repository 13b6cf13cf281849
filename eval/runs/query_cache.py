"""An embedder that encodes each query once, for running the same queries with many rankings."""

from collections.abc import Sequence

from index.protocols import Embedder
from index.types import QueryEncoding
from rag.models.embedder_adapter import EmbedderAdapter


class CachingEmbedder(EmbedderAdapter):
    """Wraps an embedder and caches its query encodings by text."""

    def __init__(self, embedder: Embedder) -> None:
        super().__init__(embedder)
        self._queries: dict[str, QueryEncoding] = {}

    def encode_queries(self, texts: Sequence[str]) -> list[QueryEncoding]:
        for text in texts:
            if text not in self._queries:
                self._queries[text] = self._embedder.encode_query(text)
        return [self._queries[text] for text in texts]
