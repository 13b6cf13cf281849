"""Detection of damaged files: the sha256 of a file, and JSON that contains its own sha256."""

import json
from hashlib import file_digest, sha256
from pathlib import Path
from typing import Any


def sha256_of_file(path: Path) -> str:
    """Return the sha256 of a file, in hex. Raises OSError."""
    with path.open("rb") as stream:
        return file_digest(stream, "sha256").hexdigest()


def sealed(fields: dict[str, Any]) -> str:
    """Return fields as JSON, with the sha256 of all fields."""
    return json.dumps({**fields, "sha256": _digest(fields)}, indent=1)


def unsealed(content: bytes) -> dict[str, Any]:
    """Return the fields from the output of `sealed`.

    Raises ValueError, TypeError, KeyError or AttributeError if they are damaged.
    """
    fields: dict[str, Any] = json.loads(content)
    if fields.pop("sha256") != _digest(fields):
        raise ValueError("checksum")
    return fields


def _digest(fields: dict[str, Any]) -> str:
    return sha256(json.dumps(fields, sort_keys=True).encode()).hexdigest()
