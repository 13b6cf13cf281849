"""Load the models that the settings or an index name.

A compiled model is used if possible: it is ready 0.1 s after a cold start. sentence-transformers,
which takes seconds to import, runs models that cannot be compiled, and models on a GPU.
"""

import logging
from collections.abc import Callable

from index.backends import backend_at
from index.encode.model_files import DEFAULT_MODEL, ModelFolder, find_local_model, find_model
from index.errors import ModelUnusable
from index.fingerprint import ModelFingerprint, Precision
from index.protocols import Embedder
from rag.settings import CPU, Settings

PRECISIONS: tuple[Precision, ...] = ("int8", "fp32")
"""The precisions to try for a new index, in this order. int8 loses at most .002 nDCG@10 on each
development set (eval/LOG.md) and takes a third of the time of fp32."""

_log = logging.getLogger(__name__)


def load_model(settings: Settings, n_threads: int | None = None) -> Embedder:
    """Load the model that the settings name, or the default model, for a new index.

    n_threads: maximum number of the model's threads; None means one for each core.
    Raises ModelUnusable.
    """
    folder = find_model(settings.model or DEFAULT_MODEL)
    precisions = PRECISIONS if settings.precision is None else (settings.precision,)
    return _Loader(settings, n_threads, find_model).load(folder.name, folder.digest, precisions)


def load_model_of(
    fingerprint: ModelFingerprint, settings: Settings, n_threads: int | None = None
) -> Embedder:
    """Load the model and precision that an index was built with, unless the settings name others.

    A compiled model is found by its digest, without reading the original model's files. A model is
    downloaded only if the settings name it, because someone else may have written the name in the
    index.

    Raises ModelUnusable.
    """
    name, digest = fingerprint.name, fingerprint.weights
    if settings.model is not None and settings.model != fingerprint.name:
        folder = find_model(settings.model)
        name, digest = folder.name, folder.digest
    find = find_local_model if settings.model is None else find_model
    return _Loader(settings, n_threads, find).load(
        name, digest, (settings.precision or fingerprint.precision,)
    )


class _Loader:
    def __init__(
        self, settings: Settings, n_threads: int | None, find: Callable[[str], ModelFolder]
    ) -> None:
        """find: returns the original model's folder for a name; called only if it is needed."""
        self._settings = settings
        self._n_threads = n_threads
        self._find = find

    def load(self, name: str, digest: str, precisions: tuple[Precision, ...]) -> Embedder:
        """Load the model in the first of the precisions in which it is available."""
        if self._settings.device != CPU:
            return self._original(name, precisions, f"only the {CPU} can run compiled models")
        reason = ""
        for precision in precisions:
            try:
                compiled = self._compiled(name, digest, precision)
            except OSError as error:
                reason = (
                    f"{self._settings.cache_dir} cannot be used ({error.strerror or error}); "
                    "set `cache_dir` or RAG_CACHE_DIR to another folder"
                )
                break
            if isinstance(compiled, str):
                reason = compiled
            else:
                return compiled
        embedder = self._original(name, precisions, reason)
        _log.warning("%s runs through sentence-transformers: %s", name, reason)
        return embedder

    def _compiled(self, name: str, digest: str, precision: Precision) -> Embedder | str:
        """Return the compiled model, and compile it first if necessary; or return the reason why it
        cannot be compiled."""
        from index.encode.compile import CompiledModels

        models = CompiledModels(self._settings.cache_dir)
        manifest = models.find(digest, precision)
        if manifest is None:
            manifest = models.compile(self._find(name), precision)
        return manifest.failure or models.load(manifest, name, self._n_threads)

    def _original(self, name: str, precisions: tuple[Precision, ...], reason: str) -> Embedder:
        if "fp32" not in precisions:
            raise ModelUnusable(
                f"{name} is not available in {precisions[0]}: {reason}; use `--precision fp32`, "
                "with `rag ingest --rebuild` if the index has another precision"
            )
        from index.encode.torch_embedder import SentenceTransformerEmbedder

        return SentenceTransformerEmbedder(self._find(name), self._settings.device)


def fingerprint_in(settings: Settings) -> ModelFingerprint:
    """Return the fingerprint of the model that the settings' index was built with.

    Raises IndexMissing.
    """
    return backend_at(settings.index, settings.backend).fingerprint().model
