"""Set values in rag.toml and leave all other lines unchanged."""

import json
import os
import re
import shutil
import tomllib
from collections.abc import Mapping
from pathlib import Path

from index.errors import BadInput

Value = str | int | float

_VALUE = r"""("(?:\\.|[^"\\\n])*"|'[^'\n]*'|[^\s#'"]+)"""


def read_settings(file: Path) -> str:
    """Return the file's text; empty if there is no file. Raises BadInput if it cannot be read."""
    try:
        with file.open(encoding="utf-8", newline="") as stream:
            return stream.read()
    except FileNotFoundError:
        return ""
    except (OSError, UnicodeDecodeError) as error:
        raise BadInput(f"cannot read {file}: {error}") from error


def edit_settings(text: str, values: Mapping[str, Value]) -> str:
    """Return the text with these settings. A setting's line gets the new value; a setting without
    a line is added at the end.

    Raises BadInput if the result would differ in anything else, for example because the text ends
    inside a table.

    >>> edit_settings("port = 8000\\nn_rerank = 30  # few\\n", {"n_rerank": 10, "rerank": "none"})
    'port = 8000\\nn_rerank = 10  # few\\nrerank = "none"\\n'
    """
    end = "\r\n" if "\r\n" in text else "\n"
    edited = text
    for key, value in values.items():
        # JSON's strings and numbers are valid TOML.
        literal = json.dumps(value, ensure_ascii=False)
        name = re.escape(key)
        line = re.compile(rf"""^([ \t]*(?:{name}|"{name}"|'{name}')[ \t]*=[ \t]*){_VALUE}""", re.M)
        edited, n_lines = line.subn(lambda m, new=literal: m[1] + new, edited)  # type: ignore[misc]
        if not n_lines:
            edited += (
                "" if not edited or edited.endswith("\n") else end
            ) + f"{key} = {literal}{end}"
    if _parse(edited) != {**(_parse(text) or {}), **values}:
        lines = "; ".join(f"{key} = {json.dumps(value)}" for key, value in values.items())
        raise BadInput(
            "the settings file has tables or multi-line values, so these settings cannot be added "
            f"automatically; write them yourself: {lines}"
        )
    return edited


def _parse(text: str) -> dict[str, object] | None:
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError:
        return None


def write_settings(file: Path, text: str) -> None:
    """Replace the file atomically. If it is a link, replace the link's target.

    Raises BadInput if the file cannot be written.
    """
    target = file.resolve()
    temporary = target.with_name(f".{target.name}.{os.getpid()}")
    try:
        with temporary.open("w", encoding="utf-8", newline="") as stream:
            stream.write(text)
            stream.flush()
            os.fsync(stream.fileno())
        if target.exists():
            shutil.copymode(target, temporary)
        temporary.replace(target)
    except OSError as error:
        raise BadInput(f"cannot write {file}: {error.strerror}") from error
    finally:
        temporary.unlink(missing_ok=True)
