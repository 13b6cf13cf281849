"""Check that a model named by an index, not by the user, can be loaded without running its code.

sentence-transformers loads models with `trust_remote_code` off. It then refuses classes of other
packages. But it still accepts any attribute of its own modules as a class, passes arguments from
the model's files to transformers, and reads pickled weights if there are no others.
"""

import json
import re
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import Any

_MODULE = re.compile(
    r"sentence_transformers\.([a-z_]+\.)+(Transformer|Pooling|Normalize|Dense|LayerNorm|Dropout)"
)
"""The classes that `modules.json` may name: they load only numbers and short settings."""

_ARGUMENTS = re.compile(r".*_(args|kwargs)")


def unsafe_part(folder: Path) -> str:
    """Return what in a model's folder could run code or load another model; empty if nothing."""
    try:
        return next(_unsafe_parts(folder), "")
    except (OSError, TypeError, AttributeError, ValueError) as error:
        return f"its configuration cannot be read ({error})"


def _unsafe_parts(folder: Path) -> Iterator[str]:
    for pickled in sorted(folder.rglob("pytorch_model*.bin")):
        if not any(pickled.parent.glob("*.safetensors")):
            yield f"{pickled.relative_to(folder)} is a pickle, which can run code"
    for adapter in sorted(folder.rglob("adapter_config.json")):
        yield f"{adapter.relative_to(folder)} refers to another model"
    modules = folder / "modules.json"
    for module in _json(modules) if modules.exists() else []:
        if not _MODULE.fullmatch(module["type"]):
            yield f"modules.json refers to the class {module['type']!r}"
        path = PurePosixPath(module["path"])
        if path.is_absolute() or ".." in path.parts or "\\" in module["path"]:
            yield f"modules.json refers to the folder {module['path']!r}"
    for file in sorted(folder.rglob("sentence_*_config.json")):
        for key, value in _json(file).items():
            if _ARGUMENTS.fullmatch(key) and value:
                yield f"{file.relative_to(folder)} sets {key}"
    for file in sorted(folder.rglob("config.json")):
        # transformers downloads and runs an attention with such a name.
        if any("/" in name for name in _attentions(_json(file))):
            yield f"{file.relative_to(folder)} loads an attention from the hub"


def _attentions(value: Any) -> Iterator[str]:
    """Yield the values of `attn_implementation`, at any depth."""
    if isinstance(value, dict):
        for key, inner in value.items():
            if key.endswith("attn_implementation"):
                yield str(inner)
            yield from _attentions(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _attentions(inner)


def _json(file: Path) -> Any:
    return json.loads(file.read_text(encoding="utf-8"))
