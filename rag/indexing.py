"""Ingest as the settings say: with the model they name, or the one that the index has."""

from contextlib import closing
from functools import cache
from pathlib import Path

from index.errors import IndexMissing
from index.store import Store
from index.sync import Report, Watch, check_fingerprint, fingerprint_of, ingest, rebuild
from rag.models import load_model, model_of
from rag.settings import Settings


def ingest_paths(settings: Settings, paths: list[Path], *, prune: bool, watch: Watch) -> Report:
    """Bring the index in step with these paths."""
    try:
        built_with = model_of(settings.index)
    except IndexMissing:
        built_with = None
    embedder = cache(lambda: load_model(settings.model or built_with))
    if built_with is not None and settings.model not in (None, built_with):
        # Even when nothing is to be encoded: the user asked for another model than the index has.
        with closing(Store.open(settings.index)) as store:
            check_fingerprint(settings.index, store.fingerprint, fingerprint_of(embedder()))
    return ingest(settings.index, paths, embedder, prune=prune, watch=watch)


def rebuild_index(settings: Settings, watch: Watch) -> Report:
    """Encode the whole index anew, with the model that the settings name or the one it has."""
    try:
        built_with = model_of(settings.index)
    except IndexMissing:
        raise IndexMissing(
            f"no index at {settings.index} to rebuild; use `rag ingest PATH`"
        ) from None
    return rebuild(settings.index, load_model(settings.model or built_with), watch)
