"""Compiled models: made once, verified against the original, kept in the user's cache directory.

A folder a model and precision, named by the digest of the model's files. `model.json` in it names
the fingerprint, what it was made with and the sha256 of every file and of itself; a folder that is
damaged, or was made otherwise than would be done now, is made anew. `model.json` is written last:
without it, there is no model. A lock has several processes make it once.

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
"""Raised when models that an earlier program compiled must be compiled again."""

_LEAST_COSINE: dict[Precision, float] = {"fp32": 0.9999, "int8": 0.98}
"""What a compiled model's vectors must have with the original's, on every text of the verification.
The default model's have .988 in int8."""

_LONGEST_WAIT_S = 600.0
"""For another process that compiles the same model: a large one takes minutes."""

_EXPORTED = "exported.onnx"
_GRAPHS = (MODEL_FILE, _EXPORTED, "model.quantized")
_WRITTEN = {MANIFEST, TOKENIZER_FILE, *_GRAPHS, *(f"{name}.data" for name in _GRAPHS)}
"""All that is ever written into a model's folder; `.data` holds what is too large for a graph."""

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class CompiledManifest:
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
        self._folders = (cache, cache / "models")
        self._cache = cache / "models"

    def find(self, weights: str, precision: Precision) -> CompiledManifest | None:
        """What is known of a model by its digest: None if it has to be compiled.

        A compiled model's files are checked; that reads them whole. Raises ModelUnusable if other
        users can write to them.
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
        """The embedder of a model that `find` or `compile` has found usable, under the name that it
        is called by now."""
        fingerprint = replace(manifest.fingerprint, name=name)
        folder = self.folder(fingerprint.weights, fingerprint.precision)
        return OnnxEmbedder(folder, fingerprint, n_threads)

    def compile(self, model: ModelFolder, precision: Precision) -> CompiledManifest:
        """Compile a model, unless another process just did. It takes some ten seconds.

        Raises ModelUnusable if the model cannot be loaded, or other users can write to the cache;
        that one cannot be compiled is noted in the manifest. Raises IndexBusy if another process
        compiles it for too long, OSError if the cache cannot be written.
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
        """Where a model lies. Raises ModelUnusable unless it is named as models are: the names in
        an index are its maker's."""
        if not re.fullmatch("[0-9a-f]{64}", weights) or precision not in get_args(Precision):
            raise ModelUnusable(
                f"the index names a model by {weights[:80]!r} in {precision!r}, which no model "
                "has; delete the index and ingest the documents again"
            )
        return self._cache / f"{weights[:32]}-{precision}"


@contextmanager
def _compiling(folder: Path, name: str) -> Iterator[None]:
    """Let one process at a time make a model's folder."""
    what = f"another process is compiling {name}"
    try:
        with held(folder.with_suffix(".lock"), what, _LONGEST_WAIT_S):
            yield
    except IndexBusy:
        raise
    except IndexProblem as error:
        raise OSError(f"the lock in {folder.parent} cannot be made: {error}") from error


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
    """Remove what this program wrote into a folder; what others put there stays."""
    left = remove_files(folder, _WRITTEN)
    if folder in left:
        raise ModelUnusable(f"{folder} is a link, which this program did not make; remove it")
    if left:
        _log.warning("%s was not written by this program and is left", left[0])


def _move(draft: Path, folder: Path, names: list[str]) -> None:
    """Put new files in the place of old ones; the last is the manifest, without which they do not
    count."""
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
                f"{model.name} in {precision} is not itself: a cosine of {cosine:.4f} with what it "
                f"should be, where {_LEAST_COSINE[precision]} is asked for"
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
    """Make the files, and return the least cosine of their vectors with the original's."""
    exported = folder / _EXPORTED
    original.export(exported)
    write_private(folder / TOKENIZER_FILE, original.tokenizer.to_json())
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


def _read(path: Path) -> CompiledManifest:
    """Raises ValueError, TypeError, KeyError or AttributeError if it is damaged."""
    fields = unsealed(path.read_bytes())
    return CompiledManifest(**{**fields, "fingerprint": ModelFingerprint(**fields["fingerprint"])})
