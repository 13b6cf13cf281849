"""Vectors by sentence-transformers; the one module that imports it.

A chunk goes through the model once. Where the model pools by the mean of its token vectors, its
sentences' vectors are the means over each sentence's tokens of that same pass ("late pooling");
other poolings make no sense on part of a text, and their sentences are encoded on their own.
"""

import threading
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import tokenizers

from index.errors import ModelUnusable
from index.fingerprint import ModelFingerprint
from index.models import ModelFolder
from index.types import Encoding, Matrix, Span, Vector

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer

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
        self._model = _load(folder)
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

    def encode_query(self, text: str) -> Vector:
        """The query's vector. One longer than the window is read in parts, whose mean is taken."""
        longest = self._window - self.fingerprint.special
        offsets = self.tokenizer.offsets(text)
        starts = [offsets[i][0] for i in range(longest, len(offsets), longest)]
        parts = [text[a:b] for a, b in zip([0, *starts], [*starts, len(text)], strict=True)]
        with self._lock:
            return _unit(self._plain(parts, self._query_prefix).mean(axis=0))

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
        return [Encoding(v, s) for v, s in zip(vectors, split, strict=True)]

    def _encode_late(self, texts: list[str], sentences: list[Sequence[Span]]) -> list[Encoding]:
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
        return [
            Encoding(_unit(vectors[i]), _late_pooled(tokens[i], offsets[i], sentences[i]))
            for i in range(len(texts))
        ]


def _late_pooled(tokens: Matrix, offsets: Any, sentences: Sequence[Span]) -> Matrix:
    """The mean token vector of each sentence, of unit length.

    tokens: (t, d). offsets: (t, 2), where special tokens and padding are (0, 0).
    """
    starts, ends = offsets[:, 0], offsets[:, 1]
    real = ends > starts
    rows = []
    for span in sentences:
        inside = real & (starts < span.end) & (ends > span.start)
        # A sentence of characters that the tokenizer drops has no token: take the whole text's.
        rows.append(
            tokens[inside if inside.any() else (real if real.any() else slice(None))].mean(0)
        )
    return np.stack([_unit(row) for row in rows])


def _unit(vector: Vector) -> Vector:
    norm = float(np.linalg.norm(vector))
    return np.asarray(vector / norm if norm > 0 else vector, dtype=np.float32)


def _load(folder: ModelFolder) -> "SentenceTransformer":
    from sentence_transformers import SentenceTransformer
    from transformers.utils import logging

    logging.disable_progress_bar()  # type: ignore[no-untyped-call]
    try:
        return SentenceTransformer(str(folder.path), local_files_only=True)
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
