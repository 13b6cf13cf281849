"""What an index is and what searches it, in numbers: `rag info`."""

from collections import Counter
from collections.abc import Iterable
from contextlib import closing

from pydantic import BaseModel, ConfigDict, Field

from index.backends import backend_at
from index.encode.compile import CompiledManifest, CompiledModels
from index.encode.model_files import find_local_model
from index.errors import ModelUnusable
from index.fingerprint import ModelFingerprint
from index.ingest.collection import collection_of
from index.types import DocumentRecord
from rag.settings import CPU, Settings

_COMPILED = "onnxruntime"
_ORIGINAL = "sentence-transformers"
_NOTHING = "nothing"
_LOG_PART = "log"


class _OverviewModel(BaseModel):
    model_config = ConfigDict(frozen=True)


class ModelOverview(_OverviewModel):
    """The model that made the index's vectors, and what runs it here."""

    name: str
    precision: str
    dimension: int
    window: int = Field(description="Number of tokens that it reads at once.")
    runtime: str = Field(
        description="onnxruntime, sentence-transformers, or nothing if the model cannot be used."
    )
    why: str = Field(
        description="The reason for this runtime, or what happens first; can be empty."
    )
    compiled: str = Field(description="The folder of the compiled model; empty if there is none.")
    least_cosine: float | None = Field(
        description="The lowest cosine between a vector of the compiled model and one of the "
        "original, on the texts of its verification; null if it is not compiled."
    )


class VectorsOverview(_OverviewModel):
    """How the nearest vectors are found."""

    kind: str = Field(description="exact, or inverted lists.")
    n_vectors: int
    n_bytes: int = Field(description="Size of its file, which is mapped into memory.")
    n_lists: int
    n_probed: int = Field(description="Number of lists that a search probes.")
    recall: float | None = Field(description="recall@10 against exact search, measured when built.")


class Overview(_OverviewModel):
    """An index."""

    index: str
    generation: int
    n_documents: int
    n_chunks: int
    collections: dict[str, int] = Field(
        description="The number of documents of each collection; those in none are left out."
    )
    chunker: str
    model: ModelOverview
    vectors: VectorsOverview
    n_bytes: dict[str, int] = Field(description="Size on disk, by part.")

    @property
    def bytes_a_passage(self) -> float:
        """On disk; without the database's log, which comes and goes."""
        lasting = sum(n for part, n in self.n_bytes.items() if part != _LOG_PART)
        return lasting / max(self.n_chunks, 1)


def overview(settings: Settings) -> Overview:
    """Of the index that the settings name. Raises IndexMissing or IndexDamaged."""
    backend = backend_at(settings.index, settings.backend)
    with closing(backend.open()) as snapshot:
        n_documents, n_chunks = snapshot.count()
        vectors = snapshot.description
        return Overview(
            index=str(settings.index.resolve()),
            generation=snapshot.generation,
            n_documents=n_documents,
            n_chunks=n_chunks,
            collections=_collections(snapshot.records()),
            chunker=snapshot.fingerprint.chunker,
            model=_model(snapshot.fingerprint.model, settings),
            vectors=VectorsOverview(
                kind=vectors.kind,
                n_vectors=vectors.n_vectors,
                n_bytes=vectors.n_bytes,
                n_lists=vectors.n_lists,
                n_probed=vectors.n_probed,
                recall=vectors.recall,
            ),
            n_bytes=dict(backend.n_bytes()),
        )


def _collections(records: Iterable[DocumentRecord]) -> dict[str, int]:
    names = Counter(map(collection_of, records))
    return {name: names[name] for name in sorted(names) if name}


def _model(fingerprint: ModelFingerprint, settings: Settings) -> ModelOverview:
    """As rag.models.load would load it, without loading it."""
    folder, manifest, runtime, why = "", None, _COMPILED, ""
    try:
        models = CompiledModels(settings.cache_dir)
        if settings.device == CPU:
            manifest = models.find(fingerprint.weights, fingerprint.precision)
        if manifest is None or manifest.failure:
            if settings.model is None:
                _check_original(fingerprint)
            runtime, why = _runtime_of_original(manifest, settings)
            manifest = None
        else:
            folder = str(models.folder(fingerprint.weights, fingerprint.precision))
    except ModelUnusable as error:
        runtime, why, manifest = _NOTHING, str(error), None
    return ModelOverview(
        name=fingerprint.name,
        precision=fingerprint.precision,
        dimension=fingerprint.dimension,
        window=fingerprint.window,
        runtime=runtime,
        why=why,
        compiled=folder,
        least_cosine=manifest.least_cosine if manifest is not None else None,
    )


def _check_original(fingerprint: ModelFingerprint) -> None:
    """Raise ModelUnusable unless the model that the index names would be loaded as it is here."""
    folder = find_local_model(fingerprint.name)
    if folder.digest != fingerprint.weights:
        raise ModelUnusable(
            f"the model in {folder.path} has this name, but the index was built with another; "
            "run `rag ingest --rebuild`"
        )


def _runtime_of_original(manifest: CompiledManifest | None, settings: Settings) -> tuple[str, str]:
    if settings.device != CPU:
        return _ORIGINAL, f"the device is {settings.device}"
    if manifest is not None:
        return _ORIGINAL, manifest.failure
    return _COMPILED, "not compiled yet; the next search or ingest compiles it"
