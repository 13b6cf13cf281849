"""Vectors, and cross-encoders, by sentence-transformers; the one module that imports it.

A chunk goes through the model once. Where the model pools by the mean of its token vectors, its
sentences' vectors are the means over each sentence's tokens of that same pass ("late pooling");
and its token vectors are kept for late interaction; other poolings make no sense on part of a text,
and their sentences are encoded on their own.
"""

import threading
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

import numpy as np
import tokenizers
from numpy.typing import NDArray

from index.errors import ModelUnusable
from index.fingerprint import ModelFingerprint
from index.models import ModelFolder
from index.tokens import compress
from index.types import Encoding, Matrix, QueryEncoding, Span, TokenVectors, Vector

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer

_Model = TypeVar("_Model")

BATCH = 16
"""Texts a forward pass. Small batches of like length waste little on padding."""


class ModelTokenizer:
    """The model's tokenizer for counting. It is a copy of its own: a fast tokenizer that is shared
    while another thread encodes fails with `Already borrowed` or loses its truncation."""

    def __init__(self, backend: tokenizers.Tokenizer) -> None:
        self._tokenizer = tokenizers.Tokenizer.from_str(backend.to_str())
        self._tokenizer.no_truncation()
        self._tokenizer.no_padding()

    def offsets(self, text: str) -> list[tuple[int, int]]:
        offsets: list[tuple[int, int]] = self._tokenizer.encode(
            text, add_special_tokens=False
        ).offsets
        return offsets


class SentenceTransformerEmbedder:
    """An Embedder over any sentence-transformers model with a fast tokenizer.

    One pass at a time: calls from several threads wait for one another.
    """

    def __init__(self, folder: ModelFolder) -> None:
        from sentence_transformers import SentenceTransformer

        self._model = _loaded(SentenceTransformer, folder)
        self._lock = threading.Lock()
        backend = getattr(self._model.tokenizer, "backend_tokenizer", None)
        if backend is None:
            raise ModelUnusable(f"{folder.name} has no fast tokenizer, which exact spans need")
        self.tokenizer = ModelTokenizer(backend)
        prompts = self._model.prompts
        self._query_prefix = prompts.get("query") or ""
        self._document_prefix = prompts.get("document") or prompts.get("passage") or ""
        self._late = _pools_by_mean(self._model) and not self._document_prefix
        self._window = _window(self._model)
        self.fingerprint = ModelFingerprint(
            name=folder.name,
            weights=folder.digest,
            dimension=int(self._model.get_embedding_dimension() or 0),
            window=self._window,
            special=self._n_special(),
            precision="fp32",
            query_prefix=self._query_prefix,
            document_prefix=self._document_prefix,
            sentences="late" if self._late else "separate",
        )

    def _n_special(self) -> int:
        tokenizer = self._model.tokenizer
        prefixes = (self._query_prefix, self._document_prefix)
        return int(tokenizer.num_special_tokens_to_add()) + max(
            len(self.tokenizer.offsets(prefix)) for prefix in prefixes
        )

    def encode(self, texts: Sequence[str], sentences: Sequence[Sequence[Span]]) -> list[Encoding]:
        """One encoding a text; `sentences[i]` are spans of `texts[i]`.

        Raises ModelUnusable if a text exceeds the model's window: it would be cut without a word.
        """
        lengths = [len(self.tokenizer.offsets(text)) for text in texts]
        longest = self._window - self.fingerprint.special
        if lengths and max(lengths) > longest:
            raise ModelUnusable(f"a text of {max(lengths)} tokens; the model reads {longest}")
        encodings: list[Encoding | None] = [None] * len(texts)
        by_length = sorted(range(len(texts)), key=lengths.__getitem__)
        for first in range(0, len(texts), BATCH):
            batch = by_length[first : first + BATCH]
            encode = self._encode_late if self._late else self._encode_separately
            with self._lock:
                made = encode([texts[i] for i in batch], [sentences[i] for i in batch])
            for i, encoding in zip(batch, made, strict=True):
                encodings[i] = encoding
        return [encoding for encoding in encodings if encoding is not None]

    def encode_query(self, text: str) -> QueryEncoding:
        """The query's vectors. One longer than the window is read in parts: its vector is their
        mean, its token vectors are all of theirs."""
        longest = self._window - self.fingerprint.special
        offsets = self.tokenizer.offsets(text)
        starts = [0, *(offsets[i][0] for i in range(longest, len(offsets), longest))]
        parts = [text[a:b] for a, b in zip(starts, [*starts[1:], len(text)], strict=True)]
        if not self._late:
            with self._lock:
                vector = _unit(self._plain(parts, self._query_prefix).mean(axis=0))
            return QueryEncoding(vector, np.zeros((0, len(vector)), np.float32), ())
        with self._lock:
            passes = [self._pass([self._query_prefix + part])[0] for part in parts]
        rows, places = [], []
        for start, each in zip(starts, passes, strict=True):
            prefixed = len(self._query_prefix)
            for (a, b), row in zip(each.offsets, each.tokens, strict=True):
                if b > max(a, prefixed):
                    rows.append(_unit(row))
                    # Some tokenizers count the space before a word to its first token.
                    places.append((start + max(int(a) - prefixed, 0), start + int(b) - prefixed))
        vector = _unit(np.mean([_unit(each.vector) for each in passes], axis=0))
        stacked = np.stack(rows) if rows else np.zeros((0, len(vector)), np.float32)
        return QueryEncoding(vector, stacked, tuple(places))

    def encode_queries(self, texts: Sequence[str]) -> list[QueryEncoding]:
        """Several queries, one after the other."""
        return [self.encode_query(text) for text in texts]

    def _plain(self, texts: list[str], prefix: str) -> Matrix:
        vectors = self._model.encode(
            texts,
            prompt=prefix,
            batch_size=BATCH,
            normalize_embeddings=True,
            show_progress_bar=False,
        )
        return np.asarray(vectors, dtype=np.float32)

    def _encode_separately(
        self, texts: list[str], sentences: list[Sequence[Span]]
    ) -> list[Encoding]:
        vectors = self._plain(texts, self._document_prefix)
        parts = [s.of(text) for text, spans in zip(texts, sentences, strict=True) for s in spans]
        sentence_vectors = self._plain(parts, self._document_prefix)
        ends = np.cumsum([len(spans) for spans in sentences])
        split = np.split(sentence_vectors, ends[:-1])
        none = TokenVectors.none()
        return [Encoding(v, s, none) for v, s in zip(vectors, split, strict=True)]

    def _encode_late(self, texts: list[str], sentences: list[Sequence[Span]]) -> list[Encoding]:
        return [
            _late_pooled(each, spans)
            for each, spans in zip(self._pass(texts), sentences, strict=True)
        ]

    def _pass(self, texts: list[str]) -> list["_Pass"]:
        """One forward pass over texts that fit the window."""
        import torch

        features: Any = self._model.tokenizer(
            texts, padding=True, return_tensors="pt", return_offsets_mapping=True
        )
        offsets = features.pop("offset_mapping").numpy()
        features = {key: value.to(self._model.device) for key, value in features.items()}
        with torch.inference_mode():
            output: Any = self._model.forward(features)
        tokens = output["token_embeddings"].float().cpu().numpy()
        vectors = output["sentence_embedding"].float().cpu().numpy()
        return [_Pass(vectors[i], tokens[i], offsets[i]) for i in range(len(texts))]


class _Pass(NamedTuple):
    """What a forward pass gives for one text. vector: (d,). tokens: (t, d). offsets: (t, 2), where
    special tokens and padding are (0, 0)."""

    vector: Vector
    tokens: Matrix
    offsets: NDArray[np.int64]


def _late_pooled(each: _Pass, sentences: Sequence[Span]) -> Encoding:
    """A chunk's vector, the mean token vector of each sentence, and the tokens' own."""
    tokens, (starts, ends) = each.tokens, each.offsets.T
    real = ends > starts
    sentence_of = np.full(len(tokens), len(sentences))
    rows = []
    for number, span in enumerate(sentences):
        inside = real & (starts < span.end) & (ends > span.start)
        sentence_of[inside] = number
        # A sentence of characters that the tokenizer drops has no token: take the whole text's.
        rows.append(
            tokens[inside if inside.any() else (real if real.any() else slice(None))].mean(0)
        )
    norms = np.linalg.norm(tokens[real], axis=1, keepdims=True)
    units = tokens[real] / np.maximum(norms, np.float32(1e-12))
    return Encoding(
        _unit(each.vector),
        np.stack([_unit(row) for row in rows]),
        compress(units, sentence_of[real]),
    )


def _unit(vector: Vector) -> Vector:
    norm = float(np.linalg.norm(vector))
    return np.asarray(vector / norm if norm > 0 else vector, dtype=np.float32)


def _loaded(kind: type[_Model], folder: ModelFolder) -> _Model:
    from transformers.utils import logging

    logging.disable_progress_bar()  # type: ignore[no-untyped-call]
    try:
        return kind(str(folder.path), local_files_only=True)  # type: ignore[call-arg]
    except (OSError, ValueError, RuntimeError, KeyError, ImportError) as error:
        raise ModelUnusable(f"cannot load {folder.name} from {folder.path}: {error}") from error


def _pools_by_mean(model: "SentenceTransformer") -> bool:
    kinds = [type(module).__name__ for module in model]
    if kinds not in (["Transformer", "Pooling"], ["Transformer", "Pooling", "Normalize"]):
        return False
    pooling: Any = model[1]
    return bool(pooling.pooling_mode == "mean")


def _window(model: "SentenceTransformer") -> int:
    window = model.max_seq_length or model.tokenizer.model_max_length
    return int(min(window, 1 << 16))


def load_embedder(folder: ModelFolder) -> SentenceTransformerEmbedder:
    """The embedder for a model folder. Importing torch and loading takes seconds: do it once."""
    return SentenceTransformerEmbedder(folder)


def load_cross_encoder(folder: ModelFolder) -> Callable[[str, list[str]], list[float]]:
    """A cross-encoder as a function of a question and texts: one score a text, in [0, 1]."""
    import torch
    from sentence_transformers import CrossEncoder

    model = _loaded(CrossEncoder, folder)
    if model.num_labels != 1:
        raise ModelUnusable(
            f"{folder.name} gives {model.num_labels} values a text; a reranker gives one"
        )
    lock = threading.Lock()

    def scores(question: str, texts: list[str]) -> list[float]:
        with lock:
            values = model.predict(
                [(question, text) for text in texts],
                batch_size=BATCH,
                activation_fn=torch.nn.Sigmoid(),
                show_progress_bar=False,
            )
        return [float(value) for value in values]

    return scores
