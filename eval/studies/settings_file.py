"""rag.toml, edited so that every other line of it stays as people wrote it."""

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
    """Its text; empty if there is no file. Raises BadInput if it cannot be read."""
    try:
        with file.open(encoding="utf-8", newline="") as stream:
            return stream.read()
    except FileNotFoundError:
        return ""
    except (OSError, UnicodeDecodeError) as error:
        raise BadInput(f"cannot read {file}: {error}") from error


def edited(text: str, values: Mapping[str, Value]) -> str:
    """The text with these settings: a line that has one gets the new value, others are added at
    the end.

    Raises BadInput if that would change anything else, as where the text ends within a table.

    >>> edited("port = 8000\\nn_rerank = 30  # few\\n", {"n_rerank": 10, "rerank": "none"})
    'port = 8000\\nn_rerank = 10  # few\\nrerank = "none"\\n'
    """
    end = "\r\n" if "\r\n" in text else "\n"
    after = text
    for key, value in values.items():
        # JSON's strings and numbers are TOML's too.
        written = json.dumps(value, ensure_ascii=False)
        name = re.escape(key)
        line = re.compile(rf"""^([ \t]*(?:{name}|"{name}"|'{name}')[ \t]*=[ \t]*){_VALUE}""", re.M)
        after, n_lines = line.subn(lambda m, new=written: m[1] + new, after)  # type: ignore[misc]
        if not n_lines:
            after += ("" if not after or after.endswith("\n") else end) + f"{key} = {written}{end}"
    if _parsed(after) != {**(_parsed(text) or {}), **values}:
        lines = "; ".join(f"{key} = {json.dumps(value)}" for key, value in values.items())
        raise BadInput(
            "the settings file has tables or values of several lines, among which these cannot be "
            f"put; write them yourself: {lines}"
        )
    return after


def _parsed(text: str) -> dict[str, object] | None:
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError:
        return None


def write_settings(file: Path, text: str) -> None:
    """Replace the file, wholly or not at all; where it is a link, what that leads to.

    Raises BadInput if it cannot be written.
    """
    target = file.resolve()
    fresh = target.with_name(f".{target.name}.{os.getpid()}")
    try:
        with fresh.open("w", encoding="utf-8", newline="") as stream:
            stream.write(text)
            stream.flush()
            os.fsync(stream.fileno())
        if target.exists():
            shutil.copymode(target, fresh)
        fresh.replace(target)
    except OSError as error:
        raise BadInput(f"cannot write {file}: {error.strerror}") from error
    finally:
        fresh.unlink(missing_ok=True)
