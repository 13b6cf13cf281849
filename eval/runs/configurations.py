"""Configurations of the service: settings files, and which of them can share an index."""

import tomllib
from pathlib import Path

from index.errors import BadInput
from rag.settings import Settings


def settings_of(file: Path) -> Settings:
    """The settings in a file like rag.toml, over those in force.

    Raises BadInput, naming the file, if it cannot be read or a setting in it cannot be used.
    """
    try:
        named = tomllib.loads(file.read_text(encoding="utf-8"))
    except OSError as error:
        raise BadInput(f"cannot read {file}: {error.strerror}") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise BadInput(f"{file} is not valid TOML: {error}") from error
    unknown = named.keys() - Settings.model_fields.keys()
    if unknown:
        known = ", ".join(Settings.model_fields)
        raise BadInput(f"{file}: no setting {min(unknown)!r}; there is: {known}")
    try:
        return Settings.resolve(**named)
    except BadInput as error:
        raise BadInput(f"{file}: {error}") from error


def model_key(settings: Settings) -> tuple[str | None, ...]:
    """What decides the vectors: configurations with equal keys can share an index."""
    return settings.model, settings.precision, settings.device
