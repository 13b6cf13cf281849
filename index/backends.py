"""The list of backends. Heavy libraries are imported only when a backend is used."""

from collections.abc import Mapping
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

from index.errors import BadInput

if TYPE_CHECKING:
    from index.backend import Backend

EMBEDDED = "embedded"
"""SQLite, FAISS and tantivy in this process: the default."""

BACKENDS: Mapping[str, str] = {EMBEDDED: "index.publish.backend:EmbeddedBackend"}
"""The class of each backend as `module:name`, by name in the settings. Its constructor takes the
index directory."""


def backend_at(folder: Path, name: str = EMBEDDED) -> "Backend":
    """Return the backend for the index in a folder. Raises BadInput if the name is unknown."""
    if name not in BACKENDS:
        raise BadInput(f"unknown backend {name!r}; choose one of: {', '.join(BACKENDS)}")
    module, _, class_name = BACKENDS[name].partition(":")
    backend: Backend = getattr(import_module(module), class_name)(folder)
    return backend
