"""Files of lines, read and written so that what is wrong is said with its place."""

import json
import os
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from index.errors import BadDataset, BadInput


def read_jsonl(file: Path) -> Iterator[tuple[int, Any]]:
    """What each line holds, with its number from 1; blank lines are passed over.

    Raises BadDataset, naming the file and line.
    """
    try:
        stream = file.open(encoding="utf-8-sig")
    except OSError as error:
        raise BadDataset(f"{file}: {error.strerror}") from error
    with stream:
        for number, line in _lines(file, stream):
            if not line.strip():
                continue
            try:
                yield number, json.loads(line)
            except json.JSONDecodeError as error:
                raise BadDataset(f"{file}:{number}: not JSON: {error}") from error


def _lines(file: Path, stream: Iterable[str]) -> Iterator[tuple[int, str]]:
    try:
        yield from enumerate(stream, 1)
    except UnicodeDecodeError as error:
        raise BadDataset(f"{file} is not UTF-8: {error}") from error


def check_target(path: Path | None) -> None:
    """Raises BadInput before minutes are spent on what cannot be written there."""
    if path is not None and (path.is_dir() or not os.access(path.parent, os.W_OK)):
        raise BadInput(f"cannot write {path}: name a file in a folder that can be written")


def write_lines(path: Path, lines: Iterable[str]) -> None:
    """Raises BadInput if the file cannot be written."""
    try:
        path.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
    except OSError as error:
        raise BadInput(f"cannot write {path}: {error.strerror}") from error
