"""Compiled models: made once, verified against the original, kept in the user's cache directory.

A folder a model and precision, named by the digest of the model's files. `model.json` in it names
the fingerprint, what it was made with and the sha256 of every file and of itself; a folder that is
damaged, or was made otherwise than would be done now, is made anew. It appears in one step, and a
lock has several processes make it once.
"""

import logging
import shutil
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from filelock import FileLock

from index import runtime
from index.checksum import sealed, sha256_of_file, unsealed
from index.errors import ModelUnusable
from index.fingerprint import ModelFingerprint, Precision
from index.models import ModelFolder
from index.onnx_embedder import MODEL_FILE, TOKENIZER_FILE, OnnxEmbedder
from index.verification import least_cosine

if TYPE_CHECKING:
    from index.embed import SentenceTransformerEmbedder

MANIFEST = "model.json"
FORMAT = 1
"""Raised when models that an earlier program compiled must be compiled again."""

_LEAST_COSINE: dict[Precision, float] = {"fp32": 0.9999, "int8": 0.98}
"""What a compiled model's vectors must have with the original's, on every text of the verification.
The default model's have .988 in int8."""

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Manifest:
    """What a folder of the cache holds.

    failure:      why the model cannot be compiled; empty if it could
    least_cosine: between the vectors of the compiled model and of the original
    """

    format: int
    runtime: str
    fingerprint: ModelFingerprint
    files: dict[str, str]
    least_cosine: float
    failure: str = ""


class CompiledModels:
    """The compiled models in a cache directory."""

    def __init__(self, cache: Path) -> None:
        self._cache = cache / "models"

    def find(self, weights: str, precision: Precision) -> Manifest | None:
        """What is known of a model by its digest: None if it has to be compiled.

        A compiled model's files are checked; that reads them whole.
        """
        folder = self.folder(weights, precision)
        try:
            manifest = _read(folder / MANIFEST)
            damaged = [
                n for n, digest in manifest.files.items() if sha256_of_file(folder / n) != digest
            ]
        except FileNotFoundError:
            return None
        except (AttributeError, KeyError, OSError, TypeError, ValueError):
            damaged = [MANIFEST]
        if damaged:
            _log.warning("%s is damaged; compiling the model again", folder / damaged[0])
            return None
        current = manifest.format == FORMAT and manifest.runtime == runtime.VERSION
        return manifest if current else None

    def load(self, manifest: Manifest, name: str, n_threads: int | None = None) -> OnnxEmbedder:
        """The embedder of a model that `find` or `compile` has found usable, under the name that it
        is called by now."""
        fingerprint = replace(manifest.fingerprint, name=name)
        folder = self.folder(fingerprint.weights, fingerprint.precision)
        return OnnxEmbedder(folder, fingerprint, n_threads)

    def compile(self, model: ModelFolder, precision: Precision) -> Manifest:
        """Compile a model, unless another process just did. It takes some ten seconds.

        Raises ModelUnusable if the model cannot be loaded; that one cannot be compiled is noted in
        the manifest. Raises OSError if the cache cannot be written.
        """
        folder = self.folder(model.digest, precision)
        self._cache.mkdir(parents=True, exist_ok=True)
        with FileLock(folder.with_suffix(".lock")):
            done = self.find(model.digest, precision)
            if done is not None:
                return done
            draft = folder.with_suffix(".draft")
            shutil.rmtree(draft, ignore_errors=True)
            draft.mkdir()
            try:
                manifest = _compiled(model, precision, draft)
                (draft / MANIFEST).write_text(sealed(asdict(manifest)), encoding="utf-8")
                shutil.rmtree(folder, ignore_errors=True)
                draft.rename(folder)
            finally:
                shutil.rmtree(draft, ignore_errors=True)
            return manifest

    def folder(self, weights: str, precision: Precision) -> Path:
        return self._cache / f"{weights[:32]}-{precision}"


def _compiled(model: ModelFolder, precision: Precision, folder: Path) -> Manifest:
    from index.embed import SentenceTransformerEmbedder

    original = SentenceTransformerEmbedder(model)
    fingerprint = replace(original.fingerprint, precision=precision)
    try:
        cosine = _made(original, fingerprint, precision, folder)
        failure = ""
        if not cosine >= _LEAST_COSINE[precision]:
            failure = (
                f"{model.name} in {precision} is not itself: a cosine of {cosine:.4f} with what it "
                f"should be, where {_LEAST_COSINE[precision]} is asked for"
            )
    except ModelUnusable as error:
        cosine, failure = 0.0, str(error)
    names = () if failure else (MODEL_FILE, TOKENIZER_FILE)
    files = {name: sha256_of_file(folder / name) for name in names}
    return Manifest(FORMAT, runtime.VERSION, fingerprint, files, cosine, failure)


def _made(
    original: "SentenceTransformerEmbedder",
    fingerprint: ModelFingerprint,
    precision: Precision,
    folder: Path,
) -> float:
    """Make the files, and return the least cosine of their vectors with the original's."""
    exported = folder / "exported.onnx"
    original.export(exported)
    (folder / TOKENIZER_FILE).write_text(original.tokenizer.to_json(), encoding="utf-8")
    cosine = 0.0
    for exact in (False, True):
        try:
            runtime.optimise(exported, folder / MODEL_FILE, precision, exact=exact)
        except Exception as error:  # onnx and onnxruntime raise what they please
            raise ModelUnusable(f"onnxruntime cannot read it: {error}") from error
        cosine = least_cosine(original, OnnxEmbedder(folder, fingerprint))
        # What overflows on this processor is seen here, and is then made to be exact.
        if cosine >= _LEAST_COSINE[precision] or precision != "int8":
            break
    exported.unlink()
    return cosine


def _read(path: Path) -> Manifest:
    """Raises ValueError, TypeError, KeyError or AttributeError if it is damaged."""
    fields = unsealed(path.read_bytes())
    return Manifest(**{**fields, "fingerprint": ModelFingerprint(**fields["fingerprint"])})
