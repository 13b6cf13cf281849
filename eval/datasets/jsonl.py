"""Read and write files of JSON lines. An error names the file and the line."""

import json
import os
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

from index.errors import BadDataset, BadInput


class SourceLine(NamedTuple):
    """A line of a file. Numbers start at 1."""

    file: Path
    number: int

    def error(self, why: str) -> BadDataset:
        """Return an error that names the file, the line and the reason."""
        return BadDataset(f"{self.file}:{self.number}: {why}")


def read_jsonl(file: Path) -> Iterator[tuple[int, Any]]:
    """Yield each line's number, from 1, and its JSON value; skip blank lines.

    Raises BadDataset, naming the file and line, if the file cannot be read or a line is not JSON.
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
            except (ValueError, RecursionError) as error:
                raise SourceLine(file, number).error(f"not JSON: {error}") from error


def _lines(file: Path, stream: Iterable[str]) -> Iterator[tuple[int, str]]:
    try:
        yield from enumerate(stream, 1)
    except UnicodeDecodeError as error:
        raise BadDataset(f"{file} is not UTF-8: {error}") from error


def read_rows(file: Path, *needed: str) -> Iterator[tuple[SourceLine, dict[str, Any]]]:
    """Yield the objects of a dataset's file, each with its line. `_id` is a string or an integer;
    `text` and `title` are strings.

    Raises BadDataset, naming the file and line, if an object lacks a needed key or repeats an
    `_id`, or a value has another type; and if the file is empty.
    """
    lines: dict[str, int] = {}
    for number, row in read_jsonl(file):
        line = SourceLine(file, number)
        missing = [key for key in needed if not isinstance(row, dict) or key not in row]
        if missing:
            raise line.error(f"has no {', '.join(missing)}")
        _check_strings(line, row)
        former = lines.setdefault(str(row["_id"]), number)
        if former != number:
            raise line.error(f"_id {row['_id']!r} is also in line {former}")
        yield line, row
    if not lines:
        raise BadDataset(f"{file} is empty")


def _check_strings(line: SourceLine, row: dict[str, Any]) -> None:
    if not isinstance(row["_id"], str | int) or isinstance(row["_id"], bool):
        raise line.error(f"_id is {row['_id']!r}, not a string")
    if row["_id"] == "":
        raise line.error("_id is empty")
    if not isinstance(row["text"], str):
        raise line.error(f"text is {row['text']!r}, not a string")
    if not isinstance(row.get("title"), str | None):
        raise line.error(f"title is {row['title']!r}, not a string")
    for key in ("_id", "title", "text"):
        if not _is_unicode(str(row.get(key))):
            raise line.error(f"{key} is not valid Unicode")


def _is_unicode(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:  # a half of a surrogate pair, which JSON can write
        return False
    return True


def check_target(path: Path | None) -> None:
    """Raise BadInput if a file cannot be written at `path`. Call this before a long run."""
    if path is not None and (path.is_dir() or not os.access(path.parent, os.W_OK)):
        raise BadInput(f"cannot write {path}; choose a file in a writable folder")


def write_lines(path: Path, lines: Iterable[str]) -> None:
    """Write lines to a file, each with a line end. Raises BadInput if it cannot be written."""
    try:
        path.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
    except OSError as error:
        raise BadInput(f"cannot write {path}: {error.strerror}") from error
