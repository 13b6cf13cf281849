"""An Embedder for compiled models. It uses onnxruntime and a tokenizer, but not torch."""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import cached_property
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import tokenizers
from numpy.typing import NDArray

from index.cores import cores
from index.encode.onnx_runtime import Graph, GraphOutput
from index.encode.pooling import (
    ForwardPass,
    ModelTokenizer,
    as_read,
    late_pooled,
    parts_of,
    query_of,
    sentences_within,
    separately,
    tokenless,
    units,
)
from index.errors import ModelUnusable
from index.fingerprint import ModelFingerprint
from index.types import Encoding, QueryEncoding, Span, Vector

_T = TypeVar("_T")

MODEL_FILE = "model.onnx"
TOKENIZER_FILE = "tokenizer.json"


class OnnxEmbedder:
    """A compiled model in a folder.

    Each text is encoded alone in one thread, up to `n_threads` at the same time. So its vectors do
    not depend on other texts. Many threads can call this at the same time.
    """

    def __init__(
        self, folder: Path, fingerprint: ModelFingerprint, n_threads: int | None = None
    ) -> None:
        """n_threads: None for all cores that the process can use."""
        self.fingerprint = fingerprint
        self._graph = Graph(folder / MODEL_FILE)
        self._n_threads = n_threads or cores()
        self._tokenizer = tokenizers.Tokenizer.from_file(str(folder / TOKENIZER_FILE))
        self._tokenizer.no_truncation()
        self._tokenizer.no_padding()
        self._late = fingerprint.sentences == "late"
        self._longest = fingerprint.window - fingerprint.special

    @cached_property
    def tokenizer(self) -> ModelTokenizer:
        return ModelTokenizer(self._tokenizer)

    @cached_property
    def _pool(self) -> ThreadPoolExecutor:
        return ThreadPoolExecutor(self._n_threads, thread_name_prefix="encode")

    def encode(self, texts: Sequence[str], sentences: Sequence[Sequence[Span]]) -> list[Encoding]:
        """Return one encoding per text; `sentences[i]` are spans of `texts[i]`.

        Raises ModelUnusable if a text exceeds the model's window, instead of cutting it silently.
        """
        if self._late:
            return self._at_once(self._encoding, texts, sentences)
        prefix = self.fingerprint.document_prefix
        parts = sentences_within(texts, sentences, self.tokenizer.offsets, self._longest, prefix)
        vectors = self._at_once(self._vector, [prefix + text for text in (*texts, *parts)])
        return separately(units(np.stack(vectors)), sentences) if vectors else []

    def encode_query(self, text: str) -> QueryEncoding:
        """Return the query's vectors. A query longer than the window is encoded in parts."""
        prefix = self.fingerprint.query_prefix
        parts = parts_of(text, lambda t: self.tokenizer.offsets(t), self._longest, prefix)
        passes = [self._pass(prefix + part.text) for part in parts]
        if self._late:
            encoding = query_of(parts, passes, prefix)
        else:
            encoding = tokenless([each.vector for each in passes])
        return as_read(text, encoding, self.tokenizer.unknown(text))

    def encode_queries(self, texts: Sequence[str]) -> list[QueryEncoding]:
        """Return the vectors of each query. `n_threads` queries are encoded at the same time."""
        return self._at_once(self.encode_query, texts)

    def _at_once(self, function: Callable[..., _T], *arguments: Sequence[Any]) -> list[_T]:
        """Return the function's result for each text, in order.

        Start the longest texts first, so that all threads end at about the same time.
        """
        texts = arguments[0]
        if min(self._n_threads, len(texts)) == 1:
            return list(map(function, *arguments))
        by_length = sorted(range(len(texts)), key=lambda i: -len(texts[i]))
        running = {
            i: self._pool.submit(function, *(each[i] for each in arguments)) for i in by_length
        }
        return [running[i].result() for i in range(len(texts))]

    def _encoding(self, text: str, sentences: Sequence[Span]) -> Encoding:
        return late_pooled(self._pass(text), sentences)

    def _vector(self, text: str) -> Vector:
        return self._pass(text).vector

    def _pass(self, text: str) -> ForwardPass:
        ids, offsets = self.tokenized(text)
        tokens, vector = self._graph.run(ids)
        return ForwardPass(vector, tokens, offsets)

    def forward(self, ids: NDArray[np.int64]) -> GraphOutput:
        """Run the graph alone on the ids (t,) of a text: a lower bound on the time of `encode`."""
        return self._graph.run(ids)

    def tokenized(self, text: str) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Return the ids (t,) and offsets (t, 2) of a text, special tokens included.

        Raises ModelUnusable if the text exceeds the model's window.
        """
        encoded = self._tokenizer.encode(text)
        over = len(encoded.ids) - self.fingerprint.window
        if over > 0:
            raise ModelUnusable(
                f"a text has {self._longest + over} tokens; the model reads {self._longest}"
            )
        offsets = np.array(encoded.offsets, dtype=np.int64).reshape(-1, 2)
        return np.array(encoded.ids, dtype=np.int64), offsets
