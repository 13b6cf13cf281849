"""Search by BM25 alone: an Embedder that has no model to load, and whose queries have no vector."""

from collections.abc import Sequence
from dataclasses import replace
from typing import NoReturn

import numpy as np

from index.errors import ModelUnusable
from index.fingerprint import ModelFingerprint
from index.protocols import Tokenizer
from index.types import Encoding, QueryEncoding, Span
from rag.search.ranking import NO_RERANKING, RankSettings


class Vectorless:
    """In the place of the model that an index was built with. A query's vector is zero, which is
    near nothing, and nothing can be encoded."""

    def __init__(self, fingerprint: ModelFingerprint) -> None:
        self.fingerprint = fingerprint

    @property
    def tokenizer(self) -> Tokenizer:
        self._refuse()

    def encode(
        self,
        texts: Sequence[str],  # noqa: ARG002
        sentences: Sequence[Sequence[Span]],  # noqa: ARG002
    ) -> list[Encoding]:
        self._refuse()

    def encode_query(self, text: str) -> QueryEncoding:  # noqa: ARG002
        dimension = self.fingerprint.dimension
        return QueryEncoding(
            np.zeros(dimension, np.float32), np.zeros((0, dimension), np.float32), ()
        )

    def encode_queries(self, texts: Sequence[str]) -> list[QueryEncoding]:
        return [self.encode_query(text) for text in texts]

    def _refuse(self) -> NoReturn:
        raise ModelUnusable("no model was loaded, to search by BM25 alone; leave --lexical out")


def by_bm25_alone(ranking: RankSettings) -> RankSettings:
    return replace(ranking, lexical_weight=1.0, rerank=NO_RERANKING)
