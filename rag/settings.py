"""Settings, resolved once at the start: flag > environment (RAG_…) > the file of --config >
rag.toml in the working directory, if it may set it > the user's rag.toml > default."""

import tomllib
from dataclasses import fields
from pathlib import Path
from typing import Annotated, Any, Self

from platformdirs import user_cache_path
from pydantic import Field, ValidationError, field_validator
from pydantic_settings import (
    BaseSettings,
    InitSettingsSource,
    NoDecode,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    TomlConfigSettingsSource,
)

from index.backends import BACKENDS, EMBEDDED
from index.errors import BadInput
from index.fingerprint import Precision
from rag.answer.answerers import ANSWERERS, EXTRACTIVE
from rag.search.ranking import RankSettings
from rag.settings_files import (
    SETTINGS_FILE,
    config_file,
    user_file,
    values_allowed_here,
)

CPU = "cpu"
_RANKING = RankSettings()


class Settings(BaseSettings):
    """Everything that can be set."""

    model_config = SettingsConfigDict(
        env_prefix="RAG_",
        extra="forbid",
        frozen=True,
        env_ignore_empty=True,
    )

    index: Path = Field(default=Path(".rag"), description="The index directory.")
    model: str | None = Field(
        default=None,
        description="A sentence-transformers model: the hub's name or a local folder. "
        "Without it, the one the index was built with, or else the default.",
    )
    precision: Precision | None = Field(
        default=None,
        description="Of the model's arithmetic: fp32, or int8, which is faster. Without it, the "
        "one the index was built with, or else int8 where the model allows.",
    )
    device: str = Field(
        default=CPU,
        min_length=1,
        description="Where the model runs: cpu, or as torch names it: cuda, cuda:1, mps. Elsewhere "
        "than on the cpu it runs through sentence-transformers, in fp32.",
    )
    cache_dir: Path = Field(
        default_factory=lambda: user_cache_path("rag", appauthor=False),
        description="Where compiled models are kept.",
    )
    host: str = Field(default="127.0.0.1", description="The address the server listens on.")
    port: int = Field(default=8000, ge=0, le=65535, description="Its port; 0 picks a free one.")
    workers: int = Field(default=1, ge=1, le=64, description="Processes that serve on that port.")
    allowed_hosts: Annotated[tuple[str, ...], NoDecode] = Field(
        default=(),
        description="Names and addresses that the server answers to, besides localhost, `host` and "
        "the address that it is reached at; `*` for any. In the environment, with commas between.",
    )
    queue: int = Field(
        default=256,
        ge=0,
        le=100_000,
        description="Questions that may wait in a server's process while others are answered; one "
        "more is refused (429).",
    )
    cache_mb: float = Field(
        default=64,
        ge=0,
        le=1_000_000,
        description="Megabytes of answers that a server's process keeps for when the same is asked "
        "again; 0 keeps none.",
    )
    n_candidates: int = Field(
        default=_RANKING.n_candidates,
        ge=1,
        le=10_000,
        description="Chunks fetched from each of FAISS and BM25.",
    )
    lexical_weight: float = Field(
        default=_RANKING.lexical_weight,
        ge=0,
        le=1,
        description="The share of BM25 in a passage's first score; the vectors have the rest.",
    )
    sentence_weight: float = Field(
        default=_RANKING.sentence_weight,
        ge=0,
        le=1,
        description="The share of a passage's best sentence in what the vectors have.",
    )
    rerank: str = Field(
        default=_RANKING.rerank,
        min_length=1,
        description="What looks again at the first candidates: none, late-interaction, or a "
        "cross-encoder by the hub's name or as a local folder.",
    )
    n_rerank: int = Field(
        default=_RANKING.n_rerank, ge=1, le=1000, description="How many candidates it looks at."
    )
    rerank_weight: float = Field(
        default=_RANKING.rerank_weight,
        ge=0,
        le=1,
        description="Its share of a passage's score.",
    )

    backend: str = Field(
        default=EMBEDDED,
        description=f"What stores and searches the index: {', '.join(BACKENDS)}.",
    )
    answerer: str = Field(
        default=EXTRACTIVE,
        description=f"What makes an answer from the passages: {', '.join(ANSWERERS)}.",
    )
    calibration: Path | None = Field(
        default=None,
        description="A file of `rag eval calibrate`, in place of the one that comes with the "
        "default model.",
    )

    @field_validator("allowed_hosts", mode="before")
    @classmethod
    def _split_names(cls, value: object) -> object:
        if isinstance(value, str):
            return [name.strip() for name in value.split(",") if name.strip()]
        return value

    @property
    def ranking(self) -> RankSettings:
        """The part of the settings that decides the ranking."""
        return RankSettings(**{f.name: getattr(self, f.name) for f in fields(RankSettings)})

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        return (
            init_settings,
            env_settings,
            TomlConfigSettingsSource(settings_cls, config_file()),
            InitSettingsSource(settings_cls, values_allowed_here(set(cls.model_fields))),
            TomlConfigSettingsSource(settings_cls, user_file()),
        )

    @classmethod
    def resolve(cls, **flags: Any) -> Self:
        """The settings in force; a flag that is None was not given.

        Raises BadInput for a value that cannot be used, or a name in a file that is not known.
        """
        try:
            return cls(**{name: value for name, value in flags.items() if value is not None})
        except ValidationError as error:
            problems = "; ".join(
                f"{'.'.join(map(str, e['loc']))}: {e['msg']} (value: {e['input']!r})"
                for e in error.errors()
            )
            raise BadInput(f"settings ({SETTINGS_FILE}, RAG_… or flags): {problems}") from error
        except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
            raise BadInput(f"{SETTINGS_FILE} is not valid TOML: {error}") from error
