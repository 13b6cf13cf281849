"""Read settings files, and decide which settings can share an index."""

import tomllib
from pathlib import Path

from index.errors import BadInput
from rag.settings import Settings


def settings_of(file: Path) -> Settings:
    """Return the current settings, overridden by those in a file like rag.toml.

    Raises BadInput, naming the file, if it cannot be read, names an unknown setting, or holds an
    invalid value.
    """
    try:
        values = tomllib.loads(file.read_text(encoding="utf-8"))
    except OSError as error:
        raise BadInput(f"cannot read {file}: {error.strerror}") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise BadInput(f"{file} is not valid TOML: {error}") from error
    unknown = values.keys() - Settings.model_fields.keys()
    if unknown:
        known = ", ".join(Settings.model_fields)
        raise BadInput(f"{file}: unknown setting {min(unknown)!r}; available: {known}")
    try:
        return Settings.resolve(**values)
    except BadInput as error:
        raise BadInput(f"{file}: {error}") from error


def model_key(settings: Settings) -> tuple[str | None, ...]:
    """Return the settings that determine the vectors. Settings with equal keys share an index."""
    return settings.model, settings.precision, settings.device
