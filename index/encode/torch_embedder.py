"""Encode, export and rerank with sentence-transformers and torch.

Only this module and index.encode.torch_pair_models import these libraries.
"""

import threading
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np

from index.encode.model_files import ModelFolder
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
)
from index.errors import ModelUnusable
from index.fingerprint import ModelFingerprint
from index.types import Encoding, Matrix, QueryEncoding, Span

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer

_Model = TypeVar("_Model")

BATCH = 16
"""Texts per forward pass. Small batches of similar length need little padding."""

_OPSET = 17


class SentenceTransformerEmbedder:
    """An Embedder for any sentence-transformers model with a fast tokenizer.

    Only one pass runs at a time: a lock orders calls from several threads.

    device: torch's name: `cpu`, `cuda`, `cuda:1`, `mps`
    """

    def __init__(self, folder: ModelFolder, device: str = "cpu") -> None:
        from sentence_transformers import SentenceTransformer

        self._model = _loaded(SentenceTransformer, folder, device)
        self._lock = threading.Lock()
        backend = getattr(self._model.tokenizer, "backend_tokenizer", None)
        if backend is None:
            raise ModelUnusable(
                f"{folder.name} has no fast tokenizer, which exact spans require; choose another "
                "model"
            )
        self.tokenizer = ModelTokenizer(backend)
        prompts = self._model.prompts
        query_prefix = prompts.get("query") or ""
        document_prefix = prompts.get("document") or prompts.get("passage") or ""
        self._late = _pools_by_mean(self._model) and not document_prefix
        self.fingerprint = ModelFingerprint(
            name=folder.name,
            weights=folder.digest,
            dimension=int(self._model.get_embedding_dimension() or 0),
            window=_window(self._model),
            special=self._n_special(query_prefix, document_prefix),
            precision="fp32",
            query_prefix=query_prefix,
            document_prefix=document_prefix,
            sentences="late" if self._late else "separate",
        )
        self._longest = self.fingerprint.window - self.fingerprint.special

    def _n_special(self, *prefixes: str) -> int:
        tokenizer = self._model.tokenizer
        return int(tokenizer.num_special_tokens_to_add()) + max(
            len(self.tokenizer.offsets(prefix)) for prefix in prefixes
        )

    def encode(self, texts: Sequence[str], sentences: Sequence[Sequence[Span]]) -> list[Encoding]:
        """Return one encoding per text; `sentences[i]` are spans of `texts[i]`.

        Raises ModelUnusable if a text exceeds the model's window, instead of cutting it silently.
        """
        lengths = [len(self.tokenizer.offsets(text)) for text in texts]
        if lengths and max(lengths) > self._longest:
            raise ModelUnusable(
                f"a text has {max(lengths)} tokens; the model reads {self._longest}"
            )
        encodings: list[Encoding | None] = [None] * len(texts)
        by_length = sorted(range(len(texts)), key=lengths.__getitem__)
        for first in range(0, len(texts), BATCH):
            batch = by_length[first : first + BATCH]
            made = self._encode([texts[i] for i in batch], [sentences[i] for i in batch])
            for i, encoding in zip(batch, made, strict=True):
                encodings[i] = encoding
        return [encoding for encoding in encodings if encoding is not None]

    def _encode(self, texts: list[str], sentences: list[Sequence[Span]]) -> list[Encoding]:
        if self._late:
            passes = self._passes(texts)
            return [late_pooled(each, ss) for each, ss in zip(passes, sentences, strict=True)]
        prefix = self.fingerprint.document_prefix
        parts = sentences_within(texts, sentences, self.tokenizer.offsets, self._longest, prefix)
        return separately(self._plain([*texts, *parts], prefix), sentences)

    def encode_query(self, text: str) -> QueryEncoding:
        """Return the query's vectors. A query longer than the window is encoded in parts."""
        prefix = self.fingerprint.query_prefix
        parts = parts_of(text, self.tokenizer.offsets, self._longest, prefix)
        if self._late:
            passes = [self._passes([prefix + part.text])[0] for part in parts]
            encoding = query_of(parts, passes, prefix)
        else:
            encoding = tokenless(self._plain([part.text for part in parts], prefix))
        return as_read(text, encoding, self.tokenizer.unknown(text))

    def encode_queries(self, texts: Sequence[str]) -> list[QueryEncoding]:
        """Return the vectors of each query, computed one after the other."""
        return [self.encode_query(text) for text in texts]

    def _plain(self, texts: list[str], prefix: str) -> Matrix:
        with self._lock:
            vectors = self._model.encode(
                texts,
                prompt=prefix,
                batch_size=BATCH,
                normalize_embeddings=True,
                show_progress_bar=False,
            )
        return np.asarray(vectors, dtype=np.float32)

    def _passes(self, texts: list[str]) -> list[ForwardPass]:
        """Run one forward pass over texts that fit the window."""
        import torch

        with self._lock:
            features: Any = self._model.tokenizer(
                texts, padding=True, return_tensors="pt", return_offsets_mapping=True
            )
            offsets = features.pop("offset_mapping").numpy()
            features = {key: value.to(self._model.device) for key, value in features.items()}
            with torch.inference_mode():
                output: Any = self._model.forward(features)
            tokens = output["token_embeddings"].float().cpu().numpy()
            vectors = output["sentence_embedding"].float().cpu().numpy()
        return [ForwardPass(vectors[i], tokens[i], offsets[i]) for i in range(len(texts))]

    def export(self, path: Path) -> None:
        """Write the model as an ONNX graph from `input_ids` (1, t) to `tokens` (1, t, d) and
        `vector` (1, d).

        Raises ModelUnusable if the model cannot be exported.
        """
        import torch

        export_graph(
            _traceable(self._model),
            (torch.tensor([self._model.tokenizer("Just so long.")["input_ids"]]),),
            path,
            self.fingerprint.name,
            inputs=["input_ids"],
            outputs=["tokens", "vector"],
            axes={"input_ids": {1: "length"}, "tokens": {1: "length"}},
        )


def export_graph(
    traceable: Any,
    sample: tuple[Any, ...],
    path: Path,
    name: str,
    *,
    inputs: list[str],
    outputs: list[str],
    axes: dict[str, dict[int, str]],
) -> None:
    """Write a module of torch as an ONNX graph.

    sample: arguments to trace it with. axes: the dimensions of any length, by input and output.

    Raises ModelUnusable if it cannot be exported. name: of the model, for the message.
    """
    import torch

    try:
        with warnings.catch_warnings():
            # The exporter warns that it is deprecated, but the new one needs another compiler.
            # It also warns that a trace can be incomplete; the verification detects this.
            warnings.simplefilter("ignore")
            torch.onnx.export(
                traceable,
                sample,
                str(path),
                input_names=inputs,
                output_names=outputs,
                dynamic_axes=axes,
                opset_version=_OPSET,
                dynamo=False,
            )
    except Exception as error:  # a tracer raises many types
        reason = str(error).strip().partition("\n")[0] or type(error).__name__
        raise ModelUnusable(f"{name} cannot be exported to ONNX: {reason}") from error


def _traceable(model: "SentenceTransformer") -> Any:
    """Return the model as a function of the ids of one text without padding."""
    import torch

    class Traceable(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            first, *rest = list(model)
            self.transformer: Any = first
            self.rest = torch.nn.ModuleList(rest)

        def forward(self, input_ids: Any) -> tuple[Any, Any]:
            # No mask: there is no padding, so attention does not need one.
            tokens = self.transformer.auto_model(input_ids=input_ids).last_hidden_state
            features = {
                "input_ids": input_ids,
                "token_embeddings": tokens,
                "attention_mask": torch.ones_like(input_ids),
            }
            for module in self.rest:
                features = module(features)
            return tokens, features["sentence_embedding"]

    return Traceable().eval()


def _loaded(kind: type[_Model], folder: ModelFolder, device: str) -> _Model:
    with loading(folder, device):
        return kind(  # type: ignore[call-arg]
            str(folder.path), local_files_only=True, trust_remote_code=False, device=device
        )


@contextmanager
def loading(folder: ModelFolder, device: str = "cpu") -> Iterator[None]:
    """Raise ModelUnusable if a model cannot be loaded in the block."""
    from transformers.utils import logging

    logging.disable_progress_bar()  # type: ignore[no-untyped-call]
    try:
        yield
    # torch raises AssertionError for a missing device.
    except (OSError, ValueError, RuntimeError, KeyError, ImportError, AssertionError) as error:
        raise ModelUnusable(
            f"cannot load {folder.name} from {folder.path} on {device}: {error}"
        ) from error


def _pools_by_mean(model: "SentenceTransformer") -> bool:
    kinds = [type(module).__name__ for module in model]
    if kinds not in (["Transformer", "Pooling"], ["Transformer", "Pooling", "Normalize"]):
        return False
    pooling: Any = model[1]
    return bool(pooling.pooling_mode == "mean")


def _window(model: "SentenceTransformer") -> int:
    window = model.max_seq_length or model.tokenizer.model_max_length
    return int(min(window, 1 << 16))


def load_cross_encoder(
    folder: ModelFolder, device: str = "cpu"
) -> Callable[[str, list[str]], list[float]]:
    """Return a cross-encoder as a function of a question and texts: one score in [0, 1] per text.

    Raises ModelUnusable if the model cannot be loaded, or gives several values per text.
    """
    import torch
    from sentence_transformers import CrossEncoder

    model = _loaded(CrossEncoder, folder, device)
    if model.num_labels != 1:
        raise ModelUnusable(
            f"{folder.name} gives {model.num_labels} values per text; choose a reranker that "
            "gives one"
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
