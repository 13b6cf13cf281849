"""Load readers and cross-encoders with transformers and torch, run them, and export them to ONNX.

Only this module and index.encode.torch_embedder import these libraries. The models compiled from
these are compared with them on texts, not on tokens, so that a difference in tokens shows too.
"""

import inspect
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from index.encode.model_files import ModelFolder
from index.encode.pair_tokenizer import cut, longest_question
from index.encode.torch_embedder import export_graph, loading
from index.errors import ModelUnusable

LONGEST_WINDOW = 384
"""Tokens of a reader's window, special ones included: readers are trained with as many."""

_N_SHARED = 128
"""Tokens that two neighbouring windows share, at most half of a window."""

_UNSET = 1_000_000
"""A tokenizer without a maximum length has a larger one."""


class OriginalPairModel(Protocol):
    """A model of question and text, as its own library runs it.

    window:  tokens that it reads at once, special tokens included
    stride:  tokens that neighbouring windows of a text share; None if it has one window
    prompt:  put before each question
    """

    name: str
    window: int
    stride: int | None
    prompt: str

    def logits(self, question: str, text: str) -> list[NDArray[np.float32]]:
        """Return the logits of each window: (t, 2) for t tokens, or (1,) for the whole pair."""
        ...

    def tokenizer_json(self) -> str: ...

    def export(self, path: Path) -> None:
        """Write the model as an ONNX graph from `input_ids` (1, t), and `token_type_ids` (1, t) if
        it has types, to `logits` (1, t, 2) or (1, 1).

        Raises ModelUnusable if the model cannot be exported.
        """
        ...


class TorchReader:
    """A model of transformers' AutoModelForQuestionAnswering.

    Raises ModelUnusable if it cannot be loaded, has no trained head for question answering, no fast
    tokenizer, or no [CLS] token at the start.
    """

    def __init__(self, folder: ModelFolder) -> None:
        from transformers import AutoModelForQuestionAnswering

        self.name = folder.name
        self.prompt = ""
        self._model, missing = _pretrained(AutoModelForQuestionAnswering, folder)
        _check_trained(folder.name, missing, "extractive question-answering model")
        self._tokenizer = _tokenizer(folder)
        self.window = _reader_window(self._tokenizer, self._model.config)
        self.stride: int | None = min(_N_SHARED, self.window // 2)
        self._check_tokenizer()

    def _check_tokenizer(self) -> None:
        if not self._tokenizer.is_fast:
            raise ModelUnusable(f"{self.name} has no fast tokenizer, which exact spans need")
        first = self._tokenizer("Who?", "They.")["input_ids"][0]
        if first != self._tokenizer.cls_token_id:
            raise ModelUnusable(
                f"{self.name} does not begin its input with a [CLS] token, whose score stands for "
                "no answer; choose another reader, `rag models` lists some"
            )

    def logits(self, question: str, text: str) -> list[NDArray[np.float32]]:
        import torch

        offsets = self._tokenizer(question, add_special_tokens=False, return_offsets_mapping=True)[
            "offset_mapping"
        ]
        features = self._tokenizer(
            cut(question, offsets, longest_question(self.window)),
            text,
            truncation="only_second",
            max_length=self.window,
            stride=self.stride,
            return_overflowing_tokens=True,
            padding=True,
            return_tensors="pt",
        )
        features.pop("overflow_to_sample_mapping")
        with torch.inference_mode():
            output = self._model(**{name: features[name] for name in features})
        both = torch.stack([output.start_logits, output.end_logits], dim=-1).numpy()
        lengths = features["attention_mask"].sum(dim=1).tolist()
        return [each[:length] for each, length in zip(both, lengths, strict=True)]

    def tokenizer_json(self) -> str:
        return str(self._tokenizer.backend_tokenizer.to_str())

    def export(self, path: Path) -> None:
        import torch

        model = self._model

        class Traceable(torch.nn.Module):
            def __init__(self) -> None:
                super().__init__()
                self.model: Any = model

            def forward(self, input_ids: Any, token_type_ids: Any = None) -> Any:
                output = self.model(**_inputs(input_ids, token_type_ids))
                return torch.stack([output.start_logits, output.end_logits], dim=-1)

        _export(Traceable().eval(), self._tokenizer, model, path, self.name, {1: "length"})


class TorchCrossEncoder:
    """A cross-encoder of sentence-transformers that gives one score for a pair.

    Raises ModelUnusable if it cannot be loaded, gives several values, or has no trained head.
    """

    def __init__(self, folder: ModelFolder) -> None:
        from sentence_transformers import CrossEncoder
        from transformers import AutoModelForSequenceClassification

        self.name = folder.name
        self.stride: int | None = None
        with loading(folder):
            self._encoder: Any = CrossEncoder(
                str(folder.path), local_files_only=True, trust_remote_code=False, device="cpu"
            )
        if self._encoder.num_labels != 1:
            raise ModelUnusable(
                f"{folder.name} gives {self._encoder.num_labels} values a text; a reranker gives "
                "one"
            )
        self._modules = [type(module).__name__ for module in self._encoder]
        self._model: Any = None
        if self._modules == ["Transformer"]:
            self._model, missing = _pretrained(AutoModelForSequenceClassification, folder)
            _check_trained(folder.name, missing, "cross-encoder")
        self._tokenizer = self._encoder.tokenizer
        self.window = int(min(self._encoder.max_seq_length, 1 << 16))
        self.prompt: str = self._encoder.prompts.get(self._encoder.default_prompt_name) or ""

    def logits(self, question: str, text: str) -> list[NDArray[np.float32]]:
        import torch

        value = self._encoder.predict(
            [(question, text)], activation_fn=torch.nn.Identity(), show_progress_bar=False
        )
        return [np.asarray(value, dtype=np.float32)]

    def tokenizer_json(self) -> str:
        return str(self._tokenizer.backend_tokenizer.to_str())

    def export(self, path: Path) -> None:
        import torch

        model = self._model
        if model is None or not self._tokenizer.is_fast:
            modules = ", ".join(self._modules)
            raise ModelUnusable(
                f"{self.name} cannot be exported to ONNX: only one transformer with a fast "
                f"tokenizer can be, and it has the modules {modules}"
            )

        class Traceable(torch.nn.Module):
            def __init__(self) -> None:
                super().__init__()
                self.model: Any = model

            def forward(self, input_ids: Any, token_type_ids: Any = None) -> Any:
                return self.model(**_inputs(input_ids, token_type_ids)).logits

        _export(Traceable().eval(), self._tokenizer, model, path, self.name, {})


def _pretrained(kind: Any, folder: ModelFolder) -> tuple[Any, list[str]]:
    """Return a model in fp32, and the names of the weights that its files lack."""
    import torch

    with loading(folder):
        model, loaded = kind.from_pretrained(
            str(folder.path),
            local_files_only=True,
            trust_remote_code=False,
            dtype=torch.float32,
            output_loading_info=True,
        )
    return model.eval(), list(loaded["missing_keys"])


def _tokenizer(folder: ModelFolder) -> Any:
    from transformers import AutoTokenizer

    with loading(folder):
        return AutoTokenizer.from_pretrained(
            str(folder.path), local_files_only=True, trust_remote_code=False
        )


def _inputs(input_ids: Any, token_type_ids: Any) -> dict[str, Any]:
    """Return the arguments of the model. No mask: there is no padding."""
    types = {} if token_type_ids is None else {"token_type_ids": token_type_ids}
    return {"input_ids": input_ids, **types}


def _export(
    traceable: Any, tokenizer: Any, model: Any, path: Path, name: str, output_axes: dict[int, str]
) -> None:
    sample = tokenizer("Who came?", "They came at noon.", return_tensors="pt")
    names = ["input_ids", *(["token_type_ids"] if _takes_types(tokenizer, model) else [])]
    axes = {each: {1: "length"} for each in names}
    export_graph(
        traceable,
        tuple(sample[each] for each in names),
        path,
        name,
        inputs=names,
        outputs=["logits"],
        axes=axes | ({"logits": output_axes} if output_axes else {}),
    )


def _takes_types(tokenizer: Any, model: Any) -> bool:
    """Whether the model reads which text a token is of, as transformers decides it."""
    return (
        "token_type_ids" in tokenizer.model_input_names
        and "token_type_ids" in inspect.signature(model.forward).parameters
    )


def _check_trained(name: str, missing: Iterable[str], kind: str) -> None:
    """Raise ModelUnusable if the folder lacks weights: transformers would invent them.

    The pooler is not used by readers, and many of them are stored without one.
    """
    weights = sorted(each for each in missing if ".pooler." not in each)
    if weights:
        raise ModelUnusable(
            f"{name} is no {kind}: it has no weights {weights[0]!r}; name a model that was "
            "trained for this, `rag models` lists some"
        )


def _reader_window(tokenizer: Any, config: Any) -> int:
    longest = int(min(tokenizer.model_max_length, _UNSET))
    positions = getattr(config, "max_position_embeddings", None)
    if longest == _UNSET and isinstance(positions, int) and positions > 2:
        longest = positions - 2  # some families begin to count positions at two
    return min(longest, LONGEST_WINDOW)
