"""The files that settings are read from, and the settings that each may contain.

A `rag.toml` in the working directory may be part of a cloned repository. So it may change only the
ranking of passages, and no path, model, device or address.
"""

import logging
import os
import stat
import tomllib
from pathlib import Path
from typing import Any

from platformdirs import user_config_path

from index.errors import BadInput

SETTINGS_FILE = "rag.toml"
CONFIG_VARIABLE = "RAG_CONFIG"
ALLOWED_HERE = frozenset(
    {
        "n_candidates",
        "lexical_weight",
        "sentence_weight",
        "rerank",
        "n_rerank",
        "rerank_weight",
    }
)
"""The settings that `rag.toml` in the working directory may change."""

_RERANKERS_HERE = ("", "none", "late-interaction")
"""The values of `rerank` that this file may set. Others name models to load. Settings rejects the
empty value with a message."""

_log = logging.getLogger(__name__)


def config_file() -> Path | None:
    """Return the file that --config or RAG_CONFIG names. Raises BadInput if it is missing."""
    name = os.environ.get(CONFIG_VARIABLE)
    if not name:
        return None
    if not Path(name).is_file():
        raise BadInput(f"no settings file at {name}; check --config or {CONFIG_VARIABLE}")
    return Path(name)


def user_file() -> Path | None:
    """Return the settings file in the user's configuration directory; None if there is none, or if
    another user can write it."""
    file = user_config_path("rag", appauthor=False) / SETTINGS_FILE
    try:
        status = file.stat()
    except OSError:
        return None
    if hasattr(os, "getuid") and (
        status.st_uid != os.getuid() or status.st_mode & (stat.S_IWGRP | stat.S_IWOTH)
    ):
        _log.warning(
            "%s is ignored: it must belong to you and must not be writable by others", file
        )
        return None
    return file


def values_allowed_here(known: set[str]) -> dict[str, Any]:
    """Return the values of `rag.toml` in the working directory that it may set, and log a warning
    that names the ignored ones.

    known: the names of all settings. Unknown names are returned too: Settings rejects them.
    Raises BadInput if the file cannot be read.
    """
    config = config_file()
    if config is not None and config.resolve() == Path(SETTINGS_FILE).resolve():
        return {}
    try:
        values = tomllib.loads(Path(SETTINGS_FILE).read_text(encoding="utf-8"))
    except (FileNotFoundError, IsADirectoryError):
        return {}
    except OSError as error:
        raise BadInput(f"cannot read {SETTINGS_FILE}: {error.strerror}") from error
    ignored = sorted(name for name in values.keys() & known if not _allowed(name, values[name]))
    if ignored:
        _log.warning(
            "%s in the working directory may not set %s: ignored; to trust it, use --config %s",
            SETTINGS_FILE,
            ", ".join(ignored),
            SETTINGS_FILE,
        )
    return {name: value for name, value in values.items() if name not in ignored}


def _allowed(name: str, value: object) -> bool:
    if name == "rerank" and isinstance(value, str):
        return value in _RERANKERS_HERE
    return name in ALLOWED_HERE
