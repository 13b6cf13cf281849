"""Compile embedders: export, optimise, quantize, and verify their vectors against the original's.

index.encode.compiled_cache describes where compiled models are kept.
"""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from index.disk.private import write_private
from index.encode import onnx_runtime as runtime
from index.encode.compiled_cache import (
    EXPORTED_FILE,
    MANIFEST,
    CompiledCache,
    Manifest,
    digests,
    optimised,
)
from index.encode.model_files import ModelFolder
from index.encode.onnx_embedder import TOKENIZER_FILE, OnnxEmbedder
from index.encode.verify import least_cosine
from index.errors import ModelUnusable
from index.fingerprint import ModelFingerprint, Precision

if TYPE_CHECKING:
    from index.encode.torch_embedder import SentenceTransformerEmbedder

__all__ = ["FORMAT", "MANIFEST", "CompiledManifest", "CompiledModels"]

FORMAT = 1
"""Increase this if models that an earlier program compiled must be compiled again."""

_LEAST_COSINE: dict[Precision, float] = {"fp32": 0.9999, "int8": 0.98}
"""Least cosine between the vectors of the compiled and the original model, on every text of the
verification. The default model has 0.988 in int8."""


@dataclass(frozen=True, slots=True)
class CompiledManifest(Manifest):
    """The content of an embedder's folder in the cache.

    least_cosine: between the vectors of the compiled model and of the original; 0 if not compiled
    """

    fingerprint: ModelFingerprint
    least_cosine: float


class CompiledModels(CompiledCache[CompiledManifest]):
    """The compiled embedders in a cache directory."""

    format = FORMAT

    def load(
        self, manifest: CompiledManifest, name: str, n_threads: int | None = None
    ) -> OnnxEmbedder:
        """Return the embedder of a compiled model.

        manifest: from `find` or `compile`, without failure
        name:     the model's name in the embedder's fingerprint
        """
        fingerprint = replace(manifest.fingerprint, name=name)
        folder = self.folder(fingerprint.weights, fingerprint.precision)
        return OnnxEmbedder(folder, fingerprint, n_threads)

    def _read(self, fields: dict[str, Any]) -> CompiledManifest:
        fingerprint = ModelFingerprint(**fields["fingerprint"])
        return CompiledManifest(**{**fields, "fingerprint": fingerprint})

    def _compiled(self, model: ModelFolder, precision: Precision, folder: Path) -> CompiledManifest:
        from index.encode.torch_embedder import SentenceTransformerEmbedder

        original = SentenceTransformerEmbedder(model)
        fingerprint = replace(original.fingerprint, precision=precision)
        try:
            cosine = _made(original, fingerprint, precision, folder)
            failure = ""
            if not cosine >= _LEAST_COSINE[precision]:
                failure = (
                    f"the vectors of {model.name} in {precision} differ from the original's: the "
                    f"lowest cosine is {cosine:.4f}, and {_LEAST_COSINE[precision]} is required"
                )
        except ModelUnusable as error:
            cosine, failure = 0.0, str(error)
        return CompiledManifest(
            format=FORMAT,
            runtime=runtime.VERSION,
            files=digests(folder, failure),
            failure=failure,
            fingerprint=fingerprint,
            least_cosine=cosine,
        )


def _made(
    original: "SentenceTransformerEmbedder",
    fingerprint: ModelFingerprint,
    precision: Precision,
    folder: Path,
) -> float:
    """Write the files, and return the least cosine between their vectors and the original's."""
    original.export(folder / EXPORTED_FILE)
    write_private(folder / TOKENIZER_FILE, original.tokenizer.to_json())
    return optimised(
        folder,
        precision,
        lambda: least_cosine(original, OnnxEmbedder(folder, fingerprint)),
        _LEAST_COSINE[precision],
    )
