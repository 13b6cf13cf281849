"""An Embedder over a compiled model: onnxruntime and a tokenizer, and no torch."""

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

    Texts are encoded each on its own and in one thread, `n_threads` at once, so their vectors do
    not depend on what else is encoded. Many threads may call at once.
    """

    def __init__(
        self, folder: Path, fingerprint: ModelFingerprint, n_threads: int | None = None
    ) -> None:
        """n_threads: all cores that the process may use, unless given."""
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
        """One encoding a text; `sentences[i]` are spans of `texts[i]`.

        Raises ModelUnusable if a text exceeds the model's window: it would be cut without a word.
        """
        if self._late:
            return self._at_once(self._encoding, texts, sentences)
        prefix = self.fingerprint.document_prefix
        parts = sentences_within(texts, sentences, self.tokenizer.offsets, self._longest, prefix)
        vectors = self._at_once(self._vector, [prefix + text for text in (*texts, *parts)])
        return separately(units(np.stack(vectors)), sentences) if vectors else []

    def encode_query(self, text: str) -> QueryEncoding:
        """The query's vectors. One longer than the window is read in parts."""
        prefix = self.fingerprint.query_prefix
        parts = parts_of(text, lambda t: self.tokenizer.offsets(t), self._longest, prefix)
        passes = [self._pass(prefix + part.text) for part in parts]
        if self._late:
            encoding = query_of(parts, passes, prefix)
        else:
            encoding = tokenless([each.vector for each in passes])
        return as_read(text, encoding, self.tokenizer.unknown(text))

    def encode_queries(self, texts: Sequence[str]) -> list[QueryEncoding]:
        """Several queries, `n_threads` at once."""
        return self._at_once(self.encode_query, texts)

    def _at_once(self, function: Callable[..., _T], *arguments: Sequence[Any]) -> list[_T]:
        """The function of each text, the longest first, so that no thread is left with one."""
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
        """A bare pass over the ids (t,) of a text: what encoding it cannot be faster than."""
        return self._graph.run(ids)

    def tokenized(self, text: str) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """What the graph reads of a text: ids (t,) and offsets (t, 2), special tokens included."""
        encoded = self._tokenizer.encode(text)
        over = len(encoded.ids) - self.fingerprint.window
        if over > 0:
            raise ModelUnusable(
                f"a text of {self._longest + over} tokens; the model reads {self._longest}"
            )
        offsets = np.array(encoded.offsets, dtype=np.int64).reshape(-1, 2)
        return np.array(encoded.ids, dtype=np.int64), offsets
