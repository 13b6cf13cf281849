"""Compile each model once, verify it against the original, and keep it in the user's cache.

There is one folder per model and precision, named by the digest of the model's files. `model.json`
in it stores the fingerprint, the format and onnxruntime versions, and the sha256 of every file and
of itself. A folder that is damaged or has other versions is compiled again. `model.json` is written
last: a folder without it has no model. A lock lets only one process compile a model.

A folder that other users can write to is refused.
"""

import logging
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, get_args

from index.disk.locks import held
from index.disk.private import make_private_folder, write_private
from index.disk.sealed_json import sealed, sha256_of_file, unsealed
from index.encode import onnx_runtime as runtime
from index.encode.cache_access import check_access, remove_files
from index.encode.model_files import ModelFolder
from index.encode.onnx_embedder import MODEL_FILE, TOKENIZER_FILE, OnnxEmbedder
from index.encode.verify import least_cosine
from index.errors import IndexBusy, IndexProblem, ModelUnusable
from index.fingerprint import ModelFingerprint, Precision

if TYPE_CHECKING:
    from index.encode.torch_embedder import SentenceTransformerEmbedder

MANIFEST = "model.json"
FORMAT = 1
"""Increase this if models that an earlier program compiled must be compiled again."""

_LEAST_COSINE: dict[Precision, float] = {"fp32": 0.9999, "int8": 0.98}
"""Least cosine between the vectors of the compiled and the original model, on every text of the
verification. The default model has 0.988 in int8."""

_LONGEST_WAIT_S = 600.0
"""To wait for another process that compiles the same model. A large model takes minutes."""

_EXPORTED = "exported.onnx"
_GRAPHS = (MODEL_FILE, _EXPORTED, "model.quantized")
_WRITTEN = {MANIFEST, TOKENIZER_FILE, *_GRAPHS, *(f"{name}.data" for name in _GRAPHS)}
"""All files written to a model's folder. `.data` has the weights that are too large for a graph."""

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class CompiledManifest:
    """The content of a folder of the cache.

    runtime:      version of onnxruntime
    files:        sha256 in hex by file name
    least_cosine: between the vectors of the compiled model and of the original; 0 if not compiled
    failure:      why the model cannot be compiled; empty if it is compiled
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
        self._folders = (cache, cache / "models")
        self._cache = cache / "models"

    def find(self, weights: str, precision: Precision) -> CompiledManifest | None:
        """Return the manifest of the model with this digest, or None if it must be compiled.

        This reads all files of a compiled model to check them. Raises ModelUnusable if other users
        can write to them.
        """
        folder = self.folder(weights, precision)
        check_access((*self._folders, folder, *(folder / name for name in sorted(_WRITTEN))))
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

    def compile(self, model: ModelFolder, precision: Precision) -> CompiledManifest:
        """Compile a model, unless another process just did. This takes about ten seconds.

        If the model cannot be compiled, `failure` in the manifest says why.

        Raises ModelUnusable if the model cannot be loaded, or other users can write to the cache;
        IndexBusy if another process compiles it for too long; OSError if the cache cannot be
        written.
        """
        folder = self.folder(model.digest, precision)
        for each in self._folders:
            make_private_folder(each)
        check_access(self._folders)
        with _compiling(folder, model.name):
            done = self.find(model.digest, precision)
            if done is not None:
                return done
            return _make(model, precision, folder)

    def folder(self, weights: str, precision: Precision) -> Path:
        """Return the folder of a model.

        Raises ModelUnusable if `weights` is no sha256 in hex or the precision is unknown: both can
        come from an index that is not trusted.
        """
        if not re.fullmatch("[0-9a-f]{64}", weights) or precision not in get_args(Precision):
            raise ModelUnusable(
                f"the index has an invalid model: weights {weights[:80]!r}, precision "
                f"{precision!r}; delete the index and ingest the documents again"
            )
        return self._cache / f"{weights[:32]}-{precision}"


@contextmanager
def _compiling(folder: Path, name: str) -> Iterator[None]:
    """Hold the lock for writing a model's folder."""
    what = f"another process is compiling {name}"
    try:
        with held(folder.with_suffix(".lock"), what, _LONGEST_WAIT_S):
            yield
    except IndexBusy:
        raise
    except IndexProblem as error:
        raise OSError(f"cannot create the lock in {folder.parent}: {error}") from error


def _make(model: ModelFolder, precision: Precision, folder: Path) -> CompiledManifest:
    draft = folder.with_suffix(".draft")
    _clear(draft)
    make_private_folder(draft)
    check_access([draft])
    _log.info(
        "Compiling %s for this machine; this happens once and takes about 10 seconds…", model.name
    )
    try:
        manifest = _compiled(model, precision, draft)
        write_private(draft / MANIFEST, sealed(asdict(manifest)))
        _move(draft, folder, [*manifest.files, MANIFEST])
    finally:
        _log.debug("Compiled %s", model.name)
        _clear(draft)
    return manifest


def _clear(folder: Path) -> None:
    """Remove the files that this program wrote into a folder, and keep other files."""
    left = remove_files(folder, _WRITTEN)
    if folder in left:
        raise ModelUnusable(f"{folder} is a link that this program did not create; remove it")
    if left:
        _log.warning("%s was not written by this program and is kept", left[0])


def _move(draft: Path, folder: Path, names: list[str]) -> None:
    """Replace the files of `folder` with those of `draft`.

    The last name is the manifest: without it, the other files are ignored.
    """
    _clear(folder)
    make_private_folder(folder)
    for name in names:
        (draft / name).chmod(0o600)
        (draft / name).replace(folder / name)


def _compiled(model: ModelFolder, precision: Precision, folder: Path) -> CompiledManifest:
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
    names = () if failure else (MODEL_FILE, TOKENIZER_FILE)
    files = {name: sha256_of_file(folder / name) for name in names}
    return CompiledManifest(FORMAT, runtime.VERSION, fingerprint, files, cosine, failure)


def _made(
    original: "SentenceTransformerEmbedder",
    fingerprint: ModelFingerprint,
    precision: Precision,
    folder: Path,
) -> float:
    """Write the files, and return the least cosine between their vectors and the original's."""
    exported = folder / _EXPORTED
    original.export(exported)
    write_private(folder / TOKENIZER_FILE, original.tokenizer.to_json())
    cosine = 0.0
    for exact in (False, True):
        try:
            runtime.optimise(exported, folder / MODEL_FILE, precision, exact=exact)
        except Exception as error:  # onnx and onnxruntime raise many types
            raise ModelUnusable(f"onnxruntime cannot read the exported model: {error}") from error
        cosine = least_cosine(original, OnnxEmbedder(folder, fingerprint))
        # A low cosine shows an overflow on this processor; the next round is exact.
        if cosine >= _LEAST_COSINE[precision] or precision != "int8":
            break
    exported.unlink()
    return cosine


def _read(path: Path) -> CompiledManifest:
    """Read a manifest.

    Raises ValueError, TypeError, KeyError or AttributeError if it is damaged.
    """
    fields = unsealed(path.read_bytes())
    return CompiledManifest(**{**fields, "fingerprint": ModelFingerprint(**fields["fingerprint"])})
