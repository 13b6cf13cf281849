"""Ingest, rebuild and repair with the model that the settings name, or with the index's model."""

from pathlib import Path
from typing import TypedDict, Unpack

from index.backends import backend_at
from index.errors import IndexMissing
from index.fingerprint import Fingerprint
from index.ingest.ingest import ingest, plan_ingest, rebuild
from index.ingest.progress import Report, Watch
from index.ingest.selection import Selection
from index.maintain.check import CheckProgress
from index.maintain.checked import Checked
from index.maintain.repair import repair
from index.protocols import Embedder
from rag.models.load import fingerprint_in, load_model, load_model_of
from rag.settings import Settings


class IngestOptions(TypedDict, total=False):
    """Keyword arguments of index.ingest.ingest.ingest."""

    prune: bool
    keep_ignored: bool
    confirmed: bool
    encoding: str | None
    selection: Selection
    watch: Watch


class Ingester:
    """Ingests with one loaded model. The model is loaded when something must be encoded."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._embedder: Embedder | None = None

    def forget_model(self) -> None:
        """Load a model again when it is needed next."""
        self._embedder = None

    def ingest(self, paths: list[Path], **options: Unpack[IngestOptions]) -> Report:
        """Update the index from the files at these paths.

        Raises IndexMismatch if the settings name another model or precision than the index has.
        """
        settings = self._settings
        try:
            built_with = fingerprint_in(settings)
        except IndexMissing:
            built_with = None

        def embedder() -> Embedder:
            if self._embedder is None:
                self._embedder = (
                    load_model(settings)
                    if built_with is None
                    else load_model_of(built_with, settings)
                )
            return self._embedder

        if built_with is not None:
            requested = (
                settings.model or built_with.name,
                settings.precision or built_with.precision,
            )
            if requested != (built_with.name, built_with.precision):
                # Raise the mismatch here, because an ingest without changed files checks no
                # fingerprint.
                index = backend_at(settings.index, settings.backend).fingerprint()
                index.check(Fingerprint.of(embedder().fingerprint), settings.index)
        return ingest(settings.index, paths, embedder, backend=settings.backend, **options)


def ingest_paths(settings: Settings, paths: list[Path], **options: Unpack[IngestOptions]) -> Report:
    """See Ingester.ingest."""
    return Ingester(settings).ingest(paths, **options)


def plan_paths(settings: Settings, paths: list[Path], **options: Unpack[IngestOptions]) -> Report:
    """Return what `ingest_paths` would report. Load no model and write nothing."""
    return plan_ingest(settings.index, paths, backend=settings.backend, **options)


def rebuild_index(settings: Settings, watch: Watch) -> Report:
    """Encode all documents of the index again, with the model that the settings name or with the
    index's model. Raises IndexMissing."""
    try:
        built_with = fingerprint_in(settings)
    except IndexMissing:
        raise IndexMissing(
            f"no index at {settings.index} to rebuild; create one with `rag ingest PATH`"
        ) from None
    embedder = load_model_of(built_with, settings)
    return rebuild(settings.index, embedder, watch, settings.backend)


def repair_index(
    settings: Settings, report_progress: CheckProgress, *, drop: bool
) -> tuple[Checked, Checked]:
    """Check the index, repair it with its own model, and check it again.

    drop: whether to remove the documents that cannot be repaired.
    Returns the results of both checks.
    """
    return repair(
        settings.index,
        lambda: load_model_of(fingerprint_in(settings), settings),
        report_progress,
        drop=drop,
    )
