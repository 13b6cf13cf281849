"""Load the reader and the reranker that the settings name.

Both run compiled, as embedders do, in int8 if their logits allow it. A model that someone else
chose is never loaded here: an index names neither.
"""

import logging
from pathlib import Path
from typing import TYPE_CHECKING

from index.encode.model_files import ModelFolder, find_model
from index.errors import ModelUnusable
from rag.search.ranking import RankSettings
from rag.search.rerankers import RERANKERS, CrossEncode, CrossEncoder, Reranker
from rag.settings import CPU, Settings

if TYPE_CHECKING:
    from index.encode.compile_pairs import PairKind
    from index.encode.onnx_pair_model import OnnxPairModel
    from rag.answer.reader import Reader

_log = logging.getLogger(__name__)

_HINT = "`rag models` lists readers that work; without `reader`, no model reads the passages"


def load_reader(settings: Settings, n_threads: int | None = None) -> "Reader | None":
    """Return the compiled reader that the settings name; None if they name none.

    n_threads: maximum number of the model's threads; None means one for each core.

    Raises ModelUnusable if there is no such model, it is no extractive question-answering model, or
    it cannot be compiled.
    """
    if settings.reader is None:
        return None
    from index.encode.onnx_pair_model import OnnxReader

    try:
        folder = find_model(settings.reader, _HINT)
        model = _compiled("reader", folder, settings.cache_dir, n_threads)
        if isinstance(model, str):
            raise ModelUnusable(f"{model}; {_HINT}")
    except (ModelUnusable, OSError) as error:
        raise ModelUnusable(
            f"the reader {settings.reader!r} cannot be used: {_reason(error, settings.cache_dir)}"
        ) from error
    return OnnxReader(model, folder.digest)


def load_reranker(
    ranking: RankSettings, device: str = CPU, cache_dir: Path | None = None
) -> Reranker:
    """Return the reranker named by `ranking.rerank`: one of RERANKERS, or a cross-encoder.

    device:    a cross-encoder runs compiled on the CPU, and through sentence-transformers on others
    cache_dir: of compiled models; None for the settings'

    Raises ModelUnusable.
    """
    if ranking.rerank in RERANKERS:
        return RERANKERS[ranking.rerank]()
    try:
        folder = find_model(ranking.rerank)
    except ModelUnusable as error:
        raise ModelUnusable(
            f"unknown reranker {ranking.rerank!r}; choose {', '.join(RERANKERS)}, or the hub name "
            "or local folder of a cross-encoder"
        ) from error
    cache_dir = Settings().cache_dir if cache_dir is None else cache_dir
    return CrossEncoder(_cross_encode(folder, device, cache_dir))


def _cross_encode(folder: ModelFolder, device: str, cache_dir: Path) -> CrossEncode:
    """Return the compiled cross-encoder; if it cannot be compiled, the original one."""
    from index.encode.onnx_pair_model import OnnxCrossEncoder

    if device == CPU:
        try:
            model = _compiled("reranker", folder, cache_dir)
        except OSError as error:
            model = _reason(error, cache_dir)
        if not isinstance(model, str):
            return OnnxCrossEncoder(model)
        _log.warning("%s runs through sentence-transformers: %s", folder.name, model)
    from index.encode.torch_embedder import load_cross_encoder

    return load_cross_encoder(folder, device)


def _compiled(
    kind: "PairKind", folder: ModelFolder, cache_dir: Path, n_threads: int | None = None
) -> "OnnxPairModel | str":
    """Return the compiled model, or the reason why it cannot be compiled."""
    from index.encode.compile_pairs import CompiledPairModels

    models = CompiledPairModels(cache_dir, kind)
    manifest = models.first(folder)
    return manifest.failure or models.load(manifest, n_threads)


def _reason(error: Exception, cache_dir: Path) -> str:
    if isinstance(error, OSError):
        return (
            f"{cache_dir} cannot be used ({error.strerror or error}); name another folder with "
            "`cache_dir` or RAG_CACHE_DIR"
        )
    return str(error)
