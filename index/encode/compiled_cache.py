"""The cache of compiled models: each is compiled once, and kept in the user's cache directory.

There is one folder per model, kind and precision, named by the digest of the model's files. In it,
`model.json` stores the format and onnxruntime versions, and the sha256 of every file and of itself.
A folder that is damaged or has other versions is compiled again. `model.json` is written last: a
folder without it has no model. A lock lets only one process compile a model.

A folder that other users can write to is refused.
"""

import logging
import re
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Generic, TypeVar, get_args

from index.disk.locks import held
from index.disk.private import make_private_folder, write_private
from index.disk.sealed_json import sealed, sha256_of_file, unsealed
from index.encode import onnx_runtime as runtime
from index.encode.cache_access import check_access, remove_files
from index.encode.model_files import ModelFolder
from index.encode.onnx_embedder import MODEL_FILE, TOKENIZER_FILE
from index.errors import IndexBusy, IndexProblem, ModelUnusable
from index.fingerprint import Precision

MANIFEST = "model.json"
EXPORTED_FILE = "exported.onnx"
LONGEST_WAIT_S = 600.0
"""To wait for another process that compiles the same model. A large model takes minutes."""

_GRAPHS = (MODEL_FILE, EXPORTED_FILE, "model.quantized")
_WRITTEN = {MANIFEST, TOKENIZER_FILE, *_GRAPHS, *(f"{name}.data" for name in _GRAPHS)}
"""All files written to a model's folder. `.data` has the weights that are too large for a graph."""

_log = logging.getLogger("index.encode.compile")


@dataclass(frozen=True, slots=True)
class Manifest:
    """What the manifests of all kinds have.

    runtime: version of onnxruntime
    files:   sha256 in hex by file name
    failure: why the model cannot be compiled; empty if it is compiled
    """

    format: int
    runtime: str
    files: dict[str, str]
    failure: str


_M = TypeVar("_M", bound=Manifest)


class CompiledCache(ABC, Generic[_M]):
    """The compiled models of one kind in a cache directory.

    kind:   part of the folder's name; empty for embedders
    format: if it is increased, models that an earlier program compiled are compiled again
    """

    kind = ""
    format = 1

    def __init__(self, cache: Path) -> None:
        self._folders = (cache, cache / "models")
        self._cache = cache / "models"

    @abstractmethod
    def _read(self, fields: dict[str, Any]) -> _M:
        """Return the manifest with these fields.

        Raises ValueError, TypeError, KeyError or AttributeError if it is damaged.
        """

    @abstractmethod
    def _compiled(self, model: ModelFolder, precision: Precision, folder: Path) -> _M:
        """Compile a model into a folder. Raises ModelUnusable if the model cannot be loaded."""

    def find(self, weights: str, precision: Precision) -> _M | None:
        """Return the manifest of the model with this digest, or None if it must be compiled.

        This reads all files of a compiled model to check them. Raises ModelUnusable if other users
        can write to them.
        """
        folder = self.folder(weights, precision)
        check_access((*self._folders, folder, *(folder / name for name in sorted(_WRITTEN))))
        try:
            manifest = self._read(unsealed((folder / MANIFEST).read_bytes()))
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
        current = manifest.format == self.format and manifest.runtime == runtime.VERSION
        return manifest if current else None

    def compile(self, model: ModelFolder, precision: Precision) -> _M:
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
            return self._make(model, precision, folder)

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
        parts = (weights[:32], self.kind, precision)
        return self._cache / "-".join(part for part in parts if part)

    def _make(self, model: ModelFolder, precision: Precision, folder: Path) -> _M:
        draft = folder.with_suffix(".draft")
        _clear(draft)
        make_private_folder(draft)
        check_access([draft])
        _log.info(
            "Compiling %s for this machine; this happens once and takes about 10 seconds…",
            model.name,
        )
        try:
            manifest = self._compiled(model, precision, draft)
            write_private(draft / MANIFEST, sealed(asdict(manifest)))
            _move(draft, folder, [*manifest.files, MANIFEST])
        finally:
            _log.debug("Compiled %s", model.name)
            _clear(draft)
        return manifest


def optimised(
    folder: Path, precision: Precision, measure: Callable[[], float], least: float
) -> float:
    """Optimise the exported graph of a folder, and return what `measure` returns for the result.

    measure: compares the optimised model with the original; 1 if they are equal
    least:   if the measured value is lower in int8, the graph is made once more, with exact sums

    Raises ModelUnusable if onnxruntime cannot read the graph.
    """
    exported, measured = folder / EXPORTED_FILE, 0.0
    for exact in (False, True):
        try:
            runtime.optimise(exported, folder / MODEL_FILE, precision, exact=exact)
        except Exception as error:  # onnx and onnxruntime raise many types
            raise ModelUnusable(f"onnxruntime cannot read it: {error}") from error
        measured = measure()
        # A low value shows an overflow on this processor; the next round is exact.
        if measured >= least or precision != "int8":
            break
    exported.unlink()
    return measured


def digests(folder: Path, failure: str) -> dict[str, str]:
    """Return the sha256 of each file of a compiled model; empty if there is a failure."""
    names = () if failure else (MODEL_FILE, TOKENIZER_FILE)
    return {name: sha256_of_file(folder / name) for name in names}


@contextmanager
def _compiling(folder: Path, name: str) -> Iterator[None]:
    """Hold the lock for writing a model's folder."""
    what = f"another process is compiling {name}"
    try:
        with held(folder.with_suffix(".lock"), what, LONGEST_WAIT_S):
            yield
    except IndexBusy:
        raise
    except IndexProblem as error:
        raise OSError(f"the lock in {folder.parent} cannot be made: {error}") from error


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
