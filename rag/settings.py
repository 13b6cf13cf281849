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
        description="A sentence-transformers model: a hub name or a local folder. Default: the one "
        "that built the index, or all-MiniLM-L6-v2.",
    )
    precision: Precision | None = Field(
        default=None,
        description="The model's precision: fp32, or int8, which is faster. Default: the one that "
        "built the index, or int8 if the model allows it.",
    )
    device: str = Field(
        default=CPU,
        min_length=1,
        description="The device that runs the model: cpu, or a torch device such as cuda, cuda:1 "
        "or mps. On a torch device the model runs through sentence-transformers, in fp32.",
    )
    cache_dir: Path = Field(
        default_factory=lambda: user_cache_path("rag", appauthor=False),
        description="The folder of compiled models.",
    )
    host: str = Field(default="127.0.0.1", description="The address the server listens on.")
    port: int = Field(
        default=8000, ge=0, le=65535, description="The server's port; 0 means any free port."
    )
    workers: int = Field(default=1, ge=1, le=64, description="Number of server processes.")
    allowed_hosts: Annotated[tuple[str, ...], NoDecode] = Field(
        default=(),
        description="Host names and addresses that the server accepts, besides localhost, `host` "
        "and the address that the client connected to; `*` accepts any. In the environment, "
        "separated by commas.",
    )
    queue: int = Field(
        default=256,
        ge=0,
        le=100_000,
        description="Maximum number of waiting questions in a server process. A further question "
        "is refused (429).",
    )
    cache_mb: float = Field(
        default=64,
        ge=0,
        le=1_000_000,
        description="Size in megabytes of the answer cache of a server process; 0 turns it off.",
    )
    writable: bool = Field(
        default=False,
        description="Whether clients of the server may put, change and remove documents. There is "
        "no authentication: anyone who can reach the server may do so then.",
    )
    upload_mb: float = Field(
        default=32,
        gt=0,
        le=1024,
        description="The longest body of an upload to the server, in megabytes (of 1,048,576 "
        "bytes). A server process holds at most four times as much.",
    )
    n_candidates: int = Field(
        default=_RANKING.n_candidates,
        ge=1,
        le=10_000,
        description="Number of chunks fetched from FAISS, and from BM25.",
    )
    lexical_weight: float = Field(
        default=_RANKING.lexical_weight,
        ge=0,
        le=1,
        description="Weight of BM25 in the first score; the vectors have the rest.",
    )
    sentence_weight: float = Field(
        default=_RANKING.sentence_weight,
        ge=0,
        le=1,
        description="Share of the best sentence's vector in the weight of the vectors.",
    )
    rerank: str = Field(
        default=_RANKING.rerank,
        min_length=1,
        description="The reranker of the first candidates: none, late-interaction, or a "
        "cross-encoder (a hub name or a local folder).",
    )
    n_rerank: int = Field(
        default=_RANKING.n_rerank, ge=1, le=1000, description="Number of candidates to rerank."
    )
    rerank_weight: float = Field(
        default=_RANKING.rerank_weight,
        ge=0,
        le=1,
        description="Weight of the reranker in the final score.",
    )

    reconcile_s: float = Field(
        default=3600,
        ge=1,
        description="Seconds after which `rag watch` compares all files with the index, although "
        "no change was notified.",
    )
    backend: str = Field(
        default=EMBEDDED,
        description=f"The storage and search backend: {', '.join(BACKENDS)}.",
    )
    answerer: str = Field(
        default=EXTRACTIVE,
        description=f"The answer generator: {', '.join(ANSWERERS)}.",
    )
    reader: str | None = Field(
        default=None,
        min_length=1,
        description="An extractive question-answering model that reads the first passages of `rag "
        "ask`: a hub name or a local folder. Default: none.",
    )
    calibration: Path | None = Field(
        default=None,
        description="A file that `rag eval calibrate` wrote, instead of the one for the default "
        "model.",
    )

    @field_validator("allowed_hosts", mode="before")
    @classmethod
    def _split_names(cls, value: object) -> object:
        if isinstance(value, str):
            return [name.strip() for name in value.split(",") if name.strip()]
        return value

    @property
    def upload_bytes(self) -> int:
        """The longest body of an upload, in bytes; 0 if the server is not writable."""
        return int(self.upload_mb * 2**20) if self.writable else 0

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
