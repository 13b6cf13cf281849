"""The models that the settings, or an index, name."""

from contextlib import closing
from pathlib import Path

from index.errors import ModelUnusable
from index.models import DEFAULT_MODEL, find_model
from index.protocols import Embedder
from index.store import Store
from rag.ranking import LATE_INTERACTION, NO_RERANKING, RankSettings
from rag.retrieve import CrossEncode


def load_model(name: str | None = None) -> Embedder:
    """A model by its name, or the default, loaded. It takes seconds."""
    from index.embed import load_embedder

    return load_embedder(find_model(name or DEFAULT_MODEL))


def load_reranker(ranking: RankSettings) -> CrossEncode | None:
    """The cross-encoder that the settings name, loaded; None if they name none."""
    if ranking.rerank in (NO_RERANKING, LATE_INTERACTION):
        return None
    from index.embed import load_cross_encoder

    try:
        folder = find_model(ranking.rerank)
    except ModelUnusable as error:
        raise ModelUnusable(
            f"no reranker {ranking.rerank!r}; choose {NO_RERANKING}, {LATE_INTERACTION}, or a "
            "cross-encoder, by hub name or local folder"
        ) from error
    return load_cross_encoder(folder)


def model_of(folder: Path) -> str:
    """The model that the index in a folder was built with. Raises IndexMissing."""
    with closing(Store.open(folder)) as store:
        return store.fingerprint.model.name
