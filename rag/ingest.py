"""Ingest as the settings say: with the model they name, or the one that the index has."""

from functools import cache
from pathlib import Path
from typing import TypedDict, Unpack

from index.backends import backend_at
from index.errors import IndexMissing
from index.fingerprint import Fingerprint
from index.ingest.ingest import ingest, rebuild
from index.ingest.progress import Report, Watch
from index.maintain.check import Told
from index.maintain.checked import Checked
from index.maintain.repair import repair
from rag.models.load import fingerprint_in, load_model, load_model_of
from rag.settings import Settings


class IngestOptions(TypedDict, total=False):
    """What index.ingest.ingest.ingest takes beside the paths."""

    prune: bool
    confirmed: bool
    encoding: str | None
    watch: Watch


def ingest_paths(settings: Settings, paths: list[Path], **options: Unpack[IngestOptions]) -> Report:
    """Bring the index in step with these paths."""
    try:
        built_with = fingerprint_in(settings)
    except IndexMissing:
        built_with = None
    if built_with is None:
        embedder = cache(lambda: load_model(settings))
        return ingest(settings.index, paths, embedder, backend=settings.backend, **options)
    embedder = cache(lambda: load_model_of(built_with, settings))
    asked = (settings.model or built_with.name, settings.precision or built_with.precision)
    if asked != (built_with.name, built_with.precision):
        # Even when nothing is to be encoded: the user asked for another model than the index has.
        index = backend_at(settings.index, settings.backend).fingerprint()
        index.check(Fingerprint.of(embedder().fingerprint), settings.index)
    return ingest(settings.index, paths, embedder, backend=settings.backend, **options)


def rebuild_index(settings: Settings, watch: Watch) -> Report:
    """Encode the whole index anew, with the model that the settings name or the one it has."""
    try:
        built_with = fingerprint_in(settings)
    except IndexMissing:
        raise IndexMissing(
            f"no index at {settings.index} to rebuild; use `rag ingest PATH`"
        ) from None
    embedder = load_model_of(built_with, settings)
    return rebuild(settings.index, embedder, watch, settings.backend)


def repair_index(settings: Settings, told: Told, *, drop: bool) -> tuple[Checked, Checked]:
    """Check the index, mend what can be mended with the model that it has, and check it again."""
    return repair(
        settings.index,
        lambda: load_model_of(fingerprint_in(settings), settings),
        told,
        drop=drop,
    )
