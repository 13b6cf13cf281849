"""Compile models of question and text: readers and cross-encoders.

Their logits are compared with the original's on real questions and texts; from int8 and fp32 the
first that agrees is used. index.encode.compiled_cache describes where compiled models are kept.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from index.disk.private import write_private
from index.encode import onnx_runtime as runtime
from index.encode.compiled_cache import (
    EXPORTED_FILE,
    CompiledCache,
    Manifest,
    digests,
    optimised,
)
from index.encode.model_files import ModelFolder
from index.encode.onnx_embedder import TOKENIZER_FILE
from index.encode.onnx_pair_model import OnnxPairModel, PairSettings
from index.encode.verify_pairs import agreement
from index.errors import ModelUnusable
from index.fingerprint import Precision

if TYPE_CHECKING:
    from index.encode.torch_pair_models import OriginalPairModel

PairKind = Literal["reader", "reranker"]

PRECISIONS: tuple[Precision, ...] = ("int8", "fp32")
"""The precisions to try, in this order."""

_FORMAT = 1
"""Increase this if models that an earlier program compiled must be compiled again."""

_LEAST_AGREEMENT: dict[Precision, float] = {"fp32": 0.9999, "int8": 0.98}
"""Least agreement of the compiled model's logits with the original's, see verify_pairs."""


@dataclass(frozen=True, slots=True)
class PairManifest(Manifest):
    """The content of a folder in the cache.

    weights:   sha256 over the original's weights, configuration and tokenizer, in hex
    agreement: of the logits with the original's; at most 1; 0 if not compiled
    """

    weights: str
    precision: Precision
    settings: PairSettings
    agreement: float


class CompiledPairModels(CompiledCache[PairManifest]):
    """The compiled models of one kind in a cache directory."""

    format = _FORMAT

    def __init__(self, cache: Path, kind: PairKind) -> None:
        super().__init__(cache)
        self.kind: PairKind = kind

    def load(self, manifest: PairManifest, n_threads: int | None = None) -> OnnxPairModel:
        """Return a compiled model. manifest: from `find` or `compile`, without failure."""
        folder = self.folder(manifest.weights, manifest.precision)
        return OnnxPairModel(folder, manifest.settings, n_threads)

    def first(self, model: ModelFolder) -> PairManifest:
        """Return the manifest in the first precision in which the model can be compiled, and
        compile it first if necessary. If there is none, `failure` says why.

        Raises as `compile` does.
        """
        for precision in PRECISIONS:
            manifest = self.find(model.digest, precision) or self.compile(model, precision)
            if not manifest.failure:
                break
        return manifest

    def _read(self, fields: dict[str, Any]) -> PairManifest:
        return PairManifest(**{**fields, "settings": PairSettings(**fields["settings"])})

    def _compiled(self, model: ModelFolder, precision: Precision, folder: Path) -> PairManifest:
        original = _original(self.kind, model)
        settings = PairSettings(original.window, original.stride, original.prompt)
        agreed, failure = 0.0, ""
        try:
            agreed = _made(original, settings, precision, folder)
            if not agreed >= _LEAST_AGREEMENT[precision]:
                failure = (
                    f"the logits of {model.name} in {precision} differ from the original's: the "
                    f"agreement is {agreed:.4f}, and {_LEAST_AGREEMENT[precision]} is required"
                )
        except ModelUnusable as error:
            failure = str(error)
        return PairManifest(
            format=_FORMAT,
            runtime=runtime.VERSION,
            files=digests(folder, failure),
            failure=failure,
            weights=model.digest,
            precision=precision,
            settings=settings,
            agreement=agreed,
        )


def _original(kind: PairKind, model: ModelFolder) -> "OriginalPairModel":
    from index.encode.torch_pair_models import TorchCrossEncoder, TorchReader

    if kind == "reader":
        return TorchReader(model)
    return TorchCrossEncoder(model)


def _made(
    original: "OriginalPairModel", settings: PairSettings, precision: Precision, folder: Path
) -> float:
    """Write the files, and return how far their logits agree with the original's."""
    original.export(folder / EXPORTED_FILE)
    write_private(folder / TOKENIZER_FILE, original.tokenizer_json())

    def measure() -> float:
        made = OnnxPairModel(folder, settings)
        return agreement(original.logits, lambda question, text: made.logits(question, [text])[0])

    return optimised(folder, precision, measure, _LEAST_AGREEMENT[precision])
