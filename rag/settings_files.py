"""The files that settings come from, and what each may set.

A `rag.toml` in the working directory may come with a cloned repository, so it sets only how
passages are ranked: no path, model, device or address.
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
"""What `rag.toml` in the working directory may set."""

_RERANKERS_HERE = ("", "none", "late-interaction")
"""Others are names of models to load; the empty one is refused later, by name."""

_log = logging.getLogger(__name__)


def config_file() -> Path | None:
    """The file that --config or RAG_CONFIG names. Raises BadInput if it is no file."""
    name = os.environ.get(CONFIG_VARIABLE)
    if not name:
        return None
    if not Path(name).is_file():
        raise BadInput(f"--config or {CONFIG_VARIABLE}: no file at {name}")
    return Path(name)


def user_file() -> Path | None:
    """The user's own file, unless others could have written it."""
    file = user_config_path("rag", appauthor=False) / SETTINGS_FILE
    try:
        status = file.stat()
    except OSError:
        return None
    if hasattr(os, "getuid") and (
        status.st_uid != os.getuid() or status.st_mode & (stat.S_IWGRP | stat.S_IWOTH)
    ):
        _log.warning("%s is ignored: it must be yours, and not writable by others", file)
        return None
    return file


def values_allowed_here(known: set[str]) -> dict[str, Any]:
    """What the working directory's file sets and may set; a warning names the rest.

    A name that no setting has is kept, to be refused as a typing error.
    """
    trusted = config_file()
    if trusted is not None and trusted.resolve() == Path(SETTINGS_FILE).resolve():
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
            "%s here may not set %s: ignored; use --config %s to trust this file",
            SETTINGS_FILE,
            ", ".join(ignored),
            SETTINGS_FILE,
        )
    return {name: value for name, value in values.items() if name not in ignored}


def _allowed(name: str, value: object) -> bool:
    if name == "rerank" and isinstance(value, str):
        return value in _RERANKERS_HERE
    return name in ALLOWED_HERE
