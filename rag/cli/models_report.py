"""The models that are set, and those that are known to work, with what they cost."""

from pydantic import BaseModel, ConfigDict, Field

from index.encode.compile_pairs import PRECISIONS, CompiledPairModels
from index.encode.model_files import DEFAULT_MODEL, find_downloaded_model
from index.errors import IndexMissing, ModelUnusable
from rag.models.catalog import KNOWN_MODELS, ROLES, Role, measured_times
from rag.models.load import fingerprint_in
from rag.search.rerankers import RERANKERS
from rag.settings import Settings


class _Report(BaseModel):
    model_config = ConfigDict(frozen=True)


class ModelCost(_Report):
    """A model that is known to work, and what it costs."""

    name: str
    licence: str
    languages: str
    n_parameters: float = Field(description="In millions.")
    download_mb: float = Field(description="Its weights in fp32, in 10^6 bytes.")
    compiled_mb: float = Field(description="The compiled model in int8, in 10^6 bytes.")
    passages_ms: float | None = Field(
        description="Median time to read five passages with a question, measured with random "
        "weights of the same size; null for a model of an index."
    )
    quality: str = Field(description="Published by its authors, not measured here; can be empty.")
    suggested: bool = Field(description="Whether it is the one to try first.")


class RoleReport(_Report):
    """The models of one setting."""

    setting: str
    current: str | None = Field(description="What the setting or the index names; null for none.")
    state: str = Field(description="How the current model runs; can be empty.")
    known: list[ModelCost]


class ModelsReport(_Report):
    """The models that are set, and those that are known to work."""

    measured_on: str = Field(
        description="The machine of all `passages_ms`; empty if none was measured."
    )
    roles: list[RoleReport]


def models_report(settings: Settings) -> ModelsReport:
    """Return the models of each role. Nothing is downloaded or compiled."""

    current: dict[Role, str | None] = {
        "model": _model_of_index(settings),
        "rerank": settings.rerank,
        "reader": settings.reader,
    }
    return ModelsReport(
        measured_on=measured_times().machine,
        roles=[
            RoleReport(
                setting=role,
                current=current[role],
                state=_state(role, current[role], settings),
                known=_known(role),
            )
            for role in ROLES
        ],
    )


def _model_of_index(settings: Settings) -> str:
    if settings.model is not None:
        return settings.model
    try:
        return fingerprint_in(settings).name
    except IndexMissing:
        return DEFAULT_MODEL


def _known(role: Role) -> list[ModelCost]:
    times = measured_times().passages_ms
    return [
        ModelCost(
            name=each.name,
            licence=each.licence,
            languages=each.languages,
            n_parameters=each.n_parameters,
            download_mb=round(each.download_mb),
            compiled_mb=round(each.compiled_mb),
            passages_ms=times.get(each.size) if role != "model" else None,
            quality=each.quality,
            suggested=each.suggested,
        )
        for each in KNOWN_MODELS
        if each.role == role
    ]


def _state(role: Role, name: str | None, settings: Settings) -> str:
    """Return how the model of a reader or cross-encoder runs."""
    if role == "model":
        return "`rag info` shows how it runs"
    if name is None or name in RERANKERS:
        return ""
    models = CompiledPairModels(settings.cache_dir, "reader" if role == "reader" else "reranker")
    try:
        folder = find_downloaded_model(name)
        if folder is None:
            return "not on this machine yet"
        found = [models.find(folder.digest, precision) for precision in PRECISIONS]
    except ModelUnusable as error:
        return str(error)
    manifest = next((each for each in found if each is not None and not each.failure), None)
    if manifest is not None:
        return f"compiled in {manifest.precision}, agreement {manifest.agreement:.4f}"
    failures = [each.failure for each in found if each is not None]
    return failures[-1] if failures else "not compiled yet; the next question does it"
